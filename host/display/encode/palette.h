/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../cpu.h"

/* The colours of a rectangle, counted up to 256 by a small hash table. One object a thread. */

#define PALETTE_MAX   256
#define PALETTE_SLACK 16 /* bytes behind the indices that may be overwritten */

typedef struct Palette Palette;

typedef struct {
    Cpu cpu; /* what it needs */
    /* A bit for each of 64 pixels, lowest first: does it differ from the one before? pixels[-1] is
     * read. */
    guint64 (*changes)(const guint32 *pixels);
} PaletteKernel;

/* All of them: see cpu.h. */
const PaletteKernel *palette_kernels(guint *n_kernels);

Palette *palette_new(void);
void palette_free(Palette *palette);
void palette_set_kernel(Palette *palette, const PaletteKernel *kernel); /* for tests */

/* Looks up every pixel: indices (width * height of them, and PALETTE_SLACK) gets each one's place
 * in the palette, in the order of first sight. Returns how many colours there are, or 0 when more
 * than limit (1 to PALETTE_MAX), which is found out as early as it can be. stride in pixels. */
int palette_build(Palette *palette, const guint32 *pixels, int stride, int width, int height,
                  int limit, guint8 *indices);
const guint32 *palette_colours(const Palette *palette);
/* Runs of equal pixels in the rectangle of the last palette_build(). */
int palette_runs(const Palette *palette);

/* Indices of 1, 2 or 4 bits (each must fit) into whole bytes, the first highest; rows begin on a
 * byte. to may be indices. Returns how many bytes that is. */
gsize palette_pack(const guint8 *indices, int width, int height, int bits, guint8 *to);
