/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "classify.h"
#include "cell-map.h"
#include "video-plan.h"

#include <string.h>

#define FILL_MIN_CELLS 64 /* smaller solid areas compress to nothing inside their surroundings */
#define FILL_MIN_SIDE  4  /* cells */

/* A photograph's first rectangles are the largest there are, so that one of any outline is few; it
 * takes a few microseconds for each. */
#define PHOTO_LARGEST 12
/* Cells. JPEG pays from about four, for its tables are half a kilobyte; but a photograph this small
 * on its own is as likely an icon. */
#define PHOTO_MIN_CELLS 4
#define PHOTO_ALONE     16

#define STRIP_WIDTH  512 /* pixels: some height is left for deflate to find repetitions in */
#define STRIP_HEIGHT 128

/* Pixels. To some encoders a solid area is as many bytes as any other, and what is more than a
 * client's queue holds is never sent. */
#define FILL_MAX_AREA (1024 * 1024)

struct Classifier {
    CellMap map;
};

Classifier *
classifier_new(void)
{
    Classifier *classifier = g_new0(Classifier, 1);

    cell_map_init(&classifier->map);
    return classifier;
}

void
classifier_free(Classifier *classifier)
{
    if (!classifier)
        return;
    cell_map_clear(&classifier->map);
    g_free(classifier);
}

/* What is left of total when it is cut into equal parts of at most most, in whole cells. */
static int
part(int total, int most)
{
    int parts = (total + most - 1) / most;

    return (total + parts - 1) / parts;
}

/* Cuts a rectangle into pieces of at most width x area (pixels), and is done with its cells. */
static void
emit(CellMap *map, const Frame *frame, const CellRect *rect, PlanKind kind, int width, int area,
     Plan *plan)
{
    guint32 colour = map->colours[cell_map_at(map, rect->x, rect->y) - map->classes];
    int columns = part(rect->width, MIN(width, CLASSIFY_MAX_WIDTH) / CELL_SIZE);
    int rows = part(rect->height, MAX(area / (CELL_SIZE * CELL_SIZE) / columns, 1));

    for (int y = rect->y; y < rect->y + rect->height; y += rows)
        for (int x = rect->x; x < rect->x + rect->width; x += columns) {
            PlanOp op = {.kind = kind, .x = x * CELL_SIZE, .y = y * CELL_SIZE};

            op.width =
                MIN(MIN(columns, rect->x + rect->width - x) * CELL_SIZE, frame->width - op.x);
            op.height =
                MIN(MIN(rows, rect->y + rect->height - y) * CELL_SIZE, frame->height - op.y);
            if (kind == PLAN_FILL)
                op.colour = colour;
            plan_add(plan, &op);
        }
    cell_map_set(map, rect, CELL_NONE);
}

static void
take_fill(CellMap *map, const Frame *frame, const CellRect *rect, Plan *plan)
{
    if (rect->width * rect->height >= FILL_MIN_CELLS &&
        MIN(rect->width, rect->height) >= FILL_MIN_SIDE)
        emit(map, frame, rect, PLAN_FILL, CLASSIFY_MAX_WIDTH, FILL_MAX_AREA, plan);
    else
        cell_map_set(map, rect, CELL_FLAT);
}

static void
take_photo(CellMap *map, const Frame *frame, const CellRect *rect, Plan *plan)
{
    emit(map, frame, rect, PLAN_LOSSY, CLASSIFY_MAX_WIDTH, CLASSIFY_MAX_PHOTO, plan);
}

/* Where it is low it may be wide. */
static void
take_detail(CellMap *map, const Frame *frame, const CellRect *rect, PlanKind kind, Plan *plan)
{
    int width = CLASSIFY_MAX_AREA / CLAMP(rect->height * CELL_SIZE, 1, STRIP_HEIGHT);

    emit(map, frame, rect, kind, MAX(width, STRIP_WIDTH), CLASSIFY_MAX_AREA, plan);
}

static void
take_flat(CellMap *map, const Frame *frame, const CellRect *rect, Plan *plan)
{
    take_detail(map, frame, rect, PLAN_INDEXED, plan);
}

static void
take_gentle(CellMap *map, const Frame *frame, const CellRect *rect, Plan *plan)
{
    if (rect->width * rect->height >= PHOTO_MIN_CELLS)
        take_detail(map, frame, rect, PLAN_RAW, plan);
    else
        cell_map_set(map, rect, CELL_FLAT);
}

/* What is left of photographs: a rectangle of its own, or like the cells around it. */
static void
take_rest_of_photo(CellMap *map, const Frame *frame, const CellRect *rect, Plan *plan)
{
    if (rect->width * rect->height >= PHOTO_MIN_CELLS)
        take_photo(map, frame, rect, plan);
    else
        cell_map_set(map, rect, CELL_FLAT);
}

/* Takes every rectangle of a class, from the top left. */
static void
pass(CellMap *map, const Frame *frame, CellClass class, Plan *plan,
     void (*take)(CellMap *map, const Frame *frame, const CellRect *rect, Plan *plan))
{
    for (int y = map->bounds.y; y < map->bounds.y + map->bounds.height; y++) {
        const guint8 *at = cell_map_at(map, map->bounds.x, y), *end = at + map->bounds.width;

        while (at < end && (at = memchr(at, class, (gsize)(end - at)))) {
            CellRect rect = cell_map_grow(map, (int)(at - cell_map_at(map, 0, y)), y);

            take(map, frame, &rect, plan);
            at++;
        }
    }
}

static void
take_photos(CellMap *map, const Frame *frame, Plan *plan)
{
    CellRect rect;

    for (int i = 0; i < PHOTO_LARGEST && cell_map_largest(map, CELL_PHOTO, &rect); i++) {
        if (rect.width * rect.height < PHOTO_ALONE) {
            if (i == 0) /* no photograph: text has such cells, too */
                pass(map, frame, CELL_PHOTO, plan, take_gentle);
            break;
        }
        take_photo(map, frame, &rect, plan);
    }
    pass(map, frame, CELL_PHOTO, plan, take_rest_of_photo);
}

void
classify_still(Classifier *classifier, const Frame *frame, const pixman_region32_t *region,
               Plan *plan)
{
    CellMap *map = &classifier->map;
    guint first;

    plan_ops(plan, &first);
    cell_map_look(map, frame, region);
    cell_map_settle(map);
    pass(map, frame, CELL_SOLID, plan, take_fill);
    take_photos(map, frame, plan);
    pass(map, frame, CELL_GENTLE, plan, take_gentle);
    pass(map, frame, CELL_FLAT, plan, take_flat);
    plan_shrink(plan, first, region);
}

void
classify(Classifier *classifier, const Frame *frame, const pixman_region32_t *region, Plan *plan)
{
    pixman_region32_t rest;

    if (!frame->n_video) {
        classify_still(classifier, frame, region, plan);
        return;
    }
    pixman_region32_init(&rest);
    video_plan_take(frame, region, plan, &rest);
    classify_still(classifier, frame, &rest, plan);
    pixman_region32_fini(&rest);
}
