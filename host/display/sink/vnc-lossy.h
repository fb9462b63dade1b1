/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <pixman.h>

/*
 * Which of a client's pixels are not exact, and since when they have not changed: what has been
 * still for VNC_LOSSY_STILL_MS at most is to be sent exactly. Main thread only.
 */

#define VNC_LOSSY_STILL_MS 160

typedef struct VncLossy VncLossy;

/* still: from the main loop, something has become still. */
VncLossy *vnc_lossy_new(void (*still)(gpointer user), gpointer user);
void vnc_lossy_free(VncLossy *lossy);

/* These pixels were sent, with loss or exactly; either way it is over what was there. */
void vnc_lossy_sent(VncLossy *lossy, const pixman_box32_t *box, gboolean with_loss);
/* The client itself copied pixels to box, from (dx, dy) further to the left and up: what was not
 * exact there is not exact here, and has just changed; the rest of box is exact. Of several copies
 * of one update, call in the order in which the client does them. */
void vnc_lossy_displace(VncLossy *lossy, const pixman_box32_t *box, int dx, int dy);
/* Everything is forgotten: the screen is sent anew. */
void vnc_lossy_clear(VncLossy *lossy);

/* Changes are sent at now (µs, monotonic). Beside them pixels are made exact slowly: that takes
 * time, which the next changes would wait. */
void vnc_lossy_changes(VncLossy *lossy, gint64 now);
/* What to send exactly now: of what is still, inside allowed and outside dirty, the first rows, of
 * about pixels pixels at most. FALSE: nothing, and region is untouched. It is remembered until it
 * is sent. */
gboolean vnc_lossy_take(VncLossy *lossy, const pixman_region32_t *allowed,
                        const pixman_region32_t *dirty, gint64 now, gint64 pixels,
                        pixman_region32_t *region);
/* Is every pixel exact? */
gboolean vnc_lossy_is_empty(const VncLossy *lossy);
