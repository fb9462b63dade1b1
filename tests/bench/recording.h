/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <pixman.h>

/* A recording in memory: plain BGRX frames, one after another. The top byte of a pixel means
 * nothing. */

typedef struct Recording Recording;

/* Maps the file, and has all of it in memory before it returns. NULL: it cannot be read. */
Recording *recording_open(const char *path, int width, int height);
void recording_free(Recording *recording);
guint recording_frames(const Recording *recording);
int recording_width(const Recording *recording);
int recording_height(const Recording *recording);
const guint32 *recording_frame(const Recording *recording, guint number);
/* What differs from the frame before, to a square of so many pixels; of frame 0, everything. */
void recording_damage(const Recording *recording, guint number, int square,
                      pixman_region32_t *damage);
/* Does the box look otherwise than in the frame before? Frame 0 does. */
gboolean recording_differs(const Recording *recording, guint number, const pixman_box32_t *box);
/* Copies a box of a frame to the same place of another picture, whose rows are stride pixels long.
 */
void recording_copy(const Recording *recording, guint number, const pixman_box32_t *box,
                    guint32 *to, int stride);
