// SPDX-License-Identifier: GPL-3.0-or-later
// Prints the names of a file's scenarios, without running them.

process.env.ORIEL_LIST_ONLY = '1';
await import(`./${process.argv[2]}`);
