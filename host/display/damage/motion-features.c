/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "motion-features.h"

#include <string.h>

#define CELL       MOTION_CELL
#define KEY_WIDTH  32 /* pixels: some letters, so that a word or two tell a place */
#define KEY_HEIGHT 4
#define MIN_VOTES  3

/* Where there are so many features, a part of the rows of the frame before tells whether it has any
 * of them: what moved in a large area is seen if it is some 350 rows high. */
#define ENOUGH_PLACES 1000
#define FIRST_PASS    4 /* of the rows that are looked at, one in so many comes first */

#define MAX_PLACES  8192 /* features of the frame; 1080p text has some thousand */
#define PLACE_SLOTS 16384
#define MAX_STEPS   256 /* different ones; content that moved brings its steps early and often */
#define STEP_SLOTS  1024
#define HINT_BITS   65536

/* A feature of the frame, and where the frame before has it. */
typedef struct {
    guint64 key;
    guint16 x, y, before_x, before_y;
    guint8 n_now, n_before; /* 2: several */
} Place;

typedef struct {
    MotionStep step;
    guint votes;
} Ballot;

struct MotionFeatures {
    const MotionHashKernel *kernel;
    Place places[MAX_PLACES];
    guint n_places, n_known;          /* known: the frame before has it, too */
    guint16 place_slots[PLACE_SLOTS]; /* index + 1 */
    Ballot ballots[MAX_STEPS];
    guint n_ballots;
    guint16 step_slots[STEP_SLOTS];
    guint64 hints[HINT_BITS / 64]; /* one bit for each hash that the frame has */
    guint32 scratch[MOTION_MAX_ROW + 16], hashes[MOTION_MAX_ROW + 16];
    guint16 xs[MOTION_MAX_ROW + 16];
};

/* Which rows are looked at: of the frame before one in stride, of the frame as many together, and
 * such a group in each period. So every way down meets a row that both have. Periods are prime, or
 * all groups might meet the gaps between the lines of a text. */
typedef struct {
    int stride, period;
} Sampling;

typedef void (*TakeFeature)(MotionFeatures *features, const Frame *frame, int x, int y,
                            guint32 hash);

MotionFeatures *
motion_features_new(void)
{
    MotionFeatures *features = g_new0(MotionFeatures, 1);

    features->kernel = motion_hash_kernel_best();
    return features;
}

void
motion_features_free(MotionFeatures *features)
{
    g_free(features);
}

/* The larger the area, the sparser: 2000 to 8000 features at most are wanted. */
static Sampling
choose_sampling(const MotionCells *cells)
{
    guint pixels = cells->n_changed * CELL * CELL;

    if (pixels <= 128 * 1024)
        return (Sampling){2, 5};
    if (pixels <= 1024 * 1024)
        return (Sampling){4, 29};
    return (Sampling){4, 61};
}

static guint64
key_of(const guint32 *pixels, int stride)
{
    guint64 key = 0;

    for (int y = 0; y < KEY_HEIGHT; y++) {
        guint64 pair;

        for (int x = 0; x < KEY_WIDTH; x += 2) {
            memcpy(&pair, pixels + (gsize)y * (gsize)stride + x, sizeof pair);
            key = (key ^ pair) * 0x9e3779b97f4a7c15u;
            key ^= key >> 29;
        }
    }
    return key;
}

static Place *
find_place(MotionFeatures *features, guint64 key, gboolean add)
{
    guint slot = (guint)(key >> 40) % PLACE_SLOTS;

    for (; features->place_slots[slot]; slot = (slot + 1) % PLACE_SLOTS) {
        Place *place = &features->places[features->place_slots[slot] - 1];

        if (place->key == key)
            return place;
    }
    if (!add || features->n_places == MAX_PLACES)
        return NULL;
    features->place_slots[slot] = (guint16)(features->n_places + 1);
    features->places[features->n_places] = (Place){.key = key};
    return &features->places[features->n_places++];
}

static void
take_now(MotionFeatures *features, const Frame *frame, int x, int y, guint32 hash)
{
    Place *place = find_place(
        features, key_of(frame->pixels + (gsize)y * (gsize)frame->stride + (gsize)x, frame->stride),
        TRUE);

    if (!place)
        return;
    features->hints[hash % HINT_BITS / 64] |= (guint64)1 << hash % 64;
    place->x = (guint16)x;
    place->y = (guint16)y;
    place->n_now = (guint8)MIN(place->n_now + 1, 2);
}

static void
take_before(MotionFeatures *features, const Frame *frame, int x, int y, guint32 hash)
{
    Place *place;

    if (!(features->hints[hash % HINT_BITS / 64] >> hash % 64 & 1))
        return;
    place = find_place(
        features,
        key_of(frame->previous + (gsize)y * (gsize)frame->stride + (gsize)x, frame->stride), FALSE);
    if (!place)
        return;
    features->n_known++;
    place->before_x = (guint16)x;
    place->before_y = (guint16)y;
    place->n_before = (guint8)MIN(place->n_before + 1, 2);
}

/* The features among the changed cells of one row of pixels. */
static void
scan_row(MotionFeatures *features, const MotionCells *cells, const Frame *frame,
         const guint32 *pixels, int y, TakeFeature take)
{
    const guint8 *changed = cells->changed + (gsize)(y / CELL) * (gsize)cells->columns,
                 *end = changed + cells->columns, *run = changed;

    while ((run = memchr(run, 1, (gsize)(end - run)))) {
        const guint8 *stop = memchr(run, 0, (gsize)(end - run));
        int x = (int)(run - changed) * CELL;
        int right = MIN((int)((stop ? stop : end) - changed) * CELL, frame->width - KEY_WIDTH + 1);

        run = stop ? stop : end;
        if (right > x) {
            guint n =
                features->kernel->row(pixels + (gsize)y * (gsize)frame->stride + (gsize)x,
                                      right - x, features->scratch, features->xs, features->hashes);

            for (guint i = 0; i < n; i++)
                take(features, frame, x + features->xs[i], y, features->hashes[i]);
        }
        if (run == end)
            break;
    }
}

/* Places and steps ------------------------------------------------------------------------------
 */

static void
vote(MotionFeatures *features, MotionStep step)
{
    guint slot = ((guint)step.dx * 0x9e3779b1u + (guint)step.dy * 0x85ebca6bu) >> 22;

    for (; features->step_slots[slot]; slot = (slot + 1) % STEP_SLOTS) {
        Ballot *ballot = &features->ballots[features->step_slots[slot] - 1];

        if (ballot->step.dx == step.dx && ballot->step.dy == step.dy) {
            ballot->votes++;
            return;
        }
    }
    if (features->n_ballots == MAX_STEPS)
        return;
    features->step_slots[slot] = (guint16)(features->n_ballots + 1);
    features->ballots[features->n_ballots++] = (Ballot){step, 1};
}

static void
count(MotionFeatures *features)
{
    memset(features->step_slots, 0, sizeof features->step_slots);
    features->n_ballots = 0;
    for (guint i = 0; i < features->n_places; i++) {
        const Place *place = &features->places[i];
        MotionStep step = {place->x - place->before_x, place->y - place->before_y};

        if (place->n_now == 1 && place->n_before == 1 && (step.dx || step.dy))
            vote(features, step);
    }
}

static guint
choose(MotionFeatures *features, MotionStep *steps, guint max)
{
    guint n = 0;

    while (n < max) {
        Ballot *best = NULL;

        for (guint i = 0; i < features->n_ballots; i++)
            if (!best || features->ballots[i].votes > best->votes)
                best = &features->ballots[i];
        if (!best || best->votes < MIN_VOTES)
            break;
        steps[n++] = best->step;
        best->votes = 0;
    }
    return n;
}

/* Each row once: a first few, and the others if these have something. Photographs have nothing. */
static void
scan_before(MotionFeatures *features, const MotionCells *cells, const Frame *frame, int stride)
{
    int bottom = frame->height - KEY_HEIGHT, first = stride * FIRST_PASS;

    for (int y = 0; y <= bottom; y += first)
        scan_row(features, cells, frame, frame->previous, y, take_before);
    if (features->n_places >= ENOUGH_PLACES && !features->n_known)
        return;
    for (int y = 0; y <= bottom; y += stride)
        if (y % first != 0)
            scan_row(features, cells, frame, frame->previous, y, take_before);
}

guint
motion_features_vote(MotionFeatures *features, const MotionCells *cells, const Frame *frame,
                     MotionStep *steps, guint max)
{
    Sampling sampling = choose_sampling(cells);
    int bottom = frame->height - KEY_HEIGHT;

    if (frame->width > MOTION_MAX_ROW)
        return 0;
    memset(features->place_slots, 0, sizeof features->place_slots);
    memset(features->hints, 0, sizeof features->hints);
    features->n_places = features->n_known = 0;
    for (int y = 0; y <= bottom; y++)
        if (y % sampling.period < sampling.stride)
            scan_row(features, cells, frame, frame->pixels, y, take_now);
    if (!features->n_places)
        return 0;
    scan_before(features, cells, frame, sampling.stride);
    count(features);
    return choose(features, steps, max);
}
