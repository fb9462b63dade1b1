/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "motion-cells.h"

/* Which parts of a frame came by a given step. Nothing is guessed: each pixel of what it answers
 * has been compared. */

typedef struct MotionMatch MotionMatch;

MotionMatch *motion_match_new(void);
void motion_match_free(MotionMatch *match);

/* The first half of motion_match() can be done before, while a frame is made: begin says which step
 * it will be, row compares the cells of a row that changed (1). The next motion_match() is by that
 * step, of that frame, and does not compare them again; or else motion_match_forget() comes first.
 * frame is lent until then; its damage is not looked at. */
void motion_match_begin(MotionMatch *match, const Frame *frame, MotionStep step);
void motion_match_row(MotionMatch *match, int row, const guint8 *changed);
void motion_match_forget(MotionMatch *match);

/* Finds rectangles of changed content that came by step, largest first, and adds them to copies,
 * which holds n already and never more than max; none overlaps another. They may span unchanged
 * and solid cells, but solid ones alone are not worth a copy. Claims their cells. Returns how many
 * copies there are then. */
guint motion_match(MotionMatch *match, MotionCells *cells, const Frame *frame, MotionStep step,
                   MotionCopy *copies, guint n, guint max);
