/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../plan.h"

/*
 * Which parts of one viewer's screen libspice-server sends as video streams.
 *
 * Its public interface has no word for "this is video": it makes a stream of an area by itself once
 * that was drawn 21 times in the same size, with no more than 200 ms between two. (Its stream
 * device could begin at once, and knows nothing but the full screen.) But only drawings count, not
 * time, and one that is drawn over before it was sent is not sent. So the first frame of a video is
 * drawn 21 times in a row: they share one bitmap, and what the worker has not sent when the next
 * one comes is replaced by it. Measured with spice-gtk at 30 frames a second: the stream was there
 * 33 ms after the first VIDEO of the plan, and of 128 frames the 107 from that one on came in it.
 *
 * libspice-server sends the exact picture when a stream has been still for a second; spice-qxl.c
 * draws it earlier, in a way that keeps later frames of the stream away. Main thread only.
 */

#define SPICE_VIDEO_START  21
#define SPICE_VIDEO_AREAS  4
#define SPICE_VIDEO_GAP_US (G_USEC_PER_SEC / 2) /* libspice-server ends a stream after a second */

typedef struct {
    struct {
        PlanOp op;
        gint64 seen;  /* the plan had it then; µs, monotonic; 0: free */
        gint64 drawn; /* in a stream; 0: not yet */
    } areas[SPICE_VIDEO_AREAS];
} SpiceVideo;

void spice_video_clear(SpiceVideo *video); /* there is another surface */
/* The plan says that op is video. */
void spice_video_see(SpiceVideo *video, const PlanOp *op, gint64 now);
/* How often op is to be drawn now, as it is drawn. */
guint spice_video_draw(SpiceVideo *video, const PlanOp *op, gint64 now);
/* Takes what is video now out of region (grown to whole areas, of a screen of this size): ops has
 * room for SPICE_VIDEO_AREAS. How many there are. */
guint spice_video_take(SpiceVideo *video, pixman_region32_t *region, gint64 now, PlanOp *ops);
gboolean spice_video_any(const SpiceVideo *video, gint64 now); /* is something a stream now? */
