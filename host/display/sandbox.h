/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * What showing a screen does not need is given up before the first guest or client is heard: whoever
 * takes this process over cannot start programs, signal or read others, nor see other files.
 *
 * System calls are refused by a seccomp filter, files by Landlock where the kernel has it (5.13).
 * Both hold for the calling thread and those that it starts later: to be called before there are
 * others. There is no way back.
 */

typedef struct {
    const char *const *read;  /* NULL-terminated: files to read, those that are there */
    const char *const *write; /* NULL-terminated: folders to make, read and remove files and sockets in */
} SandboxNeeds;

/* Libraries and the system's own settings stay readable. FALSE: the kernel refused; what it took
 * before holds. */
gboolean sandbox_enter(const SandboxNeeds *needs, GError **error);
