/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cell-map.h"
#include "../region.h"

#include <string.h>

#define HOLE 0x80 /* a cell that will be CELL_PHOTO when all have been looked at */

void
cell_map_init(CellMap *map)
{
    *map = (CellMap){.kernel = cell_kernel_best()};
}

void
cell_map_clear(CellMap *map)
{
    g_free(map->classes);
    g_free(map->colours);
    g_free(map->heights);
}

/* The cells around a region. */
static CellRect
bounds_of(const pixman_region32_t *region)
{
    const pixman_box32_t *box = pixman_region32_extents((pixman_region32_t *)region);
    CellRect rect = {box->x1 / CELL_SIZE, box->y1 / CELL_SIZE};

    rect.width = (box->x2 + CELL_SIZE - 1) / CELL_SIZE - rect.x;
    rect.height = (box->y2 + CELL_SIZE - 1) / CELL_SIZE - rect.y;
    return rect;
}

static void
prepare(CellMap *map, const Frame *frame)
{
    gsize cells;

    map->columns = (frame->width + CELL_SIZE - 1) / CELL_SIZE;
    map->rows = (frame->height + CELL_SIZE - 1) / CELL_SIZE;
    cells = (gsize)map->columns * (gsize)map->rows;
    if (cells > map->capacity) {
        map->classes = g_realloc(map->classes, cells);
        map->colours = g_renew(guint32, map->colours, cells);
        map->heights = g_renew(guint16, map->heights, cells); /* one row is used, of any length */
        map->capacity = cells;
    }
    memset(map->classes, CELL_NONE, cells);
}

static CellClass
class_of(const CellStats *stats)
{
    if (stats->solid)
        return CELL_SOLID;
    if (cell_is_photo(stats))
        return CELL_PHOTO;
    return cell_is_gentle(stats) ? CELL_GENTLE : CELL_FLAT;
}

static void
look_at(const CellMap *map, const Frame *frame, const pixman_box32_t *part, CellStats *stats)
{
    map->kernel->look(frame->pixels + (gsize)part->y1 * (gsize)frame->stride + part->x1,
                      frame->stride, part->x2 - part->x1, part->y2 - part->y1, stats);
}

/* By the part that is asked for: what changed along the edge of a window is photograph though the
 * window is text. Solid is only what is so as a whole, for operations are larger than their parts
 * of the region; and what is asked for in pieces is judged as a whole, too. */
static void
look_at_cell(CellMap *map, const Frame *frame, int column, int row, const pixman_box32_t *box)
{
    guint8 *class = cell_map_at(map, column, row);
    const pixman_box32_t cell = {column * CELL_SIZE, row * CELL_SIZE,
                                 MIN((column + 1) * CELL_SIZE, frame->width),
                                 MIN((row + 1) * CELL_SIZE, frame->height)};
    const pixman_box32_t part = {MAX(cell.x1, box->x1), MAX(cell.y1, box->y1),
                                 MIN(cell.x2, box->x2), MIN(cell.y2, box->y2)};
    gboolean first = *class == CELL_NONE;
    CellStats stats;

    look_at(map, frame, first ? &part : &cell, &stats);
    if (first && stats.solid)
        look_at(map, frame, &cell, &stats);
    *class = (guint8)class_of(&stats);
    map->colours[class - map->classes] = stats.colour;
}

void
cell_map_look(CellMap *map, const Frame *frame, const pixman_region32_t *region)
{
    int n = 0;
    const pixman_box32_t *box = region_boxes(region, &n);

    prepare(map, frame);
    map->bounds = bounds_of(region);
    for (int i = 0; i < n; i++)
        for (int row = box[i].y1 / CELL_SIZE; row * CELL_SIZE < box[i].y2; row++)
            for (int column = box[i].x1 / CELL_SIZE; column * CELL_SIZE < box[i].x2; column++)
                look_at_cell(map, frame, column, row, &box[i]);
}

/* CELL_NONE beyond the edges. */
static CellClass
class_at(const CellMap *map, int x, int y)
{
    if (x < 0 || y < 0 || x >= map->columns || y >= map->rows)
        return CELL_NONE;
    return (CellClass)*cell_map_at(map, x, y);
}

/* A gradient that touches a photograph belongs to it, and so what touches that: one sweep each way
 * finds nearly all. */
static void
settle_gentle(CellMap *map, int step)
{
    const CellRect *in = &map->bounds;
    int x1 = in->x, x2 = in->x + in->width - 1, y1 = in->y, y2 = in->y + in->height - 1;

    for (int y = step > 0 ? y1 : y2; y >= y1 && y <= y2; y += step)
        for (int x = step > 0 ? x1 : x2; x >= x1 && x <= x2; x += step) {
            guint8 *class = cell_map_at(map, x, y);

            if (*class == CELL_GENTLE && (class_at(map, x - step, y) == CELL_PHOTO ||
                                          class_at(map, x, y - step) == CELL_PHOTO))
                *class = CELL_PHOTO;
        }
}

/* Of the neighbours that are to be sent all but one are photograph. */
static gboolean
is_hole(const CellMap *map, int x, int y)
{
    int photo = 0, other = 0;

    for (int i = 0; i < 9; i++) {
        CellClass class = i == 4 ? CELL_NONE : class_at(map, x + i % 3 - 1, y + i / 3 - 1);

        photo += class == CELL_PHOTO;
        other += class != CELL_PHOTO && class != CELL_NONE;
    }
    return photo >= 4 && other <= 1;
}

static void
settle_holes(CellMap *map)
{
    const CellRect *in = &map->bounds;

    for (int y = in->y; y < in->y + in->height; y++)
        for (int x = in->x; x < in->x + in->width; x++) {
            guint8 *class = cell_map_at(map, x, y);

            if ((*class == CELL_SOLID || *class == CELL_FLAT || *class == CELL_GENTLE) &&
                is_hole(map, x, y))
                *class |= HOLE; /* its neighbours must not see it as photograph: a line of text in
                                   a photograph would go one after another */
        }
    for (int y = in->y; y < in->y + in->height; y++)
        for (int x = in->x; x < in->x + in->width; x++)
            if (*cell_map_at(map, x, y) & HOLE)
                *cell_map_at(map, x, y) = CELL_PHOTO;
}

void
cell_map_settle(CellMap *map)
{
    CellRect all = {0, 0, map->columns, map->rows};

    if (!memchr(map->classes, CELL_PHOTO, (gsize)all.width * (gsize)all.height))
        return;
    settle_gentle(map, 1);
    settle_gentle(map, -1);
    settle_holes(map);
}

static gboolean
alike(const CellMap *map, gsize a, gsize b)
{
    return map->classes[a] == map->classes[b] &&
           (map->classes[a] != CELL_SOLID || map->colours[a] == map->colours[b]);
}

CellRect
cell_map_grow(const CellMap *map, int x, int y)
{
    gsize first = (gsize)y * (gsize)map->columns + (gsize)x;
    CellRect rect = {x, y, 1, 1};

    while (x + rect.width < map->columns && alike(map, first, first + (gsize)rect.width))
        rect.width++;
    while (y + rect.height < map->rows) {
        gsize row = first + (gsize)rect.height * (gsize)map->columns;
        int i = 0;

        while (i < rect.width && alike(map, first, row + (gsize)i))
            i++;
        if (i < rect.width)
            break;
        rect.height++;
    }
    return rect;
}

/* The largest rectangle under a row of columns, whose heights in cells are known: each column in
 * turn is taken as the lowest, and goes left and right as far as others are as high. Heights are
 * alike over long runs, which are taken as one. */
static void
largest_under(const CellMap *map, int bottom, CellRect *largest)
{
    const guint16 *heights = map->heights;
    int left = map->bounds.x, right = map->bounds.x + map->bounds.width;

    for (int x = left; x < right; x++) {
        int from = x, to = x + 1, height = heights[x];

        if (!height || (x > left && heights[x - 1] == height) ||
            height * map->bounds.width <= largest->width * largest->height)
            continue;
        while (from > left && heights[from - 1] >= height)
            from--;
        while (to < right && heights[to] >= height)
            to++;
        if ((to - from) * height > largest->width * largest->height)
            *largest = (CellRect){from, bottom - height + 1, to - from, height};
    }
}

gboolean
cell_map_largest(const CellMap *map, CellClass class, CellRect *largest)
{
    const CellRect *in = &map->bounds;

    *largest = (CellRect){0};
    memset(map->heights, 0, (gsize)map->columns * sizeof *map->heights);
    for (int y = in->y; y < in->y + in->height; y++) {
        const guint8 *row = cell_map_at(map, 0, y);
        gboolean ends = FALSE; /* does the next row end some column? else it holds larger ones */

        for (int x = in->x; x < in->x + in->width; x++)
            map->heights[x] = row[x] == class ? (guint16)(map->heights[x] + 1) : 0;
        for (int x = in->x; x < in->x + in->width && !ends; x++)
            ends = map->heights[x] && class_at(map, x, y + 1) != class;
        if (ends)
            largest_under(map, y, largest);
    }
    return largest->width > 0;
}

void
cell_map_set(CellMap *map, const CellRect *rect, CellClass class)
{
    for (int y = rect->y; y < rect->y + rect->height; y++)
        memset(cell_map_at(map, rect->x, y), class, (gsize)rect->width);
}
