/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Deflate blocks of literals only. What a prediction leaves of a photograph has no repetitions
 * worth a search, only values near zero more often than others; without the search this is several
 * times faster than any deflate, and no larger.
 */

#define HUFFMAN_BLOCK 65535 /* bytes: a code for each, so that it fits its part of the picture */

/* Room that huffman_blocks() needs for size bytes. */
gsize huffman_bound(gsize size);
/* Writes whole, non-final blocks for size bytes that end on a byte; returns their length. */
gsize huffman_blocks(const guint8 *from, gsize size, guint8 *to);
