/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../frame.h"

/*
 * What keeps changing: a count for each cell of how often it changed lately, and the few rectangles
 * of the screen that are video. A rectangle becomes video when most of it has changed again and
 * again without a pause, it looks like photographs, it is large and its outline stands still. It
 * then keeps its place and size, grows only when the picture around it has become video too, and
 * ends half a second after it stopped moving, or when it stopped looking like photographs.
 *
 * So none of these is video: typing, a blinking cursor, scrolled text (and what moves as a whole is
 * COPY, and not told here), a dragged window, a slide show. Main thread only.
 */

typedef struct Activity Activity;

Activity *activity_new(void);
void activity_free(Activity *activity);

/* Once a frame. changed: inside the frame, what differs from the frame before and did not just
 * move. now: microseconds that only grow. Writes the rectangles that are video now, which do not
 * overlap, lie on whole cells and have even sides, to video (FRAME_MAX_VIDEO of them) and returns
 * how many. */
guint activity_update(Activity *activity, const Frame *frame, const pixman_region32_t *changed,
                      gint64 now, pixman_box32_t *video);
