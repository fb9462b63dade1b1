/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "frame.h"

/* What to do for one frame: operations in order, their destinations do not overlap. COPY reads the
 * frame before, so sinks do COPYs first. */
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
