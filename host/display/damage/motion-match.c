/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "motion-match.h"
#include "motion-edges.h"

#include <string.h>

#define CELL MOTION_CELL
/* Cells with some content: a copy costs a message, and the source's neighbourhood its compression.
 */
#define MIN_SEEDS 4
#define MIN_AREA  2048 /* pixels */

/* The last row and column of the sums is the first cell's at the map's other end: (columns + 1) x
 * (rows + 1) of them. */
struct MotionMatch {
    const MotionMatchKernel *kernel;
    int columns, rows;
    gsize capacity;
    guint8 *alive, *varied;   /* came by the step; has more than one colour in some row */
    guint8 *todo, *done;      /* to be compared; was, ahead */
    gboolean ahead;           /* since begin: alive and varied stand where done says so */
    guint32 *seed_sums;       /* changed cells with content, above and left of each corner */
    guint32 *changed_sums;    /* changed cells, the same */
    int *heights, *stack;     /* of the search for rectangles: one a column, and one more */
    const MotionCells *cells; /* during a call */
    const Frame *frame;       /* during a call */
    MotionStep step;
};

MotionMatch *
motion_match_new(void)
{
    MotionMatch *match = g_new0(MotionMatch, 1);

    match->kernel = motion_match_kernel_best();
    return match;
}

static void
free_maps(MotionMatch *match)
{
    g_free(match->alive);
    g_free(match->varied);
    g_free(match->todo);
    g_free(match->done);
    g_free(match->seed_sums);
    g_free(match->changed_sums);
    g_free(match->heights);
    g_free(match->stack);
}

void
motion_match_free(MotionMatch *match)
{
    if (!match)
        return;
    free_maps(match);
    g_free(match);
}

static void
prepare(MotionMatch *match, const Frame *frame, MotionStep step)
{
    int columns = (frame->width + CELL - 1) / CELL, rows = (frame->height + CELL - 1) / CELL;
    gsize corners = (gsize)(columns + 1) * (gsize)(rows + 1);

    match->frame = frame;
    match->step = step;
    if (columns == match->columns && rows == match->rows)
        return;
    free_maps(match);
    match->columns = columns;
    match->rows = rows;
    match->alive = g_malloc(corners);
    match->varied = g_malloc(corners);
    match->todo = g_malloc0(corners);
    match->done = g_malloc(corners);
    match->seed_sums = g_new0(guint32, corners);
    match->changed_sums = g_new0(guint32, corners);
    match->heights = g_new(int, (gsize)columns + 1);
    match->stack = g_new(int, (gsize)columns + 1);
}

/* The cells whose pixels were inside the frame before the step. */
static CellBox
reachable(const MotionMatch *match)
{
    const Frame *frame = match->frame;
    CellBox box;

    box.x1 = match->step.dx > 0 ? (match->step.dx + CELL - 1) / CELL : 0;
    box.y1 = match->step.dy > 0 ? (match->step.dy + CELL - 1) / CELL : 0;
    box.x2 = match->step.dx < 0 ? (frame->width + match->step.dx) / CELL : match->columns;
    box.y2 = match->step.dy < 0 ? (frame->height + match->step.dy) / CELL : match->rows;
    return box;
}

/* Rows of cells are compared pixel row after pixel row: the order memory likes. Of those to do, the
 * ones that came by the step live, and none is to do any more. */
static void
compare_band(MotionMatch *match, int row, int begin, int end)
{
    const Frame *frame = match->frame;
    gsize first = (gsize)row * (gsize)match->columns + (gsize)begin;
    guint8 *todo = match->todo + first;
    int x = begin * CELL, pixels = MIN(end * CELL, frame->width) - x;
    int bottom = MIN((row + 1) * CELL, frame->height);

    for (int y = row * CELL; y < bottom; y++) {
        if (!memchr(todo, 1, (gsize)(end - begin)))
            return;
        match->kernel->row(frame->pixels + (gsize)y * (gsize)frame->stride + x,
                           frame->previous + (gsize)(y - match->step.dy) * (gsize)frame->stride +
                               x - match->step.dx,
                           frame->stride, pixels, todo, match->varied + first);
    }
    for (int i = 0; i < end - begin; i++)
        match->alive[first + (gsize)i] |= todo[i];
    memset(todo, 0, (gsize)(end - begin));
}

/* Compares the cells of box that are changed (or, then, that are not) and unclaimed. */
static void
compare_cells(MotionMatch *match, MotionCells *cells, CellBox box, gboolean changed)
{
    for (int row = box.y1; row < box.y2; row++) {
        gsize first = (gsize)row * (gsize)match->columns;
        int begin = box.x2, end = box.x1;

        for (int column = box.x1; column < box.x2; column++) {
            gsize i = first + (gsize)column;

            if (cells->claimed[i] || cells->changed[i] != changed || match->done[i])
                continue;
            if (!changed && motion_cells_plain(cells, match->frame, column, row, match->step)) {
                match->alive[i] = 1;
                continue;
            }
            match->todo[i] = 1;
            begin = MIN(begin, column);
            end = column + 1;
        }
        if (begin < end)
            compare_band(match, row, begin, end);
    }
}

static void
clear_maps(MotionMatch *match)
{
    gsize all = (gsize)match->columns * (gsize)match->rows;

    memset(match->alive, 0, all);
    memset(match->varied, 0, all);
    memset(match->done, 0, all);
}

void
motion_match_begin(MotionMatch *match, const Frame *frame, MotionStep step)
{
    prepare(match, frame, step);
    clear_maps(match);
    match->ahead = TRUE;
}

void
motion_match_row(MotionMatch *match, int row, const guint8 *changed)
{
    gsize first = (gsize)row * (gsize)match->columns;
    CellBox within = reachable(match);
    int begin = within.x2, end = within.x1;

    if (row < within.y1 || row >= within.y2)
        return;
    for (int column = within.x1; column < within.x2; column++) {
        if (!changed[column])
            continue;
        match->todo[first + (gsize)column] = match->done[first + (gsize)column] = 1;
        begin = MIN(begin, column);
        end = column + 1;
    }
    if (begin < end)
        compare_band(match, row, begin, end);
}

void
motion_match_forget(MotionMatch *match)
{
    match->ahead = FALSE;
}

static gboolean
is_seed(const MotionMatch *match, gsize i)
{
    return match->alive[i] && match->varied[i] && match->cells->changed[i];
}

/* The cells with seeds in them; FALSE when there are too few. */
static gboolean
find_seeds(const MotionMatch *match, CellBox within, CellBox *box)
{
    guint n = 0;

    *box = (CellBox){within.x2, within.y2, within.x1, within.y1};
    for (int row = within.y1; row < within.y2; row++)
        for (int column = within.x1; column < within.x2; column++)
            if (is_seed(match, (gsize)row * (gsize)match->columns + (gsize)column)) {
                box->x1 = MIN(box->x1, column);
                box->x2 = MAX(box->x2, column + 1);
                box->y1 = MIN(box->y1, row);
                box->y2 = MAX(box->y2, row + 1);
                n++;
            }
    return n >= MIN_SEEDS;
}

/* Rectangles -------------------------------------------------------------------------------------
 */

static void
sum_up(MotionMatch *match, CellBox box)
{
    gsize stride = (gsize)match->columns + 1;

    for (int column = box.x1; column <= box.x2; column++)
        match->seed_sums[(gsize)box.y1 * stride + (gsize)column] =
            match->changed_sums[(gsize)box.y1 * stride + (gsize)column] = 0;
    for (int row = box.y1; row < box.y2; row++) {
        guint32 *seeds = match->seed_sums + (gsize)(row + 1) * stride;
        guint32 *changed = match->changed_sums + (gsize)(row + 1) * stride;
        guint32 n_seeds = 0, n_changed = 0;

        seeds[box.x1] = changed[box.x1] = 0;
        for (int column = box.x1; column < box.x2; column++) {
            gsize i = (gsize)row * (gsize)match->columns + (gsize)column;

            n_seeds += (guint32)is_seed(match, i);
            n_changed += match->cells->changed[i];
            seeds[column + 1] = seeds[column + 1 - (int)stride] + n_seeds;
            changed[column + 1] = changed[column + 1 - (int)stride] + n_changed;
        }
    }
}

static guint32
sum(const MotionMatch *match, const guint32 *sums, const CellBox *box)
{
    gsize stride = (gsize)match->columns + 1;
    const guint32 *top = sums + (gsize)box->y1 * stride, *bottom = sums + (gsize)box->y2 * stride;

    return bottom[box->x2] - bottom[box->x1] - top[box->x2] + top[box->x1];
}

/* All rectangles of living cells whose last row is row and that cannot be wider: the one with the
 * most seeds replaces best. heights: living cells in a line up from row, for each column. */
static void
best_above(MotionMatch *match, CellBox within, int row, CellBox *best, guint32 *best_seeds)
{
    int *stack = match->stack, depth = 0; /* columns with growing heights */

    for (int column = within.x1; column <= within.x2; column++) {
        int height = column < within.x2 ? match->heights[column] : 0;

        while (depth > 0 && match->heights[stack[depth - 1]] >= height) {
            int high = match->heights[stack[--depth]];
            CellBox box = {depth ? stack[depth - 1] + 1 : within.x1, row + 1 - high, column,
                           row + 1};
            guint32 seeds = high ? sum(match, match->seed_sums, &box) : 0;

            if (seeds > *best_seeds) {
                *best_seeds = seeds;
                *best = box;
            }
        }
        stack[depth++] = column;
    }
}

static guint32
best_box(MotionMatch *match, CellBox within, CellBox *best)
{
    guint32 seeds = 0;

    for (int column = within.x1; column < within.x2; column++)
        match->heights[column] = 0;
    for (int row = within.y1; row < within.y2; row++) {
        const guint8 *alive = match->alive + (gsize)row * (gsize)match->columns;

        for (int column = within.x1; column < within.x2; column++)
            match->heights[column] = alive[column] ? match->heights[column] + 1 : 0;
        best_above(match, within, row, best, &seeds);
    }
    return seeds;
}

/* Rows and columns at the edges in which nothing changed need no copy. */
static CellBox
trim(const MotionMatch *match, CellBox box)
{
    for (;;) {
        CellBox top = box, bottom = box, left = box, right = box;

        top.y2 = top.y1 + 1;
        bottom.y1 = bottom.y2 - 1;
        left.x2 = left.x1 + 1;
        right.x1 = right.x2 - 1;
        if (!sum(match, match->changed_sums, &top))
            box.y1++;
        else if (!sum(match, match->changed_sums, &bottom))
            box.y2--;
        else if (!sum(match, match->changed_sums, &left))
            box.x1++;
        else if (!sum(match, match->changed_sums, &right))
            box.x2--;
        else
            return box;
    }
}

/* Takes the box's cells out, so that the next best is another. */
static void
take_out(MotionMatch *match, const pixman_box32_t *box)
{
    for (int row = box->y1 / CELL; row * CELL < box->y2; row++)
        memset(match->alive + (gsize)row * (gsize)match->columns + box->x1 / CELL, 0,
               (gsize)((box->x2 + CELL - 1) / CELL - box->x1 / CELL));
}

guint
motion_match(MotionMatch *match, MotionCells *cells, const Frame *frame, MotionStep step,
             MotionCopy *copies, guint n, guint max)
{
    CellBox within, seeds, best;

    prepare(match, frame, step);
    match->cells = cells;
    if (!match->ahead)
        clear_maps(match);
    match->ahead = FALSE;
    within = reachable(match);
    compare_cells(match, cells, within, TRUE);
    if (!find_seeds(match, within, &seeds))
        return n;
    compare_cells(match, cells, seeds, FALSE);
    while (n < max && find_seeds(match, seeds, &seeds)) {
        pixman_box32_t box;

        sum_up(match, seeds);
        if (best_box(match, seeds, &best) < MIN_SEEDS)
            break;
        best = trim(match, best);
        box = motion_edges(frame, cells, step, &best, copies, n);
        take_out(match, &box);
        if ((gint64)(box.x2 - box.x1) * (box.y2 - box.y1) < MIN_AREA)
            continue;
        copies[n++] = (MotionCopy){box, step};
        motion_cells_claim(cells, frame, &box);
    }
    return n;
}
