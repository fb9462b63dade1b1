/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lossy.h"
#include "region.h"

#define STEP_MS    (LOSSY_STILL_MS / 2) /* ages are counted in whole steps */
#define MAX_REGION 256

/* Beside changes: so many pixels a second, in steps that are worth a rectangle and take no more
 * than a few ms. Few while something is dragged or scrolled, which is soon over and has all of the
 * screen changed; more beside what goes on, as a video. Changes that stay away as long as it takes
 * to be still have ended. */
#define BESIDE_FIRST    (256 * 1024)
#define BESIDE_LATER    (1024 * 1024)
#define BESIDE_FIRST_US G_USEC_PER_SEC
#define BESIDE_LEAST    (64 * 256)
#define BESIDE_MOST     (256 * 256)
#define CHANGING_US     (LOSSY_STILL_MS * 1000)

/* By age, in steps. A pixel is in one of them at most. */
typedef enum { MOVING, RECENT, STILL, N_AGES } Age;

struct Lossy {
    void (*still)(gpointer user);
    gpointer user;
    pixman_region32_t ages[N_AGES];
    guint timer;
    gint64 began, changed; /* µs; since when there are changes; when the last were sent */
    gint64 saved, counted; /* pixels that may be made exact beside changes, as of then (µs) */
};

Lossy *
lossy_new(void (*still)(gpointer user), gpointer user)
{
    Lossy *lossy = g_new0(Lossy, 1);

    lossy->still = still;
    lossy->user = user;
    for (guint i = 0; i < N_AGES; i++)
        pixman_region32_init(&lossy->ages[i]);
    return lossy;
}

void
lossy_free(Lossy *lossy)
{
    if (!lossy)
        return;
    g_clear_handle_id(&lossy->timer, g_source_remove);
    for (guint i = 0; i < N_AGES; i++)
        pixman_region32_fini(&lossy->ages[i]);
    g_free(lossy);
}

static gboolean
on_timer(gpointer user)
{
    Lossy *lossy = user;
    pixman_region32_t *ages = lossy->ages;

    pixman_region32_union(&ages[STILL], &ages[STILL], &ages[RECENT]);
    pixman_region32_copy(&ages[RECENT], &ages[MOVING]);
    pixman_region32_clear(&ages[MOVING]);
    region_bound(&ages[STILL], MAX_REGION);
    if (region_is_empty(&ages[RECENT]) && region_is_empty(&ages[STILL]))
        lossy->timer = 0;
    if (!region_is_empty(&ages[STILL]))
        lossy->still(lossy->user);
    return lossy->timer ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
add_moving(Lossy *lossy, pixman_region32_t *area)
{
    pixman_region32_union(&lossy->ages[MOVING], &lossy->ages[MOVING], area);
    region_bound(&lossy->ages[MOVING], MAX_REGION);
    if (!lossy->timer)
        lossy->timer = g_timeout_add(STEP_MS, on_timer, lossy);
}

static void
forget(Lossy *lossy, pixman_region32_t *area)
{
    for (guint i = 0; i < N_AGES; i++)
        pixman_region32_subtract(&lossy->ages[i], &lossy->ages[i], area);
}

static void
init_box(pixman_region32_t *region, const pixman_box32_t *box)
{
    pixman_region32_init_rect(region, box->x1, box->y1, (unsigned)MAX(box->x2 - box->x1, 0),
                              (unsigned)MAX(box->y2 - box->y1, 0));
}

void
lossy_sent(Lossy *lossy, const pixman_box32_t *box, gboolean with_loss)
{
    pixman_region32_t area;

    if (!with_loss && lossy_is_empty(lossy))
        return;
    init_box(&area, box);
    forget(lossy, &area);
    if (with_loss)
        add_moving(lossy, &area);
    pixman_region32_fini(&area);
}

void
lossy_displace(Lossy *lossy, const pixman_box32_t *box, int dx, int dy)
{
    pixman_region32_t area, moved;

    if (lossy_is_empty(lossy))
        return;
    init_box(&area, box);
    pixman_region32_init(&moved);
    for (guint i = 0; i < N_AGES; i++)
        pixman_region32_union(&moved, &moved, &lossy->ages[i]);
    pixman_region32_translate(&moved, dx, dy);
    pixman_region32_intersect(&moved, &moved, &area);
    forget(lossy, &area);
    if (!region_is_empty(&moved))
        add_moving(lossy, &moved);
    pixman_region32_fini(&moved);
    pixman_region32_fini(&area);
}

void
lossy_clear(Lossy *lossy)
{
    for (guint i = 0; i < N_AGES; i++)
        pixman_region32_clear(&lossy->ages[i]);
}

/* The first of area, about pixels pixels of it. */
static void
take_first(const pixman_region32_t *area, gint64 pixels, pixman_region32_t *region)
{
    int n = 0;
    const pixman_box32_t *box = region_boxes(area, &n);

    pixman_region32_clear(region);
    for (int i = 0; i < n && pixels > 0; i++) {
        int width = box[i].x2 - box[i].x1;
        int height = (int)MIN(box[i].y2 - box[i].y1, MAX((pixels / width + 15) & ~15, 16));

        region_add(region, box[i].x1, box[i].y1, width, height);
        pixels -= (gint64)width * height;
    }
}

void
lossy_changes(Lossy *lossy, gint64 now)
{
    if (now - lossy->changed >= CHANGING_US) {
        lossy->saved = 0;
        lossy->began = lossy->counted = now;
    }
    lossy->changed = now;
}

/* How many pixels time has saved up; none that are not worth a rectangle. */
static gint64
saved(Lossy *lossy, gint64 now)
{
    gint64 rate = now - lossy->began < BESIDE_FIRST_US ? BESIDE_FIRST : BESIDE_LATER;

    lossy->saved += MIN(now - lossy->counted, G_USEC_PER_SEC) * rate / G_USEC_PER_SEC;
    lossy->saved = MIN(lossy->saved, BESIDE_MOST);
    lossy->counted = now;
    return lossy->saved < BESIDE_LEAST ? 0 : lossy->saved;
}

gboolean
lossy_take(Lossy *lossy, const pixman_region32_t *allowed, const pixman_region32_t *dirty,
           gint64 now, gint64 pixels, pixman_region32_t *region)
{
    pixman_region32_t still;
    gboolean any;

    if (region_is_empty(&lossy->ages[STILL]))
        return FALSE;
    if (lossy->changed && now - lossy->changed < CHANGING_US)
        pixels = MIN(pixels, saved(lossy, now));
    if (pixels == 0)
        return FALSE;
    pixman_region32_init(&still);
    pixman_region32_intersect(&still, (pixman_region32_t *)&lossy->ages[STILL],
                              (pixman_region32_t *)allowed);
    pixman_region32_subtract(&still, &still, (pixman_region32_t *)dirty);
    any = !region_is_empty(&still);
    if (any) {
        take_first(&still, pixels, region);
        lossy->saved -= region_area(region);
    }
    pixman_region32_fini(&still);
    return any;
}

gboolean
lossy_is_empty(const Lossy *lossy)
{
    for (guint i = 0; i < N_AGES; i++)
        if (!region_is_empty(&lossy->ages[i]))
            return FALSE;
    return TRUE;
}
