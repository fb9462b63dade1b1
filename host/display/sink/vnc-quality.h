/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * How much of a client's wish for quality its link can carry. Photographs and videos give way, in
 * few steps, so that clients with like links still share one encoding; text stays exact. It comes
 * back when there is room, later each time that was too early.
 *
 * No clock: times are arguments, in µs, and never go back. Any single thread.
 */

#define VNC_QUALITY_STEPS 3

typedef struct VncQuality VncQuality;

VncQuality *vnc_quality_new(void);
void vnc_quality_free(VncQuality *quality);
/* An update was sent: bytes in all, of these with loss, on a link of bandwidth bytes a second (0:
 * not known). held_back: not everything fitted. */
void vnc_quality_sent(VncQuality *quality, gint64 now, gsize bytes, gsize lossy, guint64 bandwidth,
                      gboolean held_back);
/* Steps down from the client's wish: 0 to VNC_QUALITY_STEPS. */
guint vnc_quality_steps(const VncQuality *quality);
/* The level (0 to 9) to encode with, so many steps down; wish is the client's, and -1 stays -1. */
int vnc_quality_lowered(int wish, guint steps);
