/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../plan.h"
#include "lossy.h"

/*
 * Moved content that one client copies by itself (CopyRect): what its next update begins with, and
 * what that does to its dirty and its lossy pixels. Frames that come before the client takes an
 * update add up: their copies are done one after the other. Main thread only.
 */

typedef struct VncCopy VncCopy;

VncCopy *vnc_copy_new(void);
void vnc_copy_free(VncCopy *copy);

/* The COPYs of a frame. dirty: what the client lacks of the frame before, once the copies that wait
 * are done; becomes what it will lack of where these lead, once they are done, too. Where the
 * client mostly lacks the source, or too many wait, the destination is dirty instead. */
void vnc_copy_add(VncCopy *copy, const PlanOp *ops, guint n_ops, Lossy *lossy,
                  pixman_region32_t *dirty);
gboolean vnc_copy_is_empty(const VncCopy *copy);
/* Do they stay inside region, sources and destinations? */
gboolean vnc_copy_is_within(const VncCopy *copy, const pixman_region32_t *region);
/* Appends the rectangles, which come before any pixels of the update, and forgets them. Returns how
 * many. */
guint vnc_copy_append(VncCopy *copy, GByteArray *bytes);
/* They are not done: where they lead is dirty. Forgets them. */
void vnc_copy_give_back(VncCopy *copy, pixman_region32_t *dirty);
