/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plan.h"

/* The array keeps its memory from frame to frame, so a steady state allocates nothing. */
struct Plan {
    GArray *ops;
};

Plan *
plan_new(void)
{
    Plan *plan = g_new0(Plan, 1);

    plan->ops = g_array_sized_new(FALSE, FALSE, sizeof(PlanOp), 512);
    return plan;
}

void
plan_free(Plan *plan)
{
    if (!plan)
        return;
    g_array_unref(plan->ops);
    g_free(plan);
}

void
plan_clear(Plan *plan)
{
    g_array_set_size(plan->ops, 0);
}

void
plan_add(Plan *plan, const PlanOp *op)
{
    g_array_append_vals(plan->ops, op, 1);
}

const PlanOp *
plan_ops(const Plan *plan, guint *n_ops)
{
    *n_ops = plan->ops->len;
    return (const PlanOp *)(gpointer)plan->ops->data;
}
