/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* What a process has of the machine's memory, KiB. */
typedef struct {
    guint64 own;    /* its part: pages that n processes share count as an nth (PSS) */
    guint64 shared; /* of that, its part of the pages that others have as well: so the sum over all
                     * counts each page once */
} MemoryUse;

/* Adds those of a process; nothing where they cannot be told. */
void memory_use_add(MemoryUse *use, pid_t pid);
/* The text of /proc/PID/smaps_rollup. */
void memory_use_parse(MemoryUse *use, const char *text);
