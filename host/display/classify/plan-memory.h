/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../frame.h"
#include "../plan.h"

/*
 * The last plan for pixels that are still what the screen shows: several clients ask for the same
 * ones, seldom at the same moment, and classifying costs as much each time. Main thread only.
 */

typedef struct PlanMemory PlanMemory;

PlanMemory *plan_memory_new(void);
void plan_memory_free(PlanMemory *memory); /* takes NULL */

/* Before the plans of a frame: forgets what it has changed, be it pixels or videos. */
void plan_memory_frame(PlanMemory *memory, const Frame *frame);
/* The plan was made for region of this frame; its COPYs are left out. Copies. */
void plan_memory_keep(PlanMemory *memory, const pixman_region32_t *region, const Plan *plan);
/* What classify() would say of region; NULL: not known. The memory's, until the next keep. */
const Plan *plan_memory_find(const PlanMemory *memory, const pixman_region32_t *region);
