/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-planner.h"
#include "classify/classify.h"
#include "classify/plan-memory.h"
#include "classify/video-plan.h"
#include "region.h"

struct VncPlanner {
    Classifier *classifier;
    PlanMemory *memory;
    const Frame *frame;
    const Plan *whole;
    gboolean shared;
    Plan *plan;  /* for clients that are behind the frame's own */
    Plan *still; /* for clients without a codec for video */
    Plan *both;  /* changed and exact pixels */
};

VncPlanner *
vnc_planner_new(void)
{
    VncPlanner *planner = g_new0(VncPlanner, 1);

    planner->classifier = classifier_new();
    planner->memory = plan_memory_new();
    planner->plan = plan_new();
    planner->still = plan_new();
    planner->both = plan_new();
    return planner;
}

void
vnc_planner_free(VncPlanner *planner)
{
    if (!planner)
        return;
    classifier_free(planner->classifier);
    plan_memory_free(planner->memory);
    plan_free(planner->plan);
    plan_free(planner->still);
    plan_free(planner->both);
    g_free(planner);
}

void
vnc_planner_frame(VncPlanner *planner, const Frame *frame, const Plan *whole, gboolean shared)
{
    planner->frame = frame;
    planner->whole = whole;
    planner->shared = shared;
    plan_memory_frame(planner->memory, frame);
}

/* What changed, by the frame's own plan where that is it, or by one that another client was sent
 * by. */
static const Plan *
plan_region(VncPlanner *planner, const pixman_region32_t *changed)
{
    const Plan *plan = plan_memory_find(planner->memory, changed);

    if (plan)
        return plan;
    plan = planner->whole;
    if (!plan || !region_equal(changed, plan_residue(plan))) {
        plan_clear(planner->plan);
        classify(planner->classifier, planner->frame, changed, planner->plan);
        plan = planner->plan;
    }
    if (planner->shared)
        plan_memory_keep(planner->memory, changed, plan);
    return plan;
}

static const Plan *
plan_changed(VncPlanner *planner, const VncWork *work, guint streams)
{
    const Plan *plan = plan_region(planner, &work->changed);

    if (!video_plan_any(plan))
        return plan;
    video_plan_replace(plan, planner->classifier, planner->frame, &work->changed, streams,
                       encode_settings_lossy(&work->settings, &(PlanOp){.kind = PLAN_LOSSY}),
                       planner->still);
    return planner->still;
}

/* After what changed, what is to be exact now. */
static const Plan *
plan_exact(VncPlanner *planner, const VncWork *work, const Plan *changed)
{
    const PlanOp *ops;
    guint n_changed, n_ops;

    plan_clear(planner->both);
    ops = plan_ops(changed, &n_changed);
    for (guint i = 0; i < n_changed; i++)
        plan_add(planner->both, &ops[i]);
    plan_clear(planner->plan);
    classify_still(planner->classifier, planner->frame, &work->exact, planner->plan);
    ops = plan_ops(planner->plan, &n_ops);
    for (guint i = 0; i < n_ops; i++) {
        PlanOp op = ops[i];

        op.kind = op.kind == PLAN_LOSSY ? PLAN_RAW : op.kind;
        plan_add(planner->both, &op);
    }
    return planner->both;
}

const Plan *
vnc_planner_plan(VncPlanner *planner, const VncWork *work, guint streams)
{
    const Plan *plan = plan_changed(planner, work, streams);

    return region_is_empty(&work->exact) ? plan : plan_exact(planner, work, plan);
}
