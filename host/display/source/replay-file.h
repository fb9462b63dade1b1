/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Bytes of a file, decompressed where it is zstd (by its first bytes). Any one thread. */
typedef struct ReplayFile ReplayFile;

ReplayFile *replay_file_open(const char *path, GError **error);
void replay_file_close(ReplayFile *file);
/* Fills to with size bytes. FALSE at the end (error not set, when it comes before the first byte)
 * and on errors, a cut frame included. */
gboolean replay_file_read(ReplayFile *file, guint8 *to, gsize size, GError **error);
