/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * A program that outlives us: QEMU, a desktop's dbus-daemon, oriel-display. It is started in a
 * session of its own, writes its identity (pid, start time, boot id) into a pid file before it
 * becomes the program, and can be found again by that file after we were killed. A pid that was
 * given to another program meanwhile is never taken for it.
 *
 * Main-context object; callbacks come on the default main context.
 */
typedef struct Process Process;

typedef struct {
    gboolean known; /* FALSE when the process was not our child: how it ended cannot be told */
    int exit_code;  /* -1 when a signal ended it */
    int signal;     /* 0 when it exited */
} ProcessEnd;

/* Called once, when the process is gone. The Process may be freed here. */
typedef void (*ProcessEnded)(Process *process, const ProcessEnd *end, gpointer user);

/* Starts argv[0] (searched in PATH) with output going to log_path, which starts empty.
 * ORIEL_ERROR_NOT_FOUND when the program is missing. */
Process *process_spawn(const char *const *argv, const char *pid_path, const char *log_path,
                       ProcessEnded ended, gpointer user, GError **error);

/* Finds the process that pid_path names. NULL when it does not run any more (or never did). */
Process *process_adopt(const char *pid_path, ProcessEnded ended, gpointer user);

/* Whether the pid file was written since this machine started: FALSE when there is none. */
gboolean process_pid_file_is_of_this_boot(const char *pid_path);

/* Stops watching; the process itself goes on. NULL is fine. */
void process_free(Process *process);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Process, process_free)

pid_t process_pid(const Process *process);
void process_signal(Process *process, int signal_number);

/* "exited with status 1", "was killed (signal 9)", "ended unexpectedly": follows a subject in a
 * sentence. */
char *process_end_text(const ProcessEnd *end);

/* The last lines of a log as one line of valid UTF-8, or NULL when it says nothing. */
char *process_log_tail(const char *log_path);

/* Field 22 of /proc/PID/stat (ticks since boot) and the state letter; FALSE when text is no such
 * line. Async-signal-safe. */
gboolean process_parse_stat(const char *text, char *state, guint64 *start_time);

/* The content of a pid file. FALSE when it is malformed. */
gboolean process_parse_pid_file(const char *text, pid_t *pid, guint64 *start_time,
                                char boot_id[40]);
