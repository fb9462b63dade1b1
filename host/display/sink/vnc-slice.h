/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <pixman.h>

/*
 * Which part of what changed to send first, when a slow link does not take all of it soon enough.
 * It remembers, cell by cell of the screen, what pixels cost the last time and when they were sent:
 * what waits longest goes first, so a word typed beside a video does not wait for the video; and
 * before all, what is near the pointer. Main thread only.
 */

typedef struct VncSlice VncSlice;

VncSlice *vnc_slice_new(void);
void vnc_slice_free(VncSlice *slice);

/* Another size of the screen, in pixels: nothing is known of it. */
void vnc_slice_resize(VncSlice *slice, int width, int height);
void vnc_slice_pointer(VncSlice *slice, int x, int y);
/* A rectangle, inside the screen, was sent and took bytes. */
void vnc_slice_sent(VncSlice *slice, const pixman_box32_t *box, gsize bytes);

/* What region, inside the screen, will take in bytes, as far as is known. */
gsize vnc_slice_cost(const VncSlice *slice, const pixman_region32_t *region);
/* Leaves of region what takes about bytes, and at least something. TRUE: something was cut off. */
gboolean vnc_slice_cut(VncSlice *slice, pixman_region32_t *region, gsize bytes);
