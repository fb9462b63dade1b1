/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <pixman.h>

/*
 * The second stage: finds out what really changed, and takes it over. One walk, row by row (the
 * order memory likes), compares the source with the last frame inside the areas the source
 * reported, and copies what differs into the frame.
 */

typedef struct Damage Damage;

Damage *damage_new(void);
void damage_free(Damage *damage);

/* Strides in pixels. hint: what the source says may have changed (clipped to the size). changed is
 * overwritten with what did: exact to 16 x 16 pixels, coarser where it is scattered. */
void damage_walk(Damage *damage, const guint32 *source, int source_stride, guint32 *frame,
                 int frame_stride, int width, int height, const pixman_region32_t *hint,
                 pixman_region32_t *changed);
