/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../frame.h"
#include "../plan.h"

/*
 * The stage between damage and classification: finds content that moved (scrolled, dragged), so
 * that it need not be sent again. Main thread.
 */

typedef struct MotionSearch MotionSearch;

MotionSearch *motion_search_new(void);
void motion_search_free(MotionSearch *search);

/* Begins the (empty) plan: its COPYs, and as the residue what they leave of the frame's damage.
 * There are none without frame->previous, or where little changed. */
void motion_search(MotionSearch *search, const Frame *frame, Plan *plan);
