/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-slice.h"
#include "region.h"

#include <stdlib.h>

#define CELL        64   /* pixels, square */
#define FIRST_COST  0.5f /* bytes a pixel, before anything is known */
#define LEAST_COST  0.01f
#define NEAR        1                 /* cells around the pointer's */
#define ENOUGH      1.5               /* so much more than the budget is not worth a cut */
#define MIN_LEARNED (CELL * CELL / 8) /* pixels of a cell that say something of the rest */

typedef struct {
    float cost; /* bytes a pixel */
    guint32 sent;
} Cell;

typedef struct {
    guint32 age; /* of all orders; the greatest goes first */
    guint index;
    float bytes;
} Candidate;

struct VncSlice {
    int columns, rows;
    Cell *cells;
    Candidate *candidates; /* room for each cell */
    pixman_box32_t *boxes; /* likewise */
    guint32 updates;
    int pointer_column, pointer_row;
};

VncSlice *
vnc_slice_new(void)
{
    VncSlice *slice = g_new0(VncSlice, 1);

    vnc_slice_pointer(slice, -CELL * 1000, -CELL * 1000);
    return slice;
}

void
vnc_slice_free(VncSlice *slice)
{
    if (!slice)
        return;
    g_free(slice->cells);
    g_free(slice->candidates);
    g_free(slice->boxes);
    g_free(slice);
}

void
vnc_slice_resize(VncSlice *slice, int width, int height)
{
    gsize n;

    slice->columns = (width + CELL - 1) / CELL;
    slice->rows = (height + CELL - 1) / CELL;
    n = (gsize)slice->columns * (gsize)slice->rows;
    slice->cells = g_renew(Cell, slice->cells, n);
    slice->candidates = g_renew(Candidate, slice->candidates, n);
    slice->boxes = g_renew(pixman_box32_t, slice->boxes, n);
    for (gsize i = 0; i < n; i++)
        slice->cells[i] = (Cell){FIRST_COST, 0};
}

void
vnc_slice_pointer(VncSlice *slice, int x, int y)
{
    slice->pointer_column = x / CELL;
    slice->pointer_row = y / CELL;
}

static int
overlap(const pixman_box32_t *box, int column, int row)
{
    int width = MIN(box->x2, (column + 1) * CELL) - MAX(box->x1, column * CELL);
    int height = MIN(box->y2, (row + 1) * CELL) - MAX(box->y1, row * CELL);

    return MAX(width, 0) * MAX(height, 0);
}

static Cell *
cell_at(const VncSlice *slice, int column, int row)
{
    return &slice->cells[row * slice->columns + column];
}

void
vnc_slice_sent(VncSlice *slice, const pixman_box32_t *box, gsize bytes)
{
    gint64 area = (gint64)(box->x2 - box->x1) * (box->y2 - box->y1);
    float cost = MAX((float)bytes / (float)MAX(area, 1), LEAST_COST);

    slice->updates++;
    for (int row = box->y1 / CELL; row * CELL < box->y2 && row < slice->rows; row++)
        for (int column = box->x1 / CELL; column * CELL < box->x2 && column < slice->columns;
             column++) {
            Cell *cell = cell_at(slice, column, row);

            if (overlap(box, column, row) >= MIN_LEARNED)
                cell->cost = cell->sent ? (cell->cost + cost) / 2 : cost;
            cell->sent = slice->updates;
        }
}

/* Calls for each box of region and each cell that it touches. */
static void
each_cell(const VncSlice *slice, const pixman_region32_t *region,
          void (*call)(const VncSlice *slice, guint index, int pixels, gpointer user),
          gpointer user)
{
    int n = 0;
    const pixman_box32_t *box = region_boxes(region, &n);

    for (int i = 0; i < n; i++)
        for (int row = box[i].y1 / CELL; row * CELL < box[i].y2 && row < slice->rows; row++)
            for (int column = box[i].x1 / CELL;
                 column * CELL < box[i].x2 && column < slice->columns; column++)
                call(slice, (guint)(row * slice->columns + column), overlap(&box[i], column, row),
                     user);
}

static void
add_cost(const VncSlice *slice, guint index, int pixels, gpointer user)
{
    *(double *)user += (double)slice->cells[index].cost * pixels;
}

gsize
vnc_slice_cost(const VncSlice *slice, const pixman_region32_t *region)
{
    double bytes = 0;

    each_cell(slice, region, add_cost, &bytes);
    return (gsize)bytes;
}

static void
add_candidate(const VncSlice *slice, guint index, int pixels, gpointer user)
{
    slice->candidates[index].bytes += slice->cells[index].cost * (float)pixels;
}

static gboolean
is_near(const VncSlice *slice, int column, int row)
{
    return ABS(column - slice->pointer_column) <= NEAR && ABS(row - slice->pointer_row) <= NEAR;
}

static int
by_age(const void *first, const void *second)
{
    const Candidate *a = first, *b = second;

    if (a->age != b->age)
        return a->age > b->age ? -1 : 1;
    return a->index < b->index ? -1 : 1; /* neighbours together: they make larger rectangles */
}

/* The cells that region touches, the first to be sent first. */
static guint
gather(VncSlice *slice, const pixman_region32_t *region)
{
    guint n = (guint)(slice->columns * slice->rows), kept = 0;

    for (guint i = 0; i < n; i++)
        slice->candidates[i] = (Candidate){0, i, 0};
    each_cell(slice, region, add_candidate, NULL);
    for (guint i = 0; i < n; i++) {
        Candidate candidate = slice->candidates[i];

        if (candidate.bytes <= 0)
            continue;
        candidate.age = is_near(slice, (int)i % slice->columns, (int)i / slice->columns)
                            ? G_MAXUINT32
                            : slice->updates - slice->cells[i].sent;
        slice->candidates[kept++] = candidate;
    }
    qsort(slice->candidates, kept, sizeof *slice->candidates, by_age);
    return kept;
}

gboolean
vnc_slice_cut(VncSlice *slice, pixman_region32_t *region, gsize bytes)
{
    pixman_region32_t chosen;
    double left = (double)bytes;
    int n_boxes = 0;
    guint n;

    if ((double)vnc_slice_cost(slice, region) <= left * ENOUGH)
        return FALSE;
    n = gather(slice, region);
    for (guint i = 0; i < n && (i == 0 || left > 0); i++) {
        int x = (int)slice->candidates[i].index % slice->columns * CELL;
        int y = (int)slice->candidates[i].index / slice->columns * CELL;

        slice->boxes[n_boxes++] = (pixman_box32_t){x, y, x + CELL, y + CELL};
        left -= (double)slice->candidates[i].bytes;
    }
    pixman_region32_init_rects(&chosen, slice->boxes, n_boxes);
    pixman_region32_intersect(region, region, &chosen);
    pixman_region32_fini(&chosen);
    return (guint)n_boxes < n;
}
