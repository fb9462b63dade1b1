/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* What a process has of the machine's memory, KiB. */
typedef struct {
    guint64 own;    /* its part: pages that n processes share count as an nth (PSS) */
    guint64 shared; /* pages that others have as well, in full */
} MemoryUse;

/* Zeros where it cannot be told. */
void memory_use_read(MemoryUse *use, pid_t pid);
/* The text of /proc/PID/smaps_rollup. */
void memory_use_parse(MemoryUse *use, const char *text);
