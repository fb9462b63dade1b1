/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "region.h"

#define COARSE 64

void
region_add(pixman_region32_t *region, int x, int y, int width, int height)
{
    if (width > 0 && height > 0)
        pixman_region32_union_rect(region, region, x, y, (unsigned)width, (unsigned)height);
}

const pixman_box32_t *
region_boxes(const pixman_region32_t *region, int *n_boxes)
{
    return pixman_region32_rectangles((pixman_region32_t *)region, n_boxes);
}

gint64
region_area(const pixman_region32_t *region)
{
    int n = 0;
    gint64 area = 0;
    const pixman_box32_t *box = region_boxes(region, &n);

    for (int i = 0; i < n; i++)
        area += (gint64)(box[i].x2 - box[i].x1) * (box[i].y2 - box[i].y1);
    return area;
}

gboolean
region_is_empty(const pixman_region32_t *region)
{
    return !pixman_region32_not_empty((pixman_region32_t *)region);
}

gboolean
region_equal(const pixman_region32_t *a, const pixman_region32_t *b)
{
    return pixman_region32_equal((pixman_region32_t *)a, (pixman_region32_t *)b);
}

static void
snap_to_grid(pixman_region32_t *region)
{
    int n = 0;
    const pixman_box32_t *box = region_boxes(region, &n);
    pixman_box32_t extents = *pixman_region32_extents(region);
    g_autofree pixman_box32_t *snapped = g_new(pixman_box32_t, (gsize)n);

    for (int i = 0; i < n; i++) {
        snapped[i].x1 = MAX(box[i].x1 & ~(COARSE - 1), extents.x1);
        snapped[i].y1 = MAX(box[i].y1 & ~(COARSE - 1), extents.y1);
        snapped[i].x2 = MIN((box[i].x2 + COARSE - 1) & ~(COARSE - 1), extents.x2);
        snapped[i].y2 = MIN((box[i].y2 + COARSE - 1) & ~(COARSE - 1), extents.y2);
    }
    pixman_region32_fini(region);
    pixman_region32_init_rects(region, snapped, n);
}

void
region_bound(pixman_region32_t *region, int max_rects)
{
    pixman_box32_t all;

    if (pixman_region32_n_rects(region) <= max_rects)
        return;
    snap_to_grid(region);
    if (pixman_region32_n_rects(region) <= max_rects)
        return;
    all = *pixman_region32_extents(region);
    pixman_region32_reset(region, &all);
}
