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

/* Before motion_search(), as far as one likes: what moved in the last frame goes on moving, most
 * often, and while the damage walk makes the next, its rows of cells are near the processor. begin:
 * the frame that is made, its damage not known yet. row: cells of a row that are complete and
 * changed (1) or not (0). The frame's pixels stand until it was searched, or another begins. */
void motion_search_begin(MotionSearch *search, const Frame *frame);
void motion_search_row(MotionSearch *search, int row, const guint8 *changed);

/* Begins the (empty) plan: its COPYs, and as the residue what they leave of the frame's damage.
 * There are none without frame->previous, or where little changed. */
void motion_search(MotionSearch *search, const Frame *frame, Plan *plan);
