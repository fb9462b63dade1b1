/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "frame.h"
#include "surface.h"

/*
 * The memory behind a Frame: its pixels, and those of the frame before. The two buffers change
 * places when something changed, so nobody may read the frame meanwhile. Main thread.
 */

typedef struct FrameHistory FrameHistory;

FrameHistory *frame_history_new(void);
void frame_history_free(FrameHistory *history);

typedef enum {
    FRAME_SAME,    /* nothing changed, or there is no screen */
    FRAME_CHANGED, /* and frame->damage has it */
    FRAME_RESIZED, /* all of it is new; also when another change came on top */
} FrameChange;

/* Looks on while a frame is made that will have a previous one. begin: frame has the pixels, size,
 * stride, generation and previous one that are to be, and no damage yet; it is lent. row: as
 * DamageWatch's. Called with the surface locked. */
typedef struct {
    void (*begin)(gpointer user, const Frame *frame);
    void (*row)(gpointer user, int row, const guint8 *changed);
    gpointer user;
} FrameWatch;

/* Takes over what the surface has that is new. frame->damage grows by what changed; frame->previous
 * becomes NULL where there was damage before, because that frame was never shown. watch may be
 * NULL. */
FrameChange frame_history_walk(FrameHistory *history, Surface *surface, Frame *frame,
                               const FrameWatch *watch);
