/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "motion.h"
#include "../region.h"
#include "motion-features.h"
#include "motion-match.h"

#define MAX_COPIES 32 /* a frame */
#define MAX_STEPS  8  /* tried a frame, and remembered for the next */
#define MIN_CELLS  24 /* changed ones, below which encoding costs less than looking */
/* A search that finds nothing for long (a film) is left out in some frames: one more in a row for
 * each PATIENCE failures, at most MAX_SKIP. */
#define PATIENCE 4
#define MAX_SKIP 3

struct MotionSearch {
    MotionCells cells;
    MotionMatch *match;
    MotionFeatures *features;
    MotionStep steps[MAX_STEPS]; /* of the last frame with copies */
    guint n_steps;
    guint failures, skip; /* searches in a row that found nothing; frames to leave out now */
    guint32 generation;
    Frame ahead; /* whose rows are compared while it is made, by the first of steps; or no pixels */
    MotionCopy copies[MAX_COPIES];
    guint n_copies;
};

MotionSearch *
motion_search_new(void)
{
    MotionSearch *search = g_new0(MotionSearch, 1);

    search->match = motion_match_new();
    search->features = motion_features_new();
    return search;
}

void
motion_search_free(MotionSearch *search)
{
    if (!search)
        return;
    motion_cells_clear(&search->cells);
    motion_match_free(search->match);
    motion_features_free(search->features);
    g_free(search);
}

/* Ahead ------------------------------------------------------------------------------------------
 */

void
motion_search_begin(MotionSearch *search, const Frame *frame)
{
    search->ahead = (Frame){0};
    if (!search->n_steps || search->generation != frame->generation)
        return;
    search->ahead = (Frame){.pixels = frame->pixels,
                            .previous = frame->previous,
                            .width = frame->width,
                            .height = frame->height,
                            .stride = frame->stride,
                            .generation = frame->generation};
    motion_match_begin(search->match, &search->ahead, search->steps[0]);
}

void
motion_search_row(MotionSearch *search, int row, const guint8 *changed)
{
    if (search->ahead.pixels)
        motion_match_row(search->match, row, changed);
}

/* Forgets what was compared ahead when that was another frame. */
static void
keep_ahead(MotionSearch *search, const Frame *frame)
{
    if (search->ahead.pixels != frame->pixels || search->ahead.previous != frame->previous)
        motion_match_forget(search->match);
    search->ahead = (Frame){0};
}

/* Finding ----------------------------------------------------------------------------------------
 */

static void
try_steps(MotionSearch *search, const Frame *frame, const MotionStep *steps, guint n_steps)
{
    for (guint i = 0; i < n_steps && search->cells.n_changed >= MIN_CELLS; i++)
        search->n_copies = motion_match(search->match, &search->cells, frame, steps[i],
                                        search->copies, search->n_copies, MAX_COPIES);
}

/* What moves goes on moving, most often: the last steps are tried before anything is searched. */
static void
find(MotionSearch *search, const Frame *frame)
{
    MotionStep steps[MAX_STEPS];
    guint all = search->cells.n_changed, found;

    try_steps(search, frame, search->steps, search->n_steps);
    if (search->cells.n_changed < MAX(MIN_CELLS, all / 4))
        return;
    if (search->skip) {
        search->skip--;
        return;
    }
    found = search->n_copies;
    try_steps(search, frame, steps,
              motion_features_vote(search->features, &search->cells, frame, steps, MAX_STEPS));
    search->failures = search->n_copies > found ? 0 : search->failures + 1;
    search->skip = MIN(search->failures / PATIENCE, MAX_SKIP);
}

static void
remember_steps(MotionSearch *search)
{
    if (!search->n_copies)
        return;
    search->n_steps = 0;
    for (guint i = 0; i < search->n_copies && search->n_steps < MAX_STEPS; i++) {
        const MotionStep *step = &search->copies[i].step;
        guint known = 0;

        while (known < search->n_steps &&
               (search->steps[known].dx != step->dx || search->steps[known].dy != step->dy))
            known++;
        if (known == search->n_steps)
            search->steps[search->n_steps++] = *step;
    }
}

/* In order ---------------------------------------------------------------------------------------
 */

/* Would a overwrite what b reads? */
static gboolean
spoils(const MotionCopy *a, const MotionCopy *b)
{
    return a->to.x1 < b->to.x2 - b->step.dx && a->to.x2 > b->to.x1 - b->step.dx &&
           a->to.y1 < b->to.y2 - b->step.dy && a->to.y2 > b->to.y1 - b->step.dy;
}

static gint64
area(const MotionCopy *copy)
{
    return (gint64)(copy->to.x2 - copy->to.x1) * (copy->to.y2 - copy->to.y1);
}

/* The next that spoils no other, or else (they wait for each other in a circle) the smallest. */
static guint
choose(const MotionSearch *search, gboolean *circle)
{
    guint smallest = 0;

    *circle = FALSE;
    for (guint i = 0; i < search->n_copies; i++) {
        guint j = 0;

        while (j < search->n_copies && (i == j || !spoils(&search->copies[i], &search->copies[j])))
            j++;
        if (j == search->n_copies)
            return i;
        if (area(&search->copies[i]) < area(&search->copies[smallest]))
            smallest = i;
    }
    *circle = TRUE;
    return smallest;
}

static void
emit(const MotionCopy *copy, Plan *plan, pixman_region32_t *rest)
{
    const pixman_box32_t *to = &copy->to;
    PlanOp op = {.kind = PLAN_COPY,
                 .x = to->x1,
                 .y = to->y1,
                 .width = to->x2 - to->x1,
                 .height = to->y2 - to->y1,
                 .copy = {to->x1 - copy->step.dx, to->y1 - copy->step.dy}};
    pixman_region32_t area;

    plan_add(plan, &op);
    pixman_region32_init_rects(&area, to, 1);
    pixman_region32_subtract(rest, rest, &area);
    pixman_region32_fini(&area);
}

/* FALSE: too little changed to look at, or there is nothing to compare it with. */
static gboolean
prepare(MotionSearch *search, const Frame *frame)
{
    search->n_copies = 0;
    if (search->generation != frame->generation)
        search->n_steps = 0;
    search->generation = frame->generation;
    if (region_is_empty(&frame->damage))
        return FALSE;
    motion_cells_load(&search->cells, frame);
    return frame->previous && search->cells.n_changed >= MIN_CELLS;
}

void
motion_search(MotionSearch *search, const Frame *frame, Plan *plan)
{
    pixman_region32_t rest;

    pixman_region32_init(&rest);
    pixman_region32_copy(&rest, (pixman_region32_t *)&frame->damage);
    keep_ahead(search, frame);
    if (prepare(search, frame)) {
        find(search, frame);
        remember_steps(search);
    }
    while (search->n_copies > 0) {
        gboolean circle;
        guint i = choose(search, &circle);

        if (!circle)
            emit(&search->copies[i], plan, &rest);
        search->copies[i] = search->copies[--search->n_copies];
    }
    plan_set_residue(plan, &rest);
    pixman_region32_fini(&rest);
}
