/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <pixman.h>

#define FRAME_MAX_VIDEO 4

/*
 * One picture of the screen, as the stages after damage see it. It does not change while they hold it: the pipeline lets the next
 * damage walk write into it only when every encode job of the frame has ended.
 */
typedef struct {
    const guint32 *pixels; /* x8r8g8b8; the top byte is 0 */
    const guint32 *previous; /* the whole frame that was presented before, of the same size and stride: equal outside damage; NULL when
                              * there is none to refer to (after a new size, or where damage holds more than one step) */
    int width, height;     /* pixels */
    int stride;            /* pixels */
    guint64 sequence;      /* grows by one a frame */
    guint32 generation;    /* grows by one when the size changes */
    pixman_region32_t damage; /* what differs from the frame before; exact to a tile */
    /* What keeps changing (classify/activity.h): whole cells, even sides, no overlap. */
    guint n_video;
    pixman_box32_t video[FRAME_MAX_VIDEO];
} Frame;

/* Cursor shape: ARGB, not premultiplied (as QEMU sends), at most 256 x 256. Reference counted, immutable. */
typedef struct {
    gatomicrefcount refs;
    int width, height, hot_x, hot_y;
    guint32 pixels[];
} Cursor;

Cursor *cursor_new(int width, int height, int hot_x, int hot_y, const guint8 *argb, gsize size); /* NULL when the sizes do not fit */
Cursor *cursor_ref(Cursor *cursor);
void cursor_unref(Cursor *cursor);
