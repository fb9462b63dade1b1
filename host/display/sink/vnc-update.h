/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "encode/encoder.h"
#include "sink.h"
#include "vnc-output.h"

/*
 * What one client has still to be sent, and may be sent: its dirty pixels, its requests, what it
 * saw with loss and wants sharp once it is still, and the little things that travel as rectangles
 * (size, cursor, lights). Main thread only.
 */

typedef struct VncUpdate VncUpdate;

/* wants_frame: something could be sent now. */
VncUpdate *vnc_update_new(void (*wants_frame)(gpointer user), gpointer user);
void vnc_update_free(VncUpdate *update);

/* From the client. */
void vnc_update_set_format(VncUpdate *update, const PixelFormat *format);
void vnc_update_set_encodings(VncUpdate *update, const guint8 *list,
                              guint n_encodings); /* as on the wire */
void vnc_update_request(VncUpdate *update, gboolean incremental, int x, int y, int width,
                        int height);
void vnc_update_continuous(VncUpdate *update, gboolean on, int x, int y, int width, int height);
void vnc_update_size_asked(VncUpdate *update); /* answer with the size there is */

/* From the desktop. */
void vnc_update_damage(VncUpdate *update, const pixman_region32_t *damage);
gboolean vnc_update_resized(VncUpdate *update, int width,
                            int height);                       /* FALSE: the client cannot follow */
void vnc_update_set_cursor(VncUpdate *update, Cursor *cursor); /* NULL: hidden */
void vnc_update_set_leds(VncUpdate *update, guint leds);

/* Would it take an update now (if there is something)? FALSE while one is between take and send. */
gboolean vnc_update_ready(const VncUpdate *update);
/* What to send now: region is overwritten (and may be empty when only the little things wait).
 * FALSE: nothing. After TRUE, send or give_back is due. */
gboolean vnc_update_take(VncUpdate *update, pixman_region32_t *region, EncodeSettings *settings);
/* Queues the update. What does not fit the output's bound, and all of it when the client chose
 * another format meanwhile, stays dirty. */
void vnc_update_send(VncUpdate *update, VncOutput *output, Packet *const *packets, guint n_packets);

/* What it has still to be sent. */
SinkProgress vnc_update_progress(const VncUpdate *update);

/* Which extensions the client has. */
gboolean vnc_update_has(const VncUpdate *update, gint32 encoding);
guint64 vnc_update_sent(const VncUpdate *update); /* updates, ever */

enum {
    VNC_ENCODING_CURSOR = -239,
    VNC_ENCODING_DESKTOP_SIZE = -223,
    VNC_ENCODING_QEMU_KEY = -258,
    VNC_ENCODING_LEDS = -261,
    VNC_ENCODING_EXTENDED_SIZE = -308,
    VNC_ENCODING_FENCE = -312,
    VNC_ENCODING_CONTINUOUS = -313,
    VNC_ENCODING_ALPHA_CURSOR = -314,
    VNC_ENCODING_CLIPBOARD = (gint32)0xc0a1e5ce,
};
