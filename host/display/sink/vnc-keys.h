/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <rfb/rfb.h>

/* QEMU's extended key events: clients that have them send scan codes, so that the guest's layout
 * counts. */

void vnc_keys_register(void); /* for all screens of the process; again is fine */

/* The sink's: a key, by scan code (0: not known) or keysym. */
void vnc_keys_pressed(rfbClientPtr rfb, guint qnum, guint32 keysym, gboolean down);
