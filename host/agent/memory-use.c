/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory-use.h"

#include <stdlib.h>
#include <string.h>

/* The KiB of all lines "KEY:  N kB". */
static guint64
sum_of(const char *text, const char *key)
{
    guint64 sum = 0;
    gsize length = strlen(key);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0 && line[length] == ':')
            sum += g_ascii_strtoull(line + length + 1, NULL, 10);
    }
    return sum;
}

void
memory_use_parse(MemoryUse *use, const char *text)
{
    guint64 private = sum_of(text, "Private_Clean") + sum_of(text, "Private_Dirty");
    use->own = sum_of(text, "Pss");
    use->shared = use->own > private ? use->own - private : 0;
}

void
memory_use_add(MemoryUse *use, pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/smaps_rollup", (int)pid);
    g_autofree char *text = NULL;
    MemoryUse more;
    if (pid <= 0 || !g_file_get_contents(path, &text, NULL, NULL))
        return;
    memory_use_parse(&more, text);
    use->own += more.own;
    use->shared += more.shared;
}
