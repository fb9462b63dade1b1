/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "frame.h"

/*
 * What to do for one frame: operations in order, computed once for all sinks.
 *
 * COPYs come first. They move content of the frame before to where it is now, every pixel exactly;
 * their destinations do not overlap each other. A sink does them one after the other on the screen
 * it has, and may: none reads what one before it wrote (but a COPY's own source and destination
 * may overlap). Who does not do a COPY sends its destination anew.
 *
 * The others cover what remains of the damage: the residue. They do not overlap each other; at the
 * edge of a COPY's destination they may send some of its pixels again.
 */
typedef enum {
    PLAN_COPY,    /* moved content: from (src_x, src_y) of the frame before */
    PLAN_FILL,    /* one colour */
    PLAN_INDEXED, /* text, lines, widgets: few colours in all likelihood */
    PLAN_RAW,     /* anything else, exact */
    PLAN_LOSSY,   /* photograph-like */
    PLAN_VIDEO,   /* keeps changing: the whole of one of the frame's video rectangles */
} PlanKind;

typedef struct {
    PlanKind kind;
    int x, y, width, height;
    union {
        struct {
            int src_x, src_y;
        } copy;
        guint32 colour; /* FILL: x8r8g8b8 */
        guint video;    /* VIDEO: which of the frame's */
    };
} PlanOp;

typedef struct Plan Plan;

Plan *plan_new(void);
void plan_free(Plan *plan);
void plan_clear(Plan *plan);
void plan_add(Plan *plan, const PlanOp *op);
const PlanOp *plan_ops(const Plan *plan, guint *n_ops);
/* Makes the operations from the first-th on no larger than their parts of region need. */
void plan_shrink(Plan *plan, guint first, const pixman_region32_t *region);
guint plan_n_copies(const Plan *plan); /* that many COPYs it begins with */
/* The frame's damage without what the COPYs cover: to be said by who makes the plan. */
void plan_set_residue(Plan *plan, const pixman_region32_t *residue); /* copies */
const pixman_region32_t *plan_residue(const Plan *plan);
