/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Makes FOLDER/disk.qcow2: an empty qcow2 that stands on backing (an absolute path of a qcow2),
 * whole or not at all. It is written here and not by qemu-img, because a desktop's user waits for
 * it. size: of the disk that the guest sees, bytes; 0 or less than backing's: as backing's.
 * ORIEL_ERROR_NO_SPACE or _FAILED.
 */
gboolean overlay_disk_make(const char *backing, guint64 size, const char *folder, GError **error);

/* The same for a disk that stands on nothing. */
gboolean overlay_disk_make_empty(guint64 size, const char *folder, GError **error);

/* What the guest sees of a qcow2, bytes; 0 with error (FAILED). */
guint64 overlay_disk_size(const char *path, GError **error);
