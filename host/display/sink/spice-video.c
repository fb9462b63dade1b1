/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-video.h"

#include <string.h>

void
spice_video_clear(SpiceVideo *video)
{
    memset(video, 0, sizeof *video);
}

static gboolean
same_place(const PlanOp *a, const PlanOp *b)
{
    return a->x == b->x && a->y == b->y && a->width == b->width && a->height == b->height;
}

/* The slot of op, or else the one that was not seen for longest. */
static guint
find(const SpiceVideo *video, const PlanOp *op)
{
    guint oldest = 0;
    for (guint i = 0; i < SPICE_VIDEO_AREAS; i++) {
        if (video->areas[i].seen && same_place(&video->areas[i].op, op))
            return i;
        if (video->areas[i].seen < video->areas[oldest].seen)
            oldest = i;
    }
    return oldest;
}

void
spice_video_see(SpiceVideo *video, const PlanOp *op, gint64 now)
{
    guint i = find(video, op);
    if (!video->areas[i].seen || !same_place(&video->areas[i].op, op))
        video->areas[i].drawn = 0;
    video->areas[i].op = *op;
    video->areas[i].seen = now;
}

guint
spice_video_draw(SpiceVideo *video, const PlanOp *op, gint64 now)
{
    spice_video_see(video, op, now);
    guint i = find(video, op);
    gint64 before = video->areas[i].drawn;
    video->areas[i].drawn = now;
    return before && now - before < SPICE_VIDEO_GAP_US ? 1 : SPICE_VIDEO_START;
}

guint
spice_video_take(SpiceVideo *video, pixman_region32_t *region, gint64 now, PlanOp *ops)
{
    guint n = 0;
    for (guint i = 0; i < SPICE_VIDEO_AREAS; i++) {
        const PlanOp *op = &video->areas[i].op;
        pixman_box32_t box = {op->x, op->y, op->x + op->width, op->y + op->height};
        pixman_region32_t area;
        if (!video->areas[i].seen || now - video->areas[i].seen >= SPICE_VIDEO_GAP_US ||
            pixman_region32_contains_rectangle(region, &box) == PIXMAN_REGION_OUT)
            continue;
        pixman_region32_init_rects(&area, &box, 1);
        pixman_region32_subtract(region, region, &area);
        pixman_region32_fini(&area);
        ops[n++] = *op;
    }
    return n;
}

gboolean
spice_video_any(const SpiceVideo *video, gint64 now)
{
    for (guint i = 0; i < SPICE_VIDEO_AREAS; i++)
        if (video->areas[i].drawn && now - video->areas[i].drawn < SPICE_VIDEO_GAP_US)
            return TRUE;
    return FALSE;
}
