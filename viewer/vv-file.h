/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "viewer/spice-target.h"

/* virt-viewer files ("[virt-viewer] type=spice …"), as brokers hand them out. Whatever a mail or a
 * web page brought: nothing in it is believed before it is checked. */

#define VV_FILE_MAX_SIZE (512 * 1024)

/* ORIEL_ERROR_INVALID with what is wrong. */
SpiceTarget *vv_file_parse(const char *text, gsize length, GError **error);

/* Reads and parses path; removes it afterwards where it says delete-this-file=1 (and only when it
 * was valid). */
SpiceTarget *vv_file_load(const char *path, GError **error);
