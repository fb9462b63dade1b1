/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../frame.h"
#include "cell-stats.h"

/*
 * A frame as a grid of small squares, each with a class: what the stage decides by before it makes
 * rectangles. One is used again for frame after frame and keeps its memory; it allocates only when
 * a screen is larger than any before.
 */

typedef enum {
    CELL_NONE,   /* not asked for, or done with */
    CELL_SOLID,  /* one colour */
    CELL_FLAT,   /* text, lines, widgets */
    CELL_GENTLE, /* a soft gradient */
    CELL_PHOTO,
} CellClass;

typedef struct {
    int x, y, width, height; /* cells */
} CellRect;

typedef struct {
    int columns, rows;
    CellRect bounds;  /* around all that was asked for */
    guint8 *classes;  /* rows x columns, CellClass each */
    guint32 *colours; /* of solid cells */
    guint16 *heights; /* cell_map_largest()'s */
    const CellKernel *kernel;
    gsize capacity;
} CellMap;

void cell_map_init(CellMap *map);
void cell_map_clear(CellMap *map);

/* Classifies the cells that region (inside the frame) touches by what they look like; all others
 * become CELL_NONE. */
void cell_map_look(CellMap *map, const Frame *frame, const pixman_region32_t *region);
/* Makes photographs whole: their skies, and single cells in them that look like something else. */
void cell_map_settle(CellMap *map);

/* The rectangle of like cells (and, where solid, of like colour) that begins at (x, y): as wide as
 * it goes, then as high. */
CellRect cell_map_grow(const CellMap *map, int x, int y);
/* The largest rectangle of this class. FALSE when there is none. */
gboolean cell_map_largest(const CellMap *map, CellClass class, CellRect *largest);
void cell_map_set(CellMap *map, const CellRect *rect, CellClass class);

static inline guint8 *
cell_map_at(const CellMap *map, int x, int y)
{
    return map->classes + (gsize)y * (gsize)map->columns + (gsize)x;
}
