/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/cli/cli.h"

/* Prints items as a table (or as JSON). */
void output_list(const Cli *cli, const Column *columns, const json_t *items);
/* Prints one object, a line a member (or as JSON). */
void output_item(const Cli *cli, const json_t *object);
/* A sentence about what was done, where the person did not ask for JSON or silence. */
void output_note(const Cli *cli, const char *format, ...) G_GNUC_PRINTF(2, 3);
