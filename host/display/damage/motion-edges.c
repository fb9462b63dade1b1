/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "motion-edges.h"

#define CELL MOTION_CELL

static gboolean
came(const Frame *frame, MotionStep step, int x, int y)
{
    int from_x = x - step.dx, from_y = y - step.dy;

    return from_x >= 0 && from_y >= 0 && from_x < frame->width && from_y < frame->height &&
           frame->pixels[(gsize)y * (gsize)frame->stride + (gsize)x] ==
               frame->previous[(gsize)from_y * (gsize)frame->stride + (gsize)from_x];
}

static gboolean
is_changed(const MotionCells *cells, CellBox box)
{
    for (int row = MAX(box.y1, 0); row < MIN(box.y2, cells->rows); row++)
        for (int column = MAX(box.x1, 0); column < MIN(box.x2, cells->columns); column++)
            if (cells->changed[(gsize)row * (gsize)cells->columns + (gsize)column])
                return TRUE;
    return FALSE;
}

/* How far box may grow to one side. */
static int
free_columns(const Frame *frame, const pixman_box32_t *box, const MotionCopy *copies, guint n,
             gboolean right)
{
    int most = MIN(CELL - 1, right ? frame->width - box->x2 : box->x1);

    for (guint i = 0; i < n; i++) {
        const pixman_box32_t *other = &copies[i].to;
        int gap = right ? other->x1 - box->x2 : box->x1 - other->x2;

        if (other->y1 < box->y2 && other->y2 > box->y1 && gap >= 0)
            most = MIN(most, gap);
    }
    return most;
}

static int
free_rows(const Frame *frame, const pixman_box32_t *box, const MotionCopy *copies, guint n,
          gboolean down)
{
    int most = MIN(CELL - 1, down ? frame->height - box->y2 : box->y1);

    for (guint i = 0; i < n; i++) {
        const pixman_box32_t *other = &copies[i].to;
        int gap = down ? other->y1 - box->y2 : box->y1 - other->y2;

        if (other->x1 < box->x2 && other->x2 > box->x1 && gap >= 0)
            most = MIN(most, gap);
    }
    return most;
}

static void
grow_columns(const Frame *frame, MotionStep step, pixman_box32_t *box, const MotionCopy *copies,
             guint n, gboolean right)
{
    int most = free_columns(frame, box, copies, n, right);

    for (int y = box->y1; y < box->y2 && most > 0; y++) {
        int same = 0;

        while (same < most && came(frame, step, right ? box->x2 + same : box->x1 - 1 - same, y))
            same++;
        most = same;
    }
    if (right)
        box->x2 += most;
    else
        box->x1 -= most;
}

static void
grow_rows(const Frame *frame, MotionStep step, pixman_box32_t *box, const MotionCopy *copies,
          guint n, gboolean down)
{
    int most = free_rows(frame, box, copies, n, down);

    for (; most > 0; most--) {
        int y = down ? box->y2 : box->y1 - 1, x = box->x1;

        while (x < box->x2 && came(frame, step, x, y))
            x++;
        if (x < box->x2)
            return;
        if (down)
            box->y2++;
        else
            box->y1--;
    }
}

pixman_box32_t
motion_edges(const Frame *frame, const MotionCells *cells, MotionStep step, const CellBox *box,
             const MotionCopy *copies, guint n)
{
    pixman_box32_t grown = {box->x1 * CELL, box->y1 * CELL, MIN(box->x2 * CELL, frame->width),
                            MIN(box->y2 * CELL, frame->height)};

    if (is_changed(cells, (CellBox){box->x1 - 1, box->y1, box->x1, box->y2}))
        grow_columns(frame, step, &grown, copies, n, FALSE);
    if (is_changed(cells, (CellBox){box->x2, box->y1, box->x2 + 1, box->y2}))
        grow_columns(frame, step, &grown, copies, n, TRUE);
    if (is_changed(cells, (CellBox){box->x1 - 1, box->y1 - 1, box->x2 + 1, box->y1}))
        grow_rows(frame, step, &grown, copies, n, FALSE);
    if (is_changed(cells, (CellBox){box->x1 - 1, box->y2, box->x2 + 1, box->y2 + 1}))
        grow_rows(frame, step, &grown, copies, n, TRUE);
    return grown;
}
