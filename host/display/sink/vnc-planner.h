/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vnc-update.h"

/*
 * The operations for what one or more clients are to be sent of a frame, which is seldom just what
 * its own plan is for: a client is behind, has no codec for video, or is owed pixels that went out
 * with loss. Main thread only.
 */

typedef struct VncPlanner VncPlanner;

VncPlanner *vnc_planner_new(void);
void vnc_planner_free(VncPlanner *planner); /* takes NULL */

/* Before the plans of a frame. It stands still until the next one. whole: the frame's own plan, or
 * NULL. shared: several clients watch, so what is planned for one is kept for the others. */
void vnc_planner_frame(VncPlanner *planner, const Frame *frame, const Plan *whole, gboolean shared);

/* For the work's pixels, the COPYs before all others. streams: the frame's videos that come from
 * elsewhere, a bit each. The planner's, or whole, until the next call. */
const Plan *vnc_planner_plan(VncPlanner *planner, const VncWork *work, guint streams);
