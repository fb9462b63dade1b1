/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* How much of a tool's output is kept: its beginning, and what comes later is read and dropped. */
#define TOOL_MAX_OUTPUT (64 * 1024)

/* A piece of the output (both streams) as it comes; not terminated lines. */
typedef void (*ToolOutput)(const char *text, gpointer user);
/* exit_code: -1 when a signal ended it. error: it could not be started, or was cancelled; then
 * output is "". */
typedef void (*ToolDone)(int exit_code, const char *output, const GError *error, gpointer user);

/*
 * Runs a helper program (qemu-img) that works on data nobody vouches for: with bounded memory, and
 * ended with us. output may be NULL. done is called exactly once from the main loop, also after
 * cancellable was cancelled (which kills the program).
 */
void tool_run(const char *const *argv, GCancellable *cancellable, ToolOutput output, ToolDone done,
              gpointer user);

/* The last line of a tool's output as a phrase without its own name in front; "" when it said
 * nothing. Caller frees. */
char *tool_complaint(const char *output);
