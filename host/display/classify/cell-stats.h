/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../cpu.h"

/*
 * What the small squares of a picture look like: the figures and the predicates that
 * classification decides by. Solid is exact; everything else is taken from every second row, which
 * tells as much as all of them.
 */

#define CELL_SIZE                                                                                  \
    16 /* pixels; equal to the damage walk's cell, so that damage covers whole cells */
#define CELL_EDGE                                                                                  \
    40 /* a step of a channel between neighbours that the eye takes for an edge: text has many */

typedef struct {
    guint32 colour;   /* of the first pixel */
    gboolean solid;   /* one colour; the rest is then not filled in */
    guint16 pairs;    /* neighbours in a row that were looked at */
    guint16 equal;    /* of them: alike */
    guint16 edges;    /* of them: more than CELL_EDGE apart in some channel */
    guint8 steepest;  /* largest step of a channel */
    guint8 different; /* colours, told apart by 5 bits of hash: at most 32, and never too many */
} CellStats;

/* width, height: 1 to CELL_SIZE; stride in pixels; the top byte of every pixel is 0. */
typedef void (*CellLook)(const guint32 *pixels, int stride, int width, int height,
                         CellStats *stats);

typedef struct {
    Cpu cpu; /* what it needs */
    CellLook look;
} CellKernel;

/* All of them: see cpu.h. */
const CellKernel *cell_kernels(guint *n_kernels);
const CellKernel *cell_kernel_best(void);

/* Of cells that are not solid; what is neither is text, lines and widgets. */
gboolean cell_is_photo(const CellStats *stats);
gboolean cell_is_gentle(const CellStats *stats); /* a soft gradient, as the sky of a photograph */
