/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plan-memory.h"
#include "../region.h"

#include <string.h>

struct PlanMemory {
    Plan *plan; /* its residue is the region it was made for; empty: none is kept */
    guint32 generation;
    guint n_video;
    pixman_box32_t video[FRAME_MAX_VIDEO];
};

PlanMemory *
plan_memory_new(void)
{
    PlanMemory *memory = g_new0(PlanMemory, 1);

    memory->plan = plan_new();
    return memory;
}

void
plan_memory_free(PlanMemory *memory)
{
    if (!memory)
        return;
    plan_free(memory->plan);
    g_free(memory);
}

static gboolean
same_videos(const PlanMemory *memory, const Frame *frame)
{
    return memory->n_video == frame->n_video &&
           memcmp(memory->video, frame->video, frame->n_video * sizeof *frame->video) == 0;
}

void
plan_memory_frame(PlanMemory *memory, const Frame *frame)
{
    if (region_is_empty(&frame->damage) && memory->generation == frame->generation &&
        same_videos(memory, frame))
        return;
    plan_clear(memory->plan);
    memory->generation = frame->generation;
    memory->n_video = frame->n_video;
    memcpy(memory->video, frame->video, frame->n_video * sizeof *frame->video);
}

void
plan_memory_keep(PlanMemory *memory, const pixman_region32_t *region, const Plan *plan)
{
    guint n_ops;
    const PlanOp *ops = plan_ops(plan, &n_ops);

    plan_clear(memory->plan);
    for (guint i = plan_n_copies(plan); i < n_ops; i++)
        plan_add(memory->plan, &ops[i]);
    plan_set_residue(memory->plan, region);
}

const Plan *
plan_memory_find(const PlanMemory *memory, const pixman_region32_t *region)
{
    const pixman_region32_t *kept = plan_residue(memory->plan);

    return !region_is_empty(kept) && region_equal(kept, region) ? memory->plan : NULL;
}
