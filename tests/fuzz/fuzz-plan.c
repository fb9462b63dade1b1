/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "classify/activity.h"
#include "classify/classify.h"
#include "damage/motion.h"
#include "fuzz-scene.h"
#include "region.h"

/* A frame's plan: the copies and then the rest cover the damage; of the rest, each pixel is in one
 * operation at most; what is said of pixels is true. */

static void
check_fill(const Frame *frame, const PlanOp *op)
{
    for (int y = op->y; y < op->y + op->height; y++)
        for (int x = op->x; x < op->x + op->width; x++)
            fuzz_check(frame->pixels[y * frame->stride + x] == op->colour,
                       "a fill of something else");
}

static void
check_op(const Frame *frame, const PlanOp *op, pixman_region32_t *covered)
{
    pixman_box32_t box = {op->x, op->y, op->x + op->width, op->y + op->height};

    fuzz_check(op->width > 0 && op->height > 0 && op->x >= 0 && op->y >= 0 &&
                   box.x2 <= frame->width && box.y2 <= frame->height,
               "an operation leaves the frame");
    fuzz_check(pixman_region32_contains_rectangle(covered, &box) == PIXMAN_REGION_OUT,
               "operations overlap");
    region_add(covered, op->x, op->y, op->width, op->height);
    if (op->kind == PLAN_FILL)
        check_fill(frame, op);
    if (op->kind == PLAN_VIDEO)
        fuzz_check(op->video < frame->n_video, "a video that is none");
    else
        fuzz_check(op->width <= CLASSIFY_MAX_WIDTH, "an operation is too wide");
}

static void
check(const Frame *frame, const Plan *plan)
{
    guint n, n_copies = plan_n_copies(plan);
    const PlanOp *ops = plan_ops(plan, &n);
    pixman_region32_t copied, covered, left;

    pixman_region32_init(&copied);
    pixman_region32_init(&covered);
    pixman_region32_init(&left);
    for (guint i = 0; i < n; i++) {
        fuzz_check((ops[i].kind == PLAN_COPY) == (i < n_copies), "copies do not come first");
        check_op(frame, &ops[i], i < n_copies ? &copied : &covered);
    }
    pixman_region32_subtract(&left, (pixman_region32_t *)plan_residue(plan), &covered);
    fuzz_check(region_is_empty(&left), "some of the residue is not covered");
    pixman_region32_union(&covered, &covered, &copied);
    pixman_region32_subtract(&left, (pixman_region32_t *)&frame->damage, &covered);
    fuzz_check(region_is_empty(&left), "some of the damage is not covered");
    pixman_region32_fini(&copied);
    pixman_region32_fini(&covered);
    pixman_region32_fini(&left);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    FuzzScene scene;
    MotionSearch *motion;
    Activity *activity;
    Classifier *classifier;
    Plan *plan;

    if (!fuzz_scene_init(&scene, data, size))
        return 0;
    motion = motion_search_new();
    activity = activity_new();
    classifier = classifier_new();
    plan = plan_new();
    for (gint64 now = 1; fuzz_scene_next(&scene); now += 40000) {
        plan_clear(plan);
        motion_search(motion, &scene.frame, plan);
        scene.frame.n_video =
            activity_update(activity, &scene.frame, plan_residue(plan), now, scene.frame.video);
        classify(classifier, &scene.frame, plan_residue(plan), plan);
        check(&scene.frame, plan);
    }
    plan_free(plan);
    classifier_free(classifier);
    activity_free(activity);
    motion_search_free(motion);
    fuzz_scene_clear(&scene);
    return 0;
}
