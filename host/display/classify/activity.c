/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "activity.h"
#include "../region.h"
#include "cell-stats.h"

#include <stdlib.h>
#include <string.h>

#define MAX_VIDEO FRAME_MAX_VIDEO

/* Milliseconds. A slow link shows few frames a second, and needs video most: four are enough. */
#define PAUSE  300 /* a cell that was left alone for longer begins anew */
#define END    500 /* video that was still for this long has ended */
#define REVIEW 250 /* how often video is looked at again */

#define HOT         5   /* changes without a pause: keeps changing */
#define WARM        3   /* likely to, beside others that do */
#define REACH       2   /* cells: what lies so near to each other is one picture */
#define MIN_WIDTH   160 /* pixels */
#define MIN_HEIGHT  112
#define MAX_WIDTH   4096 /* pixels: what decoders take */
#define MAX_HEIGHT  2304
#define TOLERANCE   1 /* cells that an edge may move while the outline counts as still */
#define STEADY      3 /* looks in a row that saw the same outline */
#define BACK_OFF    4 /* frames not to look after one in vain */
#define MANY_CELLS  2048
#define MAX_STRIKES 2 /* reviews in a row that saw no photograph */

typedef struct {
    guint32 at;    /* ms: its last change */
    guint32 frame; /* likewise, counted */
    guint8 streak; /* changes without a pause */
    guint8 in_video, visited;
} Cell;

typedef struct {
    int x1, y1, x2, y2; /* cells */
} CellBox;

typedef struct {
    CellBox box;
    int steady; /* looks */
} Candidate;

typedef struct {
    CellBox box;
    guint32 reviewed; /* ms */
    int strikes;
} Video;

struct Activity {
    int width, height;
    int columns, rows;
    const CellKernel *kernel;
    Cell *cells;
    int *stack; /* of cells to visit: each once */
    guint32 frame, now;
    int wait; /* frames not to look */
    guint n_candidates, n_videos;
    Candidate candidates[MAX_VIDEO];
    Video videos[MAX_VIDEO];
};

Activity *
activity_new(void)
{
    Activity *activity = g_new0(Activity, 1);

    activity->kernel = cell_kernel_best();
    return activity;
}

void
activity_free(Activity *activity)
{
    if (!activity)
        return;
    g_free(activity->cells);
    g_free(activity->stack);
    g_free(activity);
}

static void
take_size(Activity *activity, const Frame *frame)
{
    gsize n;

    if (activity->width == frame->width && activity->height == frame->height)
        return;
    activity->width = frame->width;
    activity->height = frame->height;
    activity->columns = (frame->width + CELL_SIZE - 1) / CELL_SIZE;
    activity->rows = (frame->height + CELL_SIZE - 1) / CELL_SIZE;
    n = (gsize)activity->columns * (gsize)activity->rows;
    g_free(activity->cells);
    g_free(activity->stack);
    activity->cells = g_new0(Cell, n);
    activity->stack = g_new(int, n);
    activity->n_candidates = activity->n_videos = 0;
}

static Cell *
row_of(const Activity *activity, int row)
{
    return activity->cells + (gsize)row * (gsize)activity->columns;
}

static gboolean
is_recent(const Activity *activity, const Cell *cell, guint32 ms)
{
    return cell->streak && activity->now - cell->at <= ms;
}

static gboolean
is_warm(const Activity *activity, const Cell *cell)
{
    return cell->streak >= WARM && is_recent(activity, cell, PAUSE);
}

/* Changes ----------------------------------------------------------------------------------------
 */

static void
count_change(Activity *activity, Cell *cell)
{
    if (cell->frame == activity->frame)
        return;
    if (!is_recent(activity, cell, PAUSE))
        cell->streak = 0;
    cell->streak = (guint8)MIN(cell->streak + 1, 255);
    cell->at = activity->now;
    cell->frame = activity->frame;
}

/* Returns how many cells keep changing that are no video yet. */
static int
count_changes(Activity *activity, const pixman_region32_t *changed)
{
    int n = 0, hot = 0;
    const pixman_box32_t *box = region_boxes(changed, &n);

    for (int i = 0; i < n; i++)
        for (int row = box[i].y1 / CELL_SIZE; row * CELL_SIZE < box[i].y2; row++) {
            Cell *cells = row_of(activity, row);

            for (int x = box[i].x1 / CELL_SIZE; x * CELL_SIZE < box[i].x2; x++) {
                count_change(activity, &cells[x]);
                hot += cells[x].streak >= HOT && !cells[x].in_video;
            }
        }
    return hot;
}

/* Boxes ------------------------------------------------------------------------------------------
 */

static int
box_area(const CellBox *box)
{
    return (box->x2 - box->x1) * (box->y2 - box->y1);
}

static gboolean
boxes_overlap(const CellBox *a, const CellBox *b)
{
    return a->x1 < b->x2 && b->x1 < a->x2 && a->y1 < b->y2 && b->y1 < a->y2;
}

static gboolean
boxes_near(const CellBox *a, const CellBox *b)
{
    return abs(a->x1 - b->x1) <= TOLERANCE && abs(a->y1 - b->y1) <= TOLERANCE &&
           abs(a->x2 - b->x2) <= TOLERANCE && abs(a->y2 - b->y2) <= TOLERANCE;
}

static CellBox
boxes_union(const CellBox *a, const CellBox *b)
{
    return (CellBox){MIN(a->x1, b->x1), MIN(a->y1, b->y1), MAX(a->x2, b->x2), MAX(a->y2, b->y2)};
}

/* A screen of odd size ends in half a cell that video cannot have. */
static void
make_even(const Activity *activity, CellBox *box)
{
    if (box->x2 * CELL_SIZE > activity->width && activity->width % 2)
        box->x2--;
    if (box->y2 * CELL_SIZE > activity->height && activity->height % 2)
        box->y2--;
}

static pixman_box32_t
box_pixels(const Activity *activity, const CellBox *box)
{
    return (pixman_box32_t){box->x1 * CELL_SIZE, box->y1 * CELL_SIZE,
                            MIN(box->x2 * CELL_SIZE, activity->width),
                            MIN(box->y2 * CELL_SIZE, activity->height)};
}

/* What video looks like --------------------------------------------------------------------------
 */

static gboolean
has_fit_size(const Activity *activity, const CellBox *box)
{
    pixman_box32_t pixels = box_pixels(activity, box);
    int width = pixels.x2 - pixels.x1, height = pixels.y2 - pixels.y1;

    return width >= MIN_WIDTH && height >= MIN_HEIGHT && width <= MAX_WIDTH && height <= MAX_HEIGHT;
}

/* How many cells of the box changed at least streak times without a pause, the last time within
 * ms. */
static int
count_active(const Activity *activity, const CellBox *box, int streak, guint32 ms)
{
    int n = 0;

    for (int y = box->y1; y < box->y2; y++)
        for (int x = box->x1; x < box->x2; x++) {
            const Cell *cell = row_of(activity, y) + x;

            n += cell->streak >= streak && is_recent(activity, cell, ms);
        }
    return n;
}

/* Half of it likely, a third surely: parts of a film stand still. */
static gboolean
keeps_changing(const Activity *activity, const CellBox *box)
{
    return count_active(activity, box, WARM, PAUSE) * 2 >= box_area(box) &&
           count_active(activity, box, HOT, PAUSE) * 3 >= box_area(box);
}

static gboolean
still_changes(const Activity *activity, const CellBox *box)
{
    return count_active(activity, box, 1, END) * 4 >= box_area(box);
}

/* In the main: half of what is not of one colour, and that a quarter of all. One cell of four tells
 * enough, of many one of sixteen. */
static gboolean
is_photo_like(const Activity *activity, const Frame *frame, const CellBox *box)
{
    int cells = 0, solid = 0, photo = 0, step = box_area(box) >= MANY_CELLS ? 4 : 2;

    for (int row = box->y1; row < box->y2; row += step)
        for (int column = box->x1; column < box->x2; column += step) {
            int x = column * CELL_SIZE, y = row * CELL_SIZE;
            CellStats stats;

            activity->kernel->look(frame->pixels + (gsize)y * (gsize)frame->stride + x,
                                   frame->stride, MIN(CELL_SIZE, frame->width - x),
                                   MIN(CELL_SIZE, frame->height - y), &stats);
            cells++;
            solid += stats.solid;
            photo += !stats.solid && (cell_is_photo(&stats) || cell_is_gentle(&stats));
        }
    return photo * 2 >= cells - solid && (cells - solid) * 4 >= cells;
}

static gboolean
is_video(const Activity *activity, const Frame *frame, const CellBox *box)
{
    return has_fit_size(activity, box) && keeps_changing(activity, box) &&
           is_photo_like(activity, frame, box);
}

/* Where it is ------------------------------------------------------------------------------------
 */

/* The extents of the warm cells that hang together with this one. */
static CellBox
follow(Activity *activity, int column, int row)
{
    CellBox box = {column, row, column + 1, row + 1};
    int n = 0;

    activity->stack[n++] = row * activity->columns + column;
    row_of(activity, row)[column].visited = 1;
    while (n > 0) {
        int at = activity->stack[--n], x = at % activity->columns, y = at / activity->columns;
        CellBox self = {x, y, x + 1, y + 1};

        box = boxes_union(&box, &self);
        for (int v = MAX(y - REACH, 0); v <= MIN(y + REACH, activity->rows - 1); v++)
            for (int u = MAX(x - REACH, 0); u <= MIN(x + REACH, activity->columns - 1); u++) {
                Cell *cell = row_of(activity, v) + u;

                if (cell->visited || !is_warm(activity, cell))
                    continue;
                cell->visited = 1;
                activity->stack[n++] = v * activity->columns + u;
            }
    }
    return box;
}

/* Cells that are video already lead to what has grown around them. */
static guint
find_boxes(Activity *activity, const Frame *frame, CellBox *boxes)
{
    guint n = 0;
    gsize cells = (gsize)activity->columns * (gsize)activity->rows;

    for (gsize i = 0; i < cells; i++)
        activity->cells[i].visited = 0;
    for (gsize i = 0; i < cells && n < MAX_VIDEO; i++) {
        const Cell *cell = &activity->cells[i];

        if (cell->visited || cell->in_video || cell->streak < HOT ||
            !is_recent(activity, cell, PAUSE))
            continue;
        boxes[n] = follow(activity, (int)(i % (gsize)activity->columns),
                          (int)(i / (gsize)activity->columns));
        make_even(activity, &boxes[n]);
        n += is_video(activity, frame, &boxes[n]);
    }
    return n;
}

static void
mark(Activity *activity, const CellBox *box, guint8 in_video)
{
    for (int y = box->y1; y < box->y2; y++)
        for (int x = box->x1; x < box->x2; x++)
            row_of(activity, y)[x].in_video = in_video;
}

static void
end_video(Activity *activity, guint i)
{
    mark(activity, &activity->videos[i].box, 0);
    activity->videos[i] = activity->videos[--activity->n_videos];
}

/* With every video that it overlaps, and those that it then overlaps. */
static CellBox
grown_together(const Activity *activity, CellBox box)
{
    gboolean grown = TRUE;

    while (grown) {
        grown = FALSE;
        for (guint i = 0; i < activity->n_videos; i++) {
            const CellBox *video = &activity->videos[i].box;
            CellBox both = boxes_union(video, &box);

            if (boxes_overlap(video, &box) && box_area(&both) > box_area(&box)) {
                box = both;
                grown = TRUE;
            }
        }
    }
    return box;
}

/* In place of what it has grown from, or has grown together with. */
static void
begin_video(Activity *activity, const CellBox *found)
{
    CellBox box = grown_together(activity, *found);

    if (!has_fit_size(activity, &box))
        return;
    for (guint i = activity->n_videos; i-- > 0;)
        if (boxes_overlap(&activity->videos[i].box, &box))
            end_video(activity, i);
    if (activity->n_videos == MAX_VIDEO)
        return;
    activity->videos[activity->n_videos++] = (Video){.box = box, .reviewed = activity->now};
    mark(activity, &box, 1);
}

/* The candidate that the box belongs to: as it was first seen, so that one which creeps is none. */
static Candidate
candidate_for(const Activity *activity, const CellBox *box)
{
    for (guint i = 0; i < activity->n_candidates; i++)
        if (boxes_near(&activity->candidates[i].box, box))
            return activity->candidates[i];
    return (Candidate){.box = *box};
}

static void
look_for_videos(Activity *activity, const Frame *frame)
{
    CellBox boxes[MAX_VIDEO + 1];
    Candidate candidates[MAX_VIDEO];
    guint n = find_boxes(activity, frame, boxes), n_candidates = 0;

    for (guint i = 0; i < n; i++) {
        Candidate candidate = candidate_for(activity, &boxes[i]);

        if (++candidate.steady >= STEADY)
            begin_video(activity, &boxes[i]);
        else
            candidates[n_candidates++] = candidate;
    }
    activity->n_candidates = n_candidates;
    memcpy(activity->candidates, candidates, n_candidates * sizeof *candidates);
    activity->wait = n ? 0 : BACK_OFF;
}

static gboolean
has_ended(const Activity *activity, const Frame *frame, Video *video)
{
    video->reviewed = activity->now;
    video->strikes = is_photo_like(activity, frame, &video->box) ? 0 : video->strikes + 1;
    return video->strikes >= MAX_STRIKES || !still_changes(activity, &video->box);
}

static void
review_videos(Activity *activity, const Frame *frame)
{
    for (guint i = activity->n_videos; i-- > 0;)
        if (activity->now - activity->videos[i].reviewed >= REVIEW &&
            has_ended(activity, frame, &activity->videos[i]))
            end_video(activity, i);
}

guint
activity_update(Activity *activity, const Frame *frame, const pixman_region32_t *changed,
                gint64 now, pixman_box32_t *video)
{
    int hot;

    take_size(activity, frame);
    activity->frame++;
    activity->now = (guint32)(now / 1000);
    hot = count_changes(activity, changed);
    review_videos(activity, frame);
    if (activity->wait > 0)
        activity->wait--;
    else if (hot * CELL_SIZE * CELL_SIZE >= MIN_WIDTH * MIN_HEIGHT / 3)
        look_for_videos(activity, frame);
    for (guint i = 0; i < activity->n_videos; i++)
        video[i] = box_pixels(activity, &activity->videos[i].box);
    return activity->n_videos;
}
