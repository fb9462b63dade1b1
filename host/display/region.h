/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <pixman.h>

/* What pixman's regions lack. Coordinates are pixels; a rectangle without area adds nothing. */

void region_add(pixman_region32_t *region, int x, int y, int width, int height);
/* Keeps a region cheap to handle: one with more than max_rects rectangles grows to whole cells of a
 * 64 pixel grid and, if that does not do, to its extents. The result always covers the region. */
void region_bound(pixman_region32_t *region, int max_rects);
/* Pixels covered. */
gint64 region_area(const pixman_region32_t *region);
gboolean region_is_empty(const pixman_region32_t *region);
gboolean region_equal(const pixman_region32_t *a, const pixman_region32_t *b);
const pixman_box32_t *region_boxes(const pixman_region32_t *region, int *n_boxes);
