/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "resources.h"

#include "common/error.h"

#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

guint64
resources_parse_meminfo(const char *meminfo, const char *key)
{
    g_autofree char *wanted = g_strdup_printf("%s:", key);
    g_auto(GStrv) lines = g_strsplit(meminfo, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        if (g_str_has_prefix(*line, wanted))
            return g_ascii_strtoull(*line + strlen(wanted), NULL, 10) / 1024;
    return 0;
}

void
resources_read(Resources *resources, const char *state_dir)
{
    g_autofree char *meminfo = NULL;
    *resources = (Resources){.cpus = (guint)MAX(sysconf(_SC_NPROCESSORS_ONLN), 1)};
    if (g_file_get_contents("/proc/meminfo", &meminfo, NULL, NULL)) {
        resources->memory_mib = resources_parse_meminfo(meminfo, "MemTotal");
        resources->memory_available_mib = resources_parse_meminfo(meminfo, "MemAvailable");
    }
    resources->disk_free_mib = resources_disk_free_mib(state_dir);
}

guint64
resources_disk_free_mib(const char *path)
{
    struct statvfs disk;
    return statvfs(path, &disk) == 0 ? ((guint64)disk.f_bavail * disk.f_frsize) >> 20 : G_MAXINT64;
}

gboolean
resources_disk_is_full(const char *folder)
{
    struct statvfs disk;
    return statvfs(folder, &disk) == 0 && (guint64)disk.f_bavail * disk.f_frsize < 1024 * 1024;
}

guint64
resources_memory_free(const Resources *resources, guint64 promised_mib, guint64 reserve_mib)
{
    guint64 taken = promised_mib + reserve_mib;
    guint64 unpromised = resources->memory_mib > taken ? resources->memory_mib - taken : 0;
    guint64 available = resources->memory_available_mib > reserve_mib
                            ? resources->memory_available_mib - reserve_mib
                            : 0;
    return MIN(unpromised, available);
}

gboolean
resources_admit_disk(const Resources *resources, guint64 reserve_mib, GError **error)
{
    if (resources->disk_free_mib > reserve_mib || reserve_mib == 0)
        return TRUE;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NO_SPACE,
                "This host's disk is nearly full: %" G_GUINT64_FORMAT
                " MiB are free, and %" G_GUINT64_FORMAT " MiB are kept for the desktops that are "
                "there.",
                resources->disk_free_mib, reserve_mib);
    return FALSE;
}

gboolean
resources_admit(const Resources *resources, guint64 promised_mib, guint64 reserve_mib,
                guint64 memory_mib, GError **error)
{
    guint64 free_mib = resources_memory_free(resources, promised_mib, reserve_mib);
    guint64 needed_mib = memory_mib + RESOURCES_OVERHEAD_MIB;
    if (needed_mib > free_mib) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                    "The desktop needs %" G_GUINT64_FORMAT
                    " MiB of memory, and this host has %" G_GUINT64_FORMAT " MiB left.",
                    needed_mib, free_mib);
        return FALSE;
    }
    return TRUE;
}
