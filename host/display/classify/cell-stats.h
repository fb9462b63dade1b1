/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* What the small squares of a picture look like: the predicates that classification decides by. */

#define CELL_SIZE                                                                                  \
    16 /* pixels; equal to the damage walk's cell, so that damage covers whole cells */

typedef struct {
    gboolean solid;  /* one colour */
    gboolean smooth; /* like a photograph: neighbours nearly all differ, and few differ by much */
    guint32 colour;  /* of the first pixel */
} CellStats;

/* width, height: 1 to CELL_SIZE; stride in pixels. */
CellStats cell_stats(const guint32 *pixels, int stride, int width, int height);
