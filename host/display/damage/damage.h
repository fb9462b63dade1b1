/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <pixman.h>

/*
 * The second stage: finds out what really changed, and takes it over. One walk, row by row (the
 * order memory likes), compares the source with the last frame inside the areas the source
 * reported, and completes the next frame in the same pass.
 */

typedef struct Damage Damage;

Damage *damage_new(void);
void damage_free(Damage *damage);

/* Looks on: is told of each row of cells that was changed in, as soon as it is complete in next and
 * near the processor still. changed: a flag (0 or 1) for each cell of the row. */
typedef struct {
    void (*row)(gpointer user, int row, const guint8 *changed);
    gpointer user;
} DamageWatch;

/* Two buffers take turns: last holds the last frame, next the one before it, and becomes the frame
 * that follows. Where the two differ (what changed in the walk before) is remembered here; a first
 * walk, or one with another size, takes them to be equal. Strides in pixels; next's is last's.
 * hint: what the source says may have changed (clipped to the size, widened to whole cells of
 * 16 x 16 pixels). changed is overwritten with what did: exact to a cell, to the pixel
 * where little changed, coarser where it is scattered. When it is empty, next and last are equal;
 * else they differ in it only, and change places before the next walk. watch may be NULL. */
void damage_walk(Damage *damage, const guint32 *source, int source_stride, const guint32 *last,
                 guint32 *next, int stride, int width, int height, const pixman_region32_t *hint,
                 pixman_region32_t *changed, const DamageWatch *watch);
