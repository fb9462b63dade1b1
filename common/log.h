/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Logs go to stderr, one line a message: time, level, program, message; to the journal when stderr
 * is connected to it. g_debug() lines show with ORIEL_DEBUG=1. Control characters in a message are
 * written as "?": no peer can forge a line.
 */
void oriel_log_init(const char *program);
