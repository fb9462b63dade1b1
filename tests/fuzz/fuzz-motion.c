/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "damage/motion.h"
#include "fuzz-scene.h"
#include "region.h"

#include <string.h>

/* Whatever moves on a screen: a client that does the copies one after the other, and is sent the
 * rest, shows the frame. */

static void
copy(guint32 *pixels, const Frame *frame, const PlanOp *op)
{
    for (int i = 0; i < op->height; i++) {
        int row = op->copy.src_y < op->y ? op->height - 1 - i : i;

        memmove(pixels + (op->y + row) * frame->stride + op->x,
                pixels + (op->copy.src_y + row) * frame->stride + op->copy.src_x,
                (gsize)op->width * sizeof *pixels);
    }
}

static void
check_copy(const Frame *frame, const PlanOp *op, pixman_region32_t *covered)
{
    pixman_box32_t box = {op->x, op->y, op->x + op->width, op->y + op->height};

    fuzz_check(op->kind == PLAN_COPY && op->width > 0 && op->height > 0, "no copy");
    fuzz_check(MIN(op->x, op->copy.src_x) >= 0 && MIN(op->y, op->copy.src_y) >= 0 &&
                   MAX(op->x, op->copy.src_x) + op->width <= frame->width &&
                   MAX(op->y, op->copy.src_y) + op->height <= frame->height,
               "a copy leaves the frame");
    fuzz_check(pixman_region32_contains_rectangle(covered, &box) == PIXMAN_REGION_OUT,
               "copies overlap");
    region_add(covered, op->x, op->y, op->width, op->height);
}

static void
check(const FuzzScene *scene, const Plan *plan, guint32 *shown)
{
    const Frame *frame = &scene->frame;
    guint n;
    int n_boxes;
    const PlanOp *ops = plan_ops(plan, &n);
    const pixman_box32_t *box = region_boxes(plan_residue(plan), &n_boxes);
    pixman_region32_t covered;

    pixman_region32_init(&covered);
    memcpy(shown, scene->before, fuzz_scene_bytes(scene));
    for (guint i = 0; i < n; i++) {
        check_copy(frame, &ops[i], &covered);
        copy(shown, frame, &ops[i]);
    }
    pixman_region32_fini(&covered);
    for (int i = 0; i < n_boxes; i++)
        for (int y = box[i].y1; y < box[i].y2; y++)
            memcpy(shown + y * frame->stride + box[i].x1,
                   scene->now + y * frame->stride + box[i].x1,
                   (gsize)(box[i].x2 - box[i].x1) * sizeof *shown);
    fuzz_check(memcmp(shown, scene->now, fuzz_scene_bytes(scene)) == 0,
               "the client shows something else");
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    FuzzScene scene;
    MotionSearch *motion;
    Plan *plan;
    guint32 *shown;

    if (!fuzz_scene_init(&scene, data, size))
        return 0;
    motion = motion_search_new();
    plan = plan_new();
    shown = g_malloc(fuzz_scene_bytes(&scene));
    while (fuzz_scene_next(&scene)) {
        plan_clear(plan);
        motion_search(motion, &scene.frame, plan);
        check(&scene, plan, shown);
    }
    g_free(shown);
    plan_free(plan);
    motion_search_free(motion);
    fuzz_scene_clear(&scene);
    return 0;
}
