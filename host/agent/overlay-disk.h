/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* error: NULL when the disk is there. */
typedef void (*OverlayDiskDone)(const GError *error, gpointer user);

/*
 * Makes folder/disk.qcow2: a disk that begins with what backing holds and keeps only its own
 * changes. It has another name until it is complete, so a disk.qcow2 that is there is a whole one.
 * done is called once, from the main loop, also after cancellable was cancelled.
 */
void overlay_disk_make(const char *qemu_img, const char *backing, const char *folder,
                       GCancellable *cancellable, OverlayDiskDone done, gpointer user);
