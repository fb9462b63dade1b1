/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plan.h"

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

void
plan_shrink(Plan *plan, guint first, const pixman_region32_t *region)
{
    pixman_region32_t part;

    pixman_region32_init(&part);
    for (guint i = first; i < plan->ops->len; i++) {
        PlanOp *op = &g_array_index(plan->ops, PlanOp, i);
        const pixman_box32_t *box;

        pixman_region32_intersect_rect(&part, (pixman_region32_t *)region, op->x, op->y,
                                       (unsigned)op->width, (unsigned)op->height);
        if (!pixman_region32_not_empty(&part))
            continue;
        box = pixman_region32_extents(&part);
        op->x = box->x1;
        op->y = box->y1;
        op->width = box->x2 - box->x1;
        op->height = box->y2 - box->y1;
    }
    pixman_region32_fini(&part);
}
