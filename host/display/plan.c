/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plan.h"
#include "region.h"

/* Where an operation's part of the region is the rim of something, or its corner, what it is around
 * is neither sent again nor blurred. Pixels: so many spared are worth another rectangle. */
#define MIN_SPARED 1024
#define MAX_SPLIT  4    /* rectangles that one operation may become */
#define MIN_LOSSY  1024 /* pixels; JPEG's tables are more than half a kilobyte */

/* The array keeps its memory from frame to frame, so a steady state allocates nothing. */
struct Plan {
    GArray *ops;
    guint n_copies;
    pixman_region32_t residue;
};

Plan *
plan_new(void)
{
    Plan *plan = g_new0(Plan, 1);

    plan->ops = g_array_sized_new(FALSE, FALSE, sizeof(PlanOp), 512);
    pixman_region32_init(&plan->residue);
    return plan;
}

void
plan_free(Plan *plan)
{
    if (!plan)
        return;
    g_array_unref(plan->ops);
    pixman_region32_fini(&plan->residue);
    g_free(plan);
}

void
plan_clear(Plan *plan)
{
    g_array_set_size(plan->ops, 0);
    plan->n_copies = 0;
    pixman_region32_clear(&plan->residue);
}

void
plan_add(Plan *plan, const PlanOp *op)
{
    if (op->kind == PLAN_COPY && plan->n_copies == plan->ops->len)
        plan->n_copies++;
    g_array_append_vals(plan->ops, op, 1);
}

const PlanOp *
plan_ops(const Plan *plan, guint *n_ops)
{
    *n_ops = plan->ops->len;
    return (const PlanOp *)(gpointer)plan->ops->data;
}

guint
plan_n_copies(const Plan *plan)
{
    return plan->n_copies;
}

void
plan_set_residue(Plan *plan, const pixman_region32_t *residue)
{
    pixman_region32_copy(&plan->residue, (pixman_region32_t *)residue);
}

const pixman_region32_t *
plan_residue(const Plan *plan)
{
    return &plan->residue;
}

/* In place of an operation, which takes the first, one for each box: photographs only where JPEG's
 * tables are worth it. */
static void
split(Plan *plan, guint index, const pixman_box32_t *boxes, int n)
{
    const PlanOp whole = g_array_index(plan->ops, PlanOp, index);

    for (int i = 0; i < n; i++) {
        PlanOp op = whole;

        op.x = boxes[i].x1;
        op.y = boxes[i].y1;
        op.width = boxes[i].x2 - boxes[i].x1;
        op.height = boxes[i].y2 - boxes[i].y1;
        if (n > 1 && op.kind == PLAN_LOSSY && op.width * op.height < MIN_LOSSY)
            op.kind = PLAN_RAW;
        if (i == 0)
            g_array_index(plan->ops, PlanOp, index) = op;
        else
            g_array_append_val(plan->ops, op);
    }
}

static void
shrink(Plan *plan, guint index, const pixman_region32_t *part)
{
    const pixman_box32_t *extents = pixman_region32_extents((pixman_region32_t *)part), *boxes;
    int n = 0;

    boxes = region_boxes(part, &n);
    if (n == 0)
        return;
    if (n == 1 || n > MAX_SPLIT ||
        (gint64)(extents->x2 - extents->x1) * (extents->y2 - extents->y1) - region_area(part) <
            MIN_SPARED)
        split(plan, index, extents, 1);
    else
        split(plan, index, boxes, n);
}

void
plan_shrink(Plan *plan, guint first, const pixman_region32_t *region)
{
    guint n = plan->ops->len;
    pixman_region32_t part;

    pixman_region32_init(&part);
    for (guint i = first; i < n; i++) {
        const PlanOp *op = &g_array_index(plan->ops, PlanOp, i);

        pixman_region32_intersect_rect(&part, (pixman_region32_t *)region, op->x, op->y,
                                       (unsigned)op->width, (unsigned)op->height);
        shrink(plan, i, &part);
    }
    pixman_region32_fini(&part);
}
