/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "video-plan.h"
#include "../region.h"
#include "cell-stats.h"

#define TILE_WIDTH 1024 /* pixels; with CLASSIFY_MAX_PHOTO: some tiles to encode in parallel */
#define MAX_BOXES  16   /* of one video's changes: a few more pixels beat many small pictures */

void
video_plan_take(const Frame *frame, const pixman_region32_t *region, Plan *plan,
                pixman_region32_t *rest)
{
    pixman_region32_copy(rest, (pixman_region32_t *)region);
    for (guint i = 0; i < frame->n_video; i++) {
        pixman_box32_t box = frame->video[i];
        pixman_region32_t video;

        if (pixman_region32_contains_rectangle((pixman_region32_t *)region, &box) ==
            PIXMAN_REGION_OUT)
            continue;
        plan_add(plan, &(PlanOp){.kind = PLAN_VIDEO,
                                 .x = box.x1,
                                 .y = box.y1,
                                 .width = box.x2 - box.x1,
                                 .height = box.y2 - box.y1,
                                 .video = i});
        pixman_region32_init_with_extents(&video, &box);
        pixman_region32_subtract(rest, rest, &video);
        pixman_region32_fini(&video);
    }
}

gboolean
video_plan_any(const Plan *plan)
{
    guint n;
    const PlanOp *ops = plan_ops(plan, &n);

    for (guint i = 0; i < n; i++)
        if (ops[i].kind == PLAN_VIDEO)
            return TRUE;
    return FALSE;
}

static int
cells(int pixels)
{
    return (pixels + CELL_SIZE - 1) / CELL_SIZE * CELL_SIZE;
}

/* Tiles of about one size, so that none is a sliver. */
static void
add_tiles(Plan *plan, const pixman_box32_t *box)
{
    int box_width = box->x2 - box->x1, box_height = box->y2 - box->y1;
    int columns = (box_width + TILE_WIDTH - 1) / TILE_WIDTH;
    int width = MIN(cells((box_width + columns - 1) / columns), box_width);
    int most = MAX(CLASSIFY_MAX_PHOTO / width / CELL_SIZE, 1) * CELL_SIZE;
    int rows = (box_height + most - 1) / most;
    int height = MIN(cells((box_height + rows - 1) / rows), most);

    for (int y = box->y1; y < box->y2; y += height)
        for (int x = box->x1; x < box->x2; x += width)
            plan_add(plan, &(PlanOp){.kind = PLAN_LOSSY,
                                     .x = x,
                                     .y = y,
                                     .width = MIN(width, box->x2 - x),
                                     .height = MIN(height, box->y2 - y)});
}

static void
add_pictures(Plan *plan, pixman_region32_t *region)
{
    int n = 0;
    const pixman_box32_t *box;

    region_bound(region, MAX_BOXES);
    box = region_boxes(region, &n);
    for (int i = 0; i < n; i++)
        add_tiles(plan, &box[i]);
}

void
video_plan_replace(const Plan *from, Classifier *classifier, const Frame *frame,
                   const pixman_region32_t *region, guint served, gboolean lossy, Plan *to)
{
    guint n;
    const PlanOp *ops = plan_ops(from, &n);
    pixman_region32_t part;

    plan_clear(to);
    pixman_region32_init(&part);
    for (guint i = 0; i < n; i++) {
        if (ops[i].kind != PLAN_VIDEO) {
            plan_add(to, &ops[i]);
        } else if (!(served >> ops[i].video & 1)) {
            pixman_region32_intersect_rect(&part, (pixman_region32_t *)region, ops[i].x, ops[i].y,
                                           (unsigned)ops[i].width, (unsigned)ops[i].height);
            if (lossy)
                add_pictures(to, &part);
            else
                classify_still(classifier, frame, &part, to);
        }
    }
    pixman_region32_fini(&part);
}
