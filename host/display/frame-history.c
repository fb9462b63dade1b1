/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frame-history.h"
#include "damage/damage.h"
#include "region.h"

#include <stdlib.h>
#include <string.h>

#define ROW_ALIGN 16 /* pixels: rows start on a cache line */

struct FrameHistory {
    Damage *damage;
    guint32 *last, *next;   /* buffers of the frame's size; last is the frame's pixels */
    pixman_region32_t hint; /* what the source reported, and is not walked yet */
    pixman_region32_t changed;
};

FrameHistory *
frame_history_new(void)
{
    FrameHistory *history = g_new0(FrameHistory, 1);

    history->damage = damage_new();
    pixman_region32_init(&history->hint);
    pixman_region32_init(&history->changed);
    return history;
}

void
frame_history_free(FrameHistory *history)
{
    if (!history)
        return;
    pixman_region32_fini(&history->hint);
    pixman_region32_fini(&history->changed);
    damage_free(history->damage);
    free(history->last);
    free(history->next);
    g_free(history);
}

/* FALSE where memory is short: the frame keeps its size. */
static gboolean
resize(FrameHistory *history, Frame *frame, int width, int height)
{
    int stride = (width + ROW_ALIGN - 1) / ROW_ALIGN * ROW_ALIGN;
    gsize size = (gsize)stride * (gsize)height * sizeof(guint32);
    guint32 *last = aligned_alloc(64, size), *next = aligned_alloc(64, size);

    if (!last || !next) {
        free(last);
        free(next);
        return FALSE;
    }
    memset(last, 0, size);
    memset(next, 0, size);
    free(history->last);
    free(history->next);
    history->last = last;
    history->next = next;
    frame->pixels = last;
    frame->width = width;
    frame->height = height;
    frame->stride = stride;
    frame->generation++;
    pixman_region32_fini(&history->hint);
    pixman_region32_init_rect(&history->hint, 0, 0, (unsigned)width, (unsigned)height);
    return TRUE;
}

/* TRUE when something changed. */
static gboolean
compare(FrameHistory *history, const guint32 *source, int stride, Frame *frame,
        const FrameWatch *watch)
{
    guint32 *last = history->last;
    Frame next = *frame;
    DamageWatch rows = {0};

    if (watch && region_is_empty(&frame->damage)) {
        next.pixels = history->next;
        next.previous = last;
        watch->begin(watch->user, &next);
        rows = (DamageWatch){watch->row, watch->user};
    }
    damage_walk(history->damage, source, stride, last, history->next, frame->stride, frame->width,
                frame->height, &history->hint, &history->changed, rows.row ? &rows : NULL);
    if (region_is_empty(&history->changed))
        return FALSE;
    history->last = history->next;
    history->next = last;
    frame->pixels = history->last;
    frame->previous = region_is_empty(&frame->damage) ? last : NULL;
    pixman_region32_union(&frame->damage, &frame->damage, &history->changed);
    return TRUE;
}

FrameChange
frame_history_walk(FrameHistory *history, Surface *surface, Frame *frame, const FrameWatch *watch)
{
    int width, height, stride;
    FrameChange change = FRAME_SAME;
    const guint32 *source = surface_lock(surface, &width, &height, &stride, &history->hint);

    if (region_is_empty(&frame->damage))
        frame->previous = frame->pixels;
    if (source && (width != frame->width || height != frame->height))
        change = resize(history, frame, width, height) ? FRAME_RESIZED : FRAME_SAME;
    if (source && width == frame->width && height == frame->height &&
        !region_is_empty(&history->hint) &&
        compare(history, source, stride, frame, change == FRAME_RESIZED ? NULL : watch))
        change = MAX(change, FRAME_CHANGED);
    surface_unlock(surface);
    if (change == FRAME_RESIZED) {
        frame->previous = NULL;
        pixman_region32_fini(&frame->damage);
        pixman_region32_init_rect(&frame->damage, 0, 0, (unsigned)width, (unsigned)height);
    }
    return change;
}
