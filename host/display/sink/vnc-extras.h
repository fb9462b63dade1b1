/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "encode/pixel-format.h"
#include "frame.h"

/*
 * What a VNC client is told beside pixels: which extensions it has, and what of their news (the
 * screen's size, the cursor, the lights) waits for its next update. Main thread only.
 */

typedef struct VncExtras VncExtras;

VncExtras *vnc_extras_new(void);
void vnc_extras_free(VncExtras *extras);

/* From the client: n encodings of 4 bytes, big endian. Each extension begins anew. */
void vnc_extras_set_encodings(VncExtras *extras, const guint8 *list, guint n_encodings);
gboolean vnc_extras_has(const VncExtras *extras, gint32 encoding);
/* It wants other pixels; cursors have its format. */
void vnc_extras_format_changed(VncExtras *extras);

/* News. */
void vnc_extras_resized(VncExtras *extras);
void vnc_extras_size_asked(VncExtras *extras); /* for what it asked; answered with what there is */
void vnc_extras_set_cursor(VncExtras *extras, Cursor *cursor); /* NULL: hidden */
gboolean vnc_extras_set_leds(VncExtras *extras, guint leds);   /* FALSE: not told to this client */

/* Does anything wait, or a size? */
gboolean vnc_extras_wait(const VncExtras *extras);
gboolean vnc_extras_size_waits(const VncExtras *extras);
/* Appends what waits, which then waits no more; the screen is width x height (0: there is none
 * yet). Returns how many rectangles that is. */
guint vnc_extras_append(VncExtras *extras, const PixelFormat *format, int width, int height,
                        GByteArray *bytes);

/* Extensions have numbers of encodings; the wishes for JPEG quality are no extensions. */
enum {
    VNC_ENCODING_COPY_RECT = 1,
    VNC_ENCODING_H264 = 50,
    VNC_ENCODING_CURSOR = -239,
    VNC_ENCODING_DESKTOP_SIZE = -223,
    VNC_ENCODING_LAST_RECT = -224,
    VNC_ENCODING_QEMU_KEY = -258,
    VNC_ENCODING_LEDS = -261,
    VNC_ENCODING_EXTENDED_SIZE = -308,
    VNC_ENCODING_FENCE = -312,
    VNC_ENCODING_CONTINUOUS = -313,
    VNC_ENCODING_ALPHA_CURSOR = -314,
    VNC_ENCODING_CLIPBOARD = (gint32)0xc0a1e5ce,
};
