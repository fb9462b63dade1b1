/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "classify.h"
#include "../region.h"
#include "cell-stats.h"

#include <string.h>

#define MAX_WIDTH 2048 /* Tight's limit */
#define ENCODED_WIDTH                                                                              \
    512                    /* wide enough to find repetitions, and leaves a rectangle some height  \
                            */
#define FILL_MIN_CELLS  16 /* smaller solid areas compress to nothing inside their surroundings */
#define FILL_MIN_SIDE   2  /* cells */
#define PHOTO_MIN_CELLS 16 /* a smaller photograph is not worth a rectangle of its own */
#define PHOTO_MIN_SIDE  3  /* cells */

/* Pixels. To some encoders a solid area is as many bytes as any other, and what is more than a
 * client's queue holds is never sent. */
#define FILL_MAX_AREA (1024 * 1024)

typedef enum { CELL_NONE, CELL_DETAIL, CELL_PHOTO, CELL_SOLID } CellClass;

struct Classifier {
    int columns, rows; /* of cells */
    gsize capacity;
    guint8 *classes;  /* CellClass each; CELL_NONE once an operation covers it */
    guint32 *colours; /* of solid cells */
};

typedef struct {
    int x, y, width, height; /* cells */
} CellRect;

Classifier *
classifier_new(void)
{
    return g_new0(Classifier, 1);
}

void
classifier_free(Classifier *classifier)
{
    if (!classifier)
        return;
    g_free(classifier->classes);
    g_free(classifier->colours);
    g_free(classifier);
}

static void
prepare(Classifier *classifier, const Frame *frame)
{
    gsize cells;

    classifier->columns = (frame->width + CELL_SIZE - 1) / CELL_SIZE;
    classifier->rows = (frame->height + CELL_SIZE - 1) / CELL_SIZE;
    cells = (gsize)classifier->columns * (gsize)classifier->rows;
    if (cells > classifier->capacity) {
        classifier->classes = g_realloc(classifier->classes, cells);
        classifier->colours = g_renew(guint32, classifier->colours, cells);
        classifier->capacity = cells;
    }
    memset(classifier->classes, CELL_NONE, cells);
}

static void
look_at_cell(Classifier *classifier, const Frame *frame, int column, int row)
{
    gsize index = (gsize)row * (gsize)classifier->columns + (gsize)column;
    int x = column * CELL_SIZE, y = row * CELL_SIZE;
    CellStats stats =
        cell_stats(frame->pixels + (gsize)y * (gsize)frame->stride + x, frame->stride,
                   MIN(CELL_SIZE, frame->width - x), MIN(CELL_SIZE, frame->height - y));

    classifier->classes[index] = (guint8)(stats.solid    ? CELL_SOLID
                                          : stats.smooth ? CELL_PHOTO
                                                         : CELL_DETAIL);
    classifier->colours[index] = stats.colour;
}

static void
look(Classifier *classifier, const Frame *frame, const pixman_region32_t *region)
{
    int n = 0;
    const pixman_box32_t *box = region_boxes(region, &n);

    for (int i = 0; i < n; i++)
        for (int row = box[i].y1 / CELL_SIZE; row * CELL_SIZE < box[i].y2; row++)
            for (int column = box[i].x1 / CELL_SIZE; column * CELL_SIZE < box[i].x2; column++)
                if (classifier->classes[(gsize)row * (gsize)classifier->columns + (gsize)column] ==
                    CELL_NONE)
                    look_at_cell(classifier, frame, column, row);
}

static gboolean
alike(const Classifier *classifier, gsize a, gsize b)
{
    return classifier->classes[a] == classifier->classes[b] &&
           (classifier->classes[a] != CELL_SOLID ||
            classifier->colours[a] == classifier->colours[b]);
}

/* The rectangle of like cells that begins at (x, y): as wide as it goes, then as high. max_area in
 * cells. */
static CellRect
grow(const Classifier *classifier, int x, int y, int max_width, int max_area)
{
    gsize first = (gsize)y * (gsize)classifier->columns + (gsize)x;
    CellRect rect = {x, y, 1, 1};

    while (rect.width < max_width && x + rect.width < classifier->columns &&
           alike(classifier, first, first + (gsize)rect.width))
        rect.width++;
    while (y + rect.height < classifier->rows && rect.width * (rect.height + 1) <= max_area) {
        gsize row = first + (gsize)rect.height * (gsize)classifier->columns;
        int i = 0;

        while (i < rect.width && alike(classifier, first, row + (gsize)i))
            i++;
        if (i < rect.width)
            break;
        rect.height++;
    }
    return rect;
}

static void
set_class(Classifier *classifier, const CellRect *rect, CellClass class)
{
    for (int row = 0; row < rect->height; row++)
        memset(classifier->classes + (gsize)(rect->y + row) * (gsize)classifier->columns + rect->x,
               class, (gsize)rect->width);
}

static void
emit(Classifier *classifier, const Frame *frame, const CellRect *rect, PlanKind kind, Plan *plan)
{
    PlanOp op = {.kind = kind, .x = rect->x * CELL_SIZE, .y = rect->y * CELL_SIZE};

    op.width = MIN(rect->width * CELL_SIZE, frame->width - op.x);
    op.height = MIN(rect->height * CELL_SIZE, frame->height - op.y);
    if (kind == PLAN_FILL)
        op.colour =
            classifier->colours[(gsize)rect->y * (gsize)classifier->columns + (gsize)rect->x];
    plan_add(plan, &op);
    set_class(classifier, rect, CELL_NONE);
}

static gboolean
is_worth(const CellRect *rect, int min_cells, int min_side)
{
    return rect->width * rect->height >= min_cells && MIN(rect->width, rect->height) >= min_side;
}

static void
take_fills(Classifier *classifier, const Frame *frame, int x, int y, Plan *plan)
{
    CellRect rect =
        grow(classifier, x, y, MAX_WIDTH / CELL_SIZE, FILL_MAX_AREA / (CELL_SIZE * CELL_SIZE));

    if (is_worth(&rect, FILL_MIN_CELLS, FILL_MIN_SIDE))
        emit(classifier, frame, &rect, PLAN_FILL, plan);
    else
        set_class(classifier, &rect, CELL_DETAIL);
}

static void
take_photos(Classifier *classifier, const Frame *frame, int x, int y, Plan *plan)
{
    CellRect rect = grow(classifier, x, y, ENCODED_WIDTH / CELL_SIZE,
                         CLASSIFY_MAX_AREA / (CELL_SIZE * CELL_SIZE));

    if (is_worth(&rect, PHOTO_MIN_CELLS, PHOTO_MIN_SIDE))
        emit(classifier, frame, &rect, PLAN_LOSSY, plan);
    else
        set_class(classifier, &rect, CELL_DETAIL);
}

static void
take_details(Classifier *classifier, const Frame *frame, int x, int y, Plan *plan)
{
    CellRect rect = grow(classifier, x, y, ENCODED_WIDTH / CELL_SIZE,
                         CLASSIFY_MAX_AREA / (CELL_SIZE * CELL_SIZE));

    emit(classifier, frame, &rect, PLAN_RAW, plan);
}

static void
pass(Classifier *classifier, const Frame *frame, CellClass class, Plan *plan,
     void (*take)(Classifier *classifier, const Frame *frame, int x, int y, Plan *plan))
{
    for (int y = 0; y < classifier->rows; y++) {
        const guint8 *row = classifier->classes + (gsize)y * (gsize)classifier->columns;
        const guint8 *at = row, *end = row + classifier->columns;

        while ((at = memchr(at, class, (gsize)(end - at)))) {
            take(classifier, frame, (int)(at - row), y, plan);
            at++;
        }
    }
}

void
classify(Classifier *classifier, const Frame *frame, const pixman_region32_t *region, Plan *plan)
{
    prepare(classifier, frame);
    look(classifier, frame, region);
    pass(classifier, frame, CELL_SOLID, plan, take_fills);
    pass(classifier, frame, CELL_PHOTO, plan, take_photos);
    pass(classifier, frame, CELL_DETAIL, plan, take_details);
}
