/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "damage.h"
#include "../region.h"
#include "compare.h"

#include <string.h>

#define CELL COMPARE_CELL
#define MAX_CHANGED                                                                                \
    512 /* rectangles; beyond it, cells of 64 pixels describe the change well enough */

struct Damage {
    const CompareKernel *kernel;
    int columns, rows; /* of cells */
    guint8 *cells;     /* rows x columns: 1 where a pixel changed */
    GArray *boxes;     /* pixman_box32_t, kept for its memory */
};

Damage *
damage_new(void)
{
    Damage *damage = g_new0(Damage, 1);

    damage->kernel = compare_kernel_best();
    damage->boxes = g_array_new(FALSE, FALSE, sizeof(pixman_box32_t));
    return damage;
}

void
damage_free(Damage *damage)
{
    if (!damage)
        return;
    g_array_unref(damage->boxes);
    g_free(damage->cells);
    g_free(damage);
}

static void
prepare_cells(Damage *damage, int width, int height)
{
    int columns = (width + CELL - 1) / CELL, rows = (height + CELL - 1) / CELL;

    if (columns != damage->columns || rows != damage->rows) {
        g_free(damage->cells);
        damage->cells = g_malloc((gsize)columns * (gsize)rows);
        damage->columns = columns;
        damage->rows = rows;
    }
    memset(damage->cells, 0, (gsize)columns * (gsize)rows);
}

/* Runs of changed cells become boxes; pixman joins equal runs of neighbouring rows. */
static void
collect_row(Damage *damage, int row, int width, int height)
{
    const guint8 *cells = damage->cells + (gsize)row * (gsize)damage->columns,
                 *end = cells + damage->columns, *run = cells;

    while ((run = memchr(run, 1, (gsize)(end - run)))) {
        const guint8 *stop = memchr(run, 0, (gsize)(end - run));
        pixman_box32_t box = {.y1 = row * CELL, .y2 = MIN((row + 1) * CELL, height)};

        stop = stop ? stop : end;
        box.x1 = (int)(run - cells) * CELL;
        box.x2 = MIN((int)(stop - cells) * CELL, width);
        g_array_append_val(damage->boxes, box);
        run = stop;
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

void
damage_walk(Damage *damage, const guint32 *source, int source_stride, guint32 *frame,
            int frame_stride, int width, int height, const pixman_region32_t *hint,
            pixman_region32_t *changed)
{
    int n = 0;
    const pixman_box32_t *box = region_boxes(hint, &n);

    prepare_cells(damage, width, height);
    for (int i = 0; i < n; i++) {
        int x1 = MAX(box[i].x1, 0) / CELL * CELL,
            x2 = MIN((box[i].x2 + CELL - 1) / CELL * CELL, width);
        int y2 = MIN(box[i].y2, height);

        for (int y = MAX(box[i].y1, 0); y < y2 && x1 < x2; y++)
            damage->kernel->row(source + (gsize)y * (gsize)source_stride + x1,
                                frame + (gsize)y * (gsize)frame_stride + x1, x2 - x1,
                                damage->cells + (gsize)(y / CELL) * (gsize)damage->columns +
                                    x1 / CELL);
    }
    collect(damage, width, height, changed);
}
