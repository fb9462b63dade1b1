/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * Holds a process to a share of the processors, by the kernel's control groups (version 2), where
 * the service manager has delegated this service's own group to it (systemd: Delegate=cpu). The
 * groups are threaded ones inside it: so the service itself may stay where it is, and be started
 * again there while desktops run on.
 *
 * A root is the folder of this service's group; NULL everywhere: there is none.
 */

/* The root of this process (g_free), or NULL. text: what /proc/self/cgroup says; mount: where the
 * groups are seen. */
char *cpu_group_find(const char *text, const char *mount);
/* The same, of this process as it is. */
char *cpu_group_root(void);

/* Puts a process with all its threads, now and later, into the group of id, which is made; percent:
 * 100 is one processor. FALSE with errno set. */
gboolean cpu_group_hold(const char *root, const char *id, pid_t pid, guint percent);

/* When its last process is gone. Nothing happens when there is none. */
void cpu_group_forget(const char *root, const char *id);
