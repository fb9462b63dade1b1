/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "damage.h"
#include "../region.h"
#include "compare.h"

#include <string.h>

#define CELL COMPARE_CELL
#define MAX_CHANGED                                                                                \
    512 /* rectangles; beyond it, cells of 64 pixels describe the change well enough */

/* What changed up to here is told to the pixel. */
#define TIGHT_MAX_RECTS 16
#define TIGHT_MAX_AREA  (64 * CELL * CELL)

struct Damage {
    const CompareKernel *kernel;
    int columns, rows; /* of cells */
    /* rows x columns flags each */
    guint8 *hinted;  /* to be walked */
    guint8 *changed; /* by this walk */
    guint8 *stale;   /* by the one before: the next frame's buffer does not have that yet */
    GArray *boxes;   /* pixman_box32_t, kept for its memory */
};

Damage *
damage_new(void)
{
    Damage *damage = g_new0(Damage, 1);

    damage->kernel = compare_kernel_best();
    damage->boxes = g_array_new(FALSE, FALSE, sizeof(pixman_box32_t));
    return damage;
}

static void
free_cells(Damage *damage)
{
    g_free(damage->hinted);
    g_free(damage->changed);
    g_free(damage->stale);
}

void
damage_free(Damage *damage)
{
    if (!damage)
        return;
    g_array_unref(damage->boxes);
    free_cells(damage);
    g_free(damage);
}

static void
prepare_cells(Damage *damage, int width, int height)
{
    int columns = (width + CELL - 1) / CELL, rows = (height + CELL - 1) / CELL;
    gsize cells = (gsize)columns * (gsize)rows;

    if (columns != damage->columns || rows != damage->rows) {
        free_cells(damage);
        damage->hinted = g_malloc(cells);
        damage->changed = g_malloc(cells);
        damage->stale = g_malloc0(cells);
        damage->columns = columns;
        damage->rows = rows;
    }
    memset(damage->hinted, 0, cells);
    memset(damage->changed, 0, cells);
}

static void
take_hint(Damage *damage, const pixman_region32_t *hint)
{
    int n = 0;
    const pixman_box32_t *box = region_boxes(hint, &n);

    for (int i = 0; i < n; i++) {
        int left = MAX(box[i].x1, 0) / CELL,
            right = MIN((box[i].x2 + CELL - 1) / CELL, damage->columns);
        int bottom = MIN((box[i].y2 + CELL - 1) / CELL, damage->rows);

        for (int row = MAX(box[i].y1, 0) / CELL; row < bottom && left < right; row++)
            memset(damage->hinted + (gsize)row * (gsize)damage->columns + left, 1,
                   (gsize)(right - left));
    }
}

/* The next run of cells that are set, at or after from; FALSE when there is none. */
static gboolean
next_run(const guint8 *cells, int columns, int from, int *begin, int *end)
{
    const guint8 *first = memchr(cells + from, 1, (gsize)(columns - from)), *stop;

    if (!first)
        return FALSE;
    *begin = (int)(first - cells);
    stop = memchr(first, 0, (gsize)(columns - *begin));
    *end = stop ? (int)(stop - cells) : columns;
    return TRUE;
}

/* Runs of changed cells become boxes; pixman joins equal runs of neighbouring rows. */
static void
collect_row(Damage *damage, int row, int width, int height)
{
    const guint8 *cells = damage->changed + (gsize)row * (gsize)damage->columns;
    int begin, end = 0;

    while (next_run(cells, damage->columns, end, &begin, &end)) {
        pixman_box32_t box = {.x1 = begin * CELL,
                              .y1 = row * CELL,
                              .x2 = MIN(end * CELL, width),
                              .y2 = MIN((row + 1) * CELL, height)};

        g_array_append_val(damage->boxes, box);
    }
}

static void
collect(Damage *damage, int width, int height, pixman_region32_t *changed)
{
    g_array_set_size(damage->boxes, 0);
    for (int row = 0; row < damage->rows; row++)
        collect_row(damage, row, width, height);
    pixman_region32_fini(changed);
    pixman_region32_init_rects(changed, (const pixman_box32_t *)(gpointer)damage->boxes->data,
                               (int)damage->boxes->len);
    region_bound(changed, MAX_CHANGED);
}

static gboolean
rows_equal(const guint32 *a, const guint32 *b, int stride, const pixman_box32_t *box, int y)
{
    gsize at = (gsize)y * (gsize)stride + (gsize)box->x1;

    return memcmp(a + at, b + at, (gsize)(box->x2 - box->x1) * sizeof *a) == 0;
}

static gboolean
columns_equal(const guint32 *a, const guint32 *b, int stride, const pixman_box32_t *box, int x)
{
    gsize at = (gsize)box->y1 * (gsize)stride + (gsize)x;

    for (int y = box->y1; y < box->y2; y++, at += (gsize)stride)
        if (a[at] != b[at])
            return FALSE;
    return TRUE;
}

/* A blinking cursor is half of a cell, a letter a quarter of those it touches. Where that little
 * changed, each rectangle ends where the change does; each holds one. */
static void
tighten(const guint32 *last, const guint32 *next, int stride, pixman_region32_t *changed)
{
    pixman_box32_t tight[TIGHT_MAX_RECTS];
    int n = 0;
    const pixman_box32_t *boxes = region_boxes(changed, &n);

    if (n == 0 || n > TIGHT_MAX_RECTS || region_area(changed) > TIGHT_MAX_AREA)
        return;
    for (int i = 0; i < n; i++) {
        pixman_box32_t *box = &tight[i];

        *box = boxes[i];
        while (box->y2 - box->y1 > 1 && rows_equal(last, next, stride, box, box->y1))
            box->y1++;
        while (box->y2 - box->y1 > 1 && rows_equal(last, next, stride, box, box->y2 - 1))
            box->y2--;
        while (box->x2 - box->x1 > 1 && columns_equal(last, next, stride, box, box->x1))
            box->x1++;
        while (box->x2 - box->x1 > 1 && columns_equal(last, next, stride, box, box->x2 - 1))
            box->x2--;
    }
    pixman_region32_fini(changed);
    pixman_region32_init_rects(changed, tight, n);
}

typedef struct {
    const guint32 *source, *last; /* of the row of cells' first pixel, and so is next */
    guint32 *next;
    int source_stride, stride;
    int width, height; /* of the row of cells */
} Band;

static void
compare_band(const Damage *damage, const Band *band, gsize cells)
{
    for (int y = 0; y < band->height; y++) {
        int begin, end = 0;

        while (next_run(damage->hinted + cells, damage->columns, end, &begin, &end)) {
            gsize x = (gsize)begin * CELL, at = (gsize)y * (gsize)band->stride + x;

            damage->kernel->row(band->source + (gsize)y * (gsize)band->source_stride + x,
                                band->source_stride, band->last + at, band->next + at, band->stride,
                                MIN(end * CELL, band->width) - begin * CELL,
                                damage->stale + cells + begin, damage->changed + cells + begin);
        }
    }
}

/* What the walk before changed and this one does not visit. */
static void
refresh_band(const Damage *damage, const Band *band, gsize cells)
{
    int begin, end = 0;

    while (next_run(damage->stale + cells, damage->columns, end, &begin, &end)) {
        for (int cell = begin; cell < end; cell++) {
            gsize x = (gsize)cell * CELL;

            for (int y = 0; y < band->height && !damage->hinted[cells + (gsize)cell]; y++)
                memcpy(band->next + (gsize)y * (gsize)band->stride + x,
                       band->last + (gsize)y * (gsize)band->stride + x,
                       (gsize)MIN(CELL, band->width - cell * CELL) * sizeof(guint32));
        }
    }
}

void
damage_walk(Damage *damage, const guint32 *source, int source_stride, const guint32 *last,
            guint32 *next, int stride, int width, int height, const pixman_region32_t *hint,
            pixman_region32_t *changed, const DamageWatch *watch)
{
    guint8 *walked;

    prepare_cells(damage, width, height);
    take_hint(damage, hint);
    for (int row = 0; row < damage->rows; row++) {
        gsize cells = (gsize)row * (gsize)damage->columns;
        gsize top = (gsize)row * CELL * (gsize)stride;
        Band band = {.source = source + (gsize)row * CELL * (gsize)source_stride,
                     .last = last + top,
                     .next = next + top,
                     .source_stride = source_stride,
                     .stride = stride,
                     .width = width,
                     .height = MIN(CELL, height - row * CELL)};

        compare_band(damage, &band, cells);
        refresh_band(damage, &band, cells);
        if (watch && memchr(damage->changed + cells, 1, (gsize)damage->columns))
            watch->row(watch->user, row, damage->changed + cells);
    }
    collect(damage, width, height, changed);
    tighten(last, next, stride, changed);
    walked = damage->changed;
    damage->changed = damage->stale;
    damage->stale = walked;
}
