/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Deflate that stands alone: each call gives whole blocks that look back at nothing before them and
 * end on a byte, so that they can be made in any order on any thread and then follow each other (or
 * anything else) in a zlib stream. One object a thread.
 */

#define DEFLATE_ZLIB_HEADER "\x78\x01" /* goes before the first blocks of a stream */

typedef struct Deflate Deflate;

Deflate *deflate_new(void);
void deflate_free(Deflate *deflate);
/* Room that deflate_blocks() needs for size bytes. */
gsize deflate_bound(gsize size);
/* Writes non-final blocks for size bytes; returns their length. */
gsize deflate_blocks(Deflate *deflate, const guint8 *from, gsize size, guint8 *to);
