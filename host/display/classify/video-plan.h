/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "classify.h"

/* VIDEO operations: how they come into a plan, and what takes their place where a client has no
 * codec for them. Main thread only. */

/* Appends a VIDEO for each of the frame's video rectangles that region touches, the whole rectangle
 * each. rest becomes the region without them; initialised by the caller. */
void video_plan_take(const Frame *frame, const pixman_region32_t *region, Plan *plan,
                     pixman_region32_t *rest);

gboolean video_plan_any(const Plan *plan);

/* Overwrites to with from, where others stand for the VIDEOs: nothing for those in served (bits,
 * by PlanOp.video), LOSSY where loss is allowed, and else what the classifier says of their
 * pixels. Outside of served, only what lies in region (which from was made for) is replaced. */
void video_plan_replace(const Plan *from, Classifier *classifier, const Frame *frame,
                        const pixman_region32_t *region, guint served, gboolean lossy, Plan *to);
