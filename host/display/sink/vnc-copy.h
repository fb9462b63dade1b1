/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../plan.h"
#include "vnc-lossy.h"

/*
 * Moved content that one client copies by itself (CopyRect), in the update it is about to be sent:
 * what that does to its dirty and its lossy pixels. Main thread only.
 */

typedef struct VncCopy VncCopy;

VncCopy *vnc_copy_new(void);
void vnc_copy_free(VncCopy *copy);

/* A frame's COPYs for a client whose next update is taken now. dirty: what it lacks of the frame
 * before; becomes what it will lack, once the copies are done, of where they lead. A copy that
 * leaves allowed, or whose source the client mostly lacks, is dirty instead. */
void vnc_copy_plan(VncCopy *copy, const PlanOp *ops, guint n_ops, const pixman_region32_t *allowed,
                   VncLossy *lossy, pixman_region32_t *dirty);
gboolean vnc_copy_is_empty(const VncCopy *copy);
/* Appends the rectangles, which come before any pixels of the update, and forgets them. Returns how
 * many. */
guint vnc_copy_append(VncCopy *copy, GByteArray *bytes);
/* They are not done: where they lead is dirty. Forgets them. */
void vnc_copy_give_back(VncCopy *copy, pixman_region32_t *dirty);
