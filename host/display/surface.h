/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <pixman.h>

/*
 * The screen as the source draws it: x8r8g8b8, 32 bit, native endian, top row first. The source's
 * capture thread writes; the pipeline reads changed parts into its frame. Between the two: one
 * mutex, held for a blit or for one damage walk (about a millisecond), so the source is never
 * blocked for longer. Damage that nobody has fetched merges: newer pixels win, nothing queues.
 *
 * Any thread may call; coordinates are clipped to the surface, nothing a guest sends can write
 * outside.
 */

#define SURFACE_MAX_SIDE 8192

typedef struct Surface Surface;

/* changed is called (on the writing thread, outside the lock) when damage appears where there was
 * none, or the size changes. */
Surface *surface_new(void (*changed)(gpointer user), gpointer user);
void surface_free(Surface *surface);

/* A new size; content becomes black, everything damaged. FALSE when a side is 0 or larger than
 * SURFACE_MAX_SIDE. */
gboolean surface_resize(Surface *surface, int width, int height);
/* Copies w x h pixels (stride in bytes, size of data checked) to x, y. FALSE when the data is too
 * short for what it claims, or the screen is shown from somebody else's memory. */
gboolean surface_write(Surface *surface, int x, int y, int w, int h, const guint8 *data,
                       gsize stride, gsize size);

/* The screen is now these pixels of somebody else's memory, width x height, rows stride bytes apart
 * (a multiple of four): nothing is copied. They are borrowed, and neither freed nor written to
 * until the next surface_show(), surface_resize() or surface_free() has returned. damage is what
 * differs from what was there before; NULL: perhaps all of it. FALSE, and nothing has changed, when
 * a size does not fit. */
gboolean surface_show(Surface *surface, const guint32 *pixels, int width, int height, gsize stride,
                      const pixman_region32_t *damage);
/* Its size now; FALSE while there is no screen. */
gboolean surface_size(Surface *surface, int *width, int *height);
/* Is there damage that nobody has fetched? */
gboolean surface_is_damaged(Surface *surface);

/* The pipeline's side: between lock and unlock the pixels stand still. damage is moved out (cleared
 * inside). Returns the pixels, or NULL while there is no screen. stride in pixels. */
const guint32 *surface_lock(Surface *surface, int *width, int *height, int *stride,
                            pixman_region32_t *damage);
void surface_unlock(Surface *surface);
