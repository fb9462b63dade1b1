/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "motion-cells.h"

/* A rectangle of cells; x2 and y2 are behind it. */
typedef struct {
    int x1, y1, x2, y2;
} CellBox;

/*
 * The box in pixels, with those beside it that came by the same step: less than a cell to each
 * side, only where cells beside it have changed (elsewhere there is nothing to gain), inside the
 * frame, and over none of the n copies there are. The box's own pixels are not looked at.
 */
pixman_box32_t motion_edges(const Frame *frame, const MotionCells *cells, MotionStep step,
                            const CellBox *box, const MotionCopy *copies, guint n);
