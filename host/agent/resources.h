/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* What a desktop's processes take besides the guest's own memory: QEMU, its translator, the
 * display. MiB. */
#define RESOURCES_OVERHEAD_MIB 192

typedef struct {
    guint cpus;
    guint64 memory_mib;           /* of the machine */
    guint64 memory_available_mib; /* that the kernel could give out now */
    guint64 disk_free_mib;        /* where the desktops' disks lie */
} Resources;

void resources_read(Resources *resources, const char *state_dir);

/* Less than a MiB is left where folder lies: what could not be written there failed for that. FALSE
 * when it cannot be said. */
gboolean resources_disk_is_full(const char *folder);

/* The MiB of a line "KEY:  N kB" of /proc/meminfo's text; 0 when there is none. */
guint64 resources_parse_meminfo(const char *meminfo, const char *key);

/* What may still be given to desktops: promised_mib is what the running ones were given (with their
 * overhead). Memory that was promised and not yet touched still looks available to the kernel, so
 * both are looked at. */
guint64 resources_memory_free(const Resources *resources, guint64 promised_mib,
                              guint64 reserve_mib);

/* MiB that are left where path lies, for who is not root; G_MAXINT64 when it cannot be said. */
guint64 resources_disk_free_mib(const char *path);

/* ORIEL_ERROR_NO_SPACE when no more than reserve_mib are left of the disk: for the desktops that
 * are there. */
gboolean resources_admit_disk(const Resources *resources, guint64 reserve_mib, GError **error);

/* ORIEL_ERROR_REFUSED with the numbers when a desktop of memory_mib does not fit. */
gboolean resources_admit(const Resources *resources, guint64 promised_mib, guint64 reserve_mib,
                         guint64 memory_mib, GError **error);
