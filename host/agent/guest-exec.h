/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Runs programs in a guest through its agent (qemu-guest-agent), one at a time. Everything the
 * agent says is the guest's word: bounded, and believed only about the guest itself. While this
 * lives it holds the agent's socket, which takes one client. Main-context object.
 */
typedef struct GuestExec GuestExec;

/* exit_code: -1 when a signal ended it, or with error. output: both streams, terminated, its
 * beginning at most. The GuestExec may be freed here. */
typedef void (*GuestExecDone)(int exit_code, const char *output, const GError *error,
                              gpointer user);

/* Connects to QEMU's chardev for org.qemu.guest_agent.0, which must listen: NULL with
 * ORIEL_ERROR_UNAVAILABLE. */
GuestExec *guest_exec_new(const char *socket_path, GError **error);
/* done is not called any more; what runs in the guest goes on. NULL is fine. */
void guest_exec_free(GuestExec *exec);

/*
 * Runs argv[0] (an absolute path) as the agent's user; input (may be NULL) is what it reads. done
 * is called once, from the main loop. ORIEL_ERROR_NOT_FOUND: the guest cannot start it;
 * ORIEL_ERROR_TIMEOUT: no end within timeout_ms; _UNAVAILABLE: the connection broke.
 */
void guest_exec_run(GuestExec *exec, const char *const *argv, const char *input, guint timeout_ms,
                    GuestExecDone done, gpointer user);
