/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* The colours of a rectangle, counted up to 256 by a small hash table. One object a thread. */

#define PALETTE_MAX 256

typedef struct Palette Palette;

Palette *palette_new(void);
void palette_free(Palette *palette);

/* Looks up every pixel: indices (width * height of them) gets each one's place in the palette, in
 * the order of first sight. Returns how many colours there are, or 0 when more than limit (1 to
 * PALETTE_MAX). stride in pixels. */
int palette_build(Palette *palette, const guint32 *pixels, int stride, int width, int height,
                  int limit, guint8 *indices);
const guint32 *palette_colours(const Palette *palette);
