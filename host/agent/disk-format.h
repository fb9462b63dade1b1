/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* How much of a file's start disk_format_check() wants to see (fewer bytes when the file is
 * shorter). */
#define DISK_HEADER_SIZE 512
/* The largest disk that is taken: 4 TiB. */
#define DISK_MAX_VIRTUAL_SIZE (G_GUINT64_CONSTANT(4) << 40)

/*
 * Tells what kind of disk a file is by its first bytes: "qcow2" or "raw" (static), or NULL with
 * ORIEL_ERROR_INVALID. Refused before any tool opens the file, because opening would follow: a
 * qcow2 that stands on another file or keeps its data in one. Refused as well: encrypted ones,
 * other formats, and disks of more than DISK_MAX_VIRTUAL_SIZE. virtual_size (bytes) is what a qcow2
 * says, and 0 for a raw disk. The bytes are not trusted.
 */
const char *disk_format_check(const guint8 *header, gsize length, guint64 *virtual_size,
                              GError **error);
