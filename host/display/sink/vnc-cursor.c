/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-cursor.h"
#include "encode/encoder.h"
#include "vnc-framing.h"
#include "vnc-update.h"

#include <string.h>

#define HALF 0x80 /* alpha from which a pixel is shown where there are only two states */

static gboolean
append_header(const Cursor *cursor, gint32 encoding, GByteArray *bytes)
{
    guint8 *to = encode_reserve(bytes, PACKET_HEADER);

    if (cursor)
        packet_put_header(to, cursor->hot_x, cursor->hot_y, cursor->width, cursor->height,
                          encoding);
    else
        packet_put_header(to, 0, 0, 0, 0, encoding);
    return cursor != NULL;
}

void
vnc_cursor_append(const Cursor *cursor, const PixelFormat *format, GByteArray *bytes)
{
    int pixels, mask_stride;
    guint8 *mask;

    if (!append_header(cursor, VNC_ENCODING_CURSOR, bytes))
        return;
    pixels = cursor->width * cursor->height;
    pixel_format_convert(format, cursor->pixels, pixels,
                         encode_reserve(bytes, (gsize)pixels * (gsize)format->bits / 8));
    mask_stride = (cursor->width + 7) / 8;
    mask = encode_reserve(bytes, (gsize)mask_stride * (gsize)cursor->height);
    memset(mask, 0, (gsize)mask_stride * (gsize)cursor->height);
    for (int y = 0; y < cursor->height; y++)
        for (int x = 0; x < cursor->width; x++)
            if (cursor->pixels[y * cursor->width + x] >> 24 >= HALF)
                mask[y * mask_stride + x / 8] |= (guint8)(0x80 >> x % 8);
}

void
vnc_cursor_append_alpha(const Cursor *cursor, GByteArray *bytes)
{
    gsize pixels;
    guint8 *to;

    if (!append_header(cursor, VNC_ENCODING_ALPHA_CURSOR, bytes)) {
        vnc_put32(encode_reserve(bytes, 4), 0);
        return;
    }
    vnc_put32(encode_reserve(bytes, 4), 0); /* raw */
    pixels = (gsize)cursor->width * (gsize)cursor->height;
    to = encode_reserve(bytes, pixels * 4);
    for (gsize i = 0; i < pixels; i++, to += 4) {
        guint32 pixel = cursor->pixels[i], alpha = pixel >> 24;

        to[0] = (guint8)((pixel >> 16 & 0xff) * alpha / 255);
        to[1] = (guint8)((pixel >> 8 & 0xff) * alpha / 255);
        to[2] = (guint8)((pixel & 0xff) * alpha / 255);
        to[3] = (guint8)alpha;
    }
}
