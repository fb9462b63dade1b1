/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <pixman.h>

/*
 * Which of a client's pixels are not exact, and since when they have not changed: what has been
 * still for LOSSY_STILL_MS at most is to be sent exactly. Main thread only.
 */

#define LOSSY_STILL_MS 160

typedef struct Lossy Lossy;

/* still: from the main loop, something has become still. */
Lossy *lossy_new(void (*still)(gpointer user), gpointer user);
void lossy_free(Lossy *lossy);

/* These pixels were sent, with loss or exactly; either way it is over what was there. */
void lossy_sent(Lossy *lossy, const pixman_box32_t *box, gboolean with_loss);
/* The client itself copied pixels to box, from (dx, dy) further to the left and up: what was not
 * exact there is not exact here, and has just changed; the rest of box is exact. Of several copies
 * of one update, call in the order in which the client does them. */
void lossy_displace(Lossy *lossy, const pixman_box32_t *box, int dx, int dy);
/* Everything is forgotten: the screen is sent anew. */
void lossy_clear(Lossy *lossy);

/* Changes are sent at now (µs, monotonic). Beside them pixels are made exact slowly: that takes
 * time, which the next changes would wait. */
void lossy_changes(Lossy *lossy, gint64 now);
/* What to send exactly now: of what is still, inside allowed and outside dirty, the first rows, of
 * about pixels pixels at most. FALSE: nothing, and region is untouched. It is remembered until it
 * is sent. */
gboolean lossy_take(Lossy *lossy, const pixman_region32_t *allowed, const pixman_region32_t *dirty,
                    gint64 now, gint64 pixels, pixman_region32_t *region);
/* Is every pixel exact? */
gboolean lossy_is_empty(const Lossy *lossy);
