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

/* Takes over what the surface has that is new. frame->damage grows by what changed; frame->previous
 * becomes NULL where there was damage before, because that frame was never shown. */
FrameChange frame_history_walk(FrameHistory *history, Surface *surface, Frame *frame);
