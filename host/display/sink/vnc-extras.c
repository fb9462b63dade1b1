/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-extras.h"
#include "encode/encoder.h"
#include "vnc-cursor.h"
#include "vnc-framing.h"

/* Extensions that the client may have, one bit each. */
static const gint32 known[] = {
    VNC_ENCODING_CURSOR,     VNC_ENCODING_DESKTOP_SIZE,  VNC_ENCODING_QEMU_KEY,
    VNC_ENCODING_LEDS,       VNC_ENCODING_EXTENDED_SIZE, VNC_ENCODING_FENCE,
    VNC_ENCODING_CONTINUOUS, VNC_ENCODING_ALPHA_CURSOR,  VNC_ENCODING_CLIPBOARD,
    VNC_ENCODING_COPY_RECT,  VNC_ENCODING_H264,          VNC_ENCODING_LAST_RECT};

typedef enum {
    WAIT_SIZE = 1,
    WAIT_CURSOR = 2,
    WAIT_QEMU_KEY = 4,
    WAIT_LEDS = 8,
    WAIT_SIZE_ANSWER = 16
} Waiting;

struct VncExtras {
    guint has;     /* bits of known */
    guint waiting; /* Waiting */
    Cursor *cursor;
    gboolean cursor_known;
    guint leds;
};

VncExtras *
vnc_extras_new(void)
{
    return g_new0(VncExtras, 1);
}

void
vnc_extras_free(VncExtras *extras)
{
    if (!extras)
        return;
    cursor_unref(extras->cursor);
    g_free(extras);
}

gboolean
vnc_extras_has(const VncExtras *extras, gint32 encoding)
{
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (known[i] == encoding)
            return extras->has >> i & 1;
    return FALSE;
}

void
vnc_extras_set_encodings(VncExtras *extras, const guint8 *list, guint n_encodings)
{
    extras->has = 0;
    for (guint i = 0; i < n_encodings; i++)
        for (guint k = 0; k < G_N_ELEMENTS(known); k++)
            if (known[k] == (gint32)vnc_get32(list + i * 4))
                extras->has |= 1u << k;
    /* A size that the client does not know yet is told all the same: it will be drawn to. */
    extras->waiting &= WAIT_SIZE | WAIT_SIZE_ANSWER;
    if (vnc_extras_has(extras, VNC_ENCODING_EXTENDED_SIZE))
        extras->waiting |= WAIT_SIZE;
    if (vnc_extras_has(extras, VNC_ENCODING_QEMU_KEY))
        extras->waiting |= WAIT_QEMU_KEY;
    if (vnc_extras_has(extras, VNC_ENCODING_LEDS))
        extras->waiting |= WAIT_LEDS;
    vnc_extras_format_changed(extras);
}

void
vnc_extras_format_changed(VncExtras *extras)
{
    if (extras->cursor_known)
        extras->waiting |= WAIT_CURSOR;
}

void
vnc_extras_resized(VncExtras *extras)
{
    extras->waiting |= WAIT_SIZE;
}

void
vnc_extras_size_asked(VncExtras *extras)
{
    extras->waiting |= WAIT_SIZE_ANSWER;
}

void
vnc_extras_set_cursor(VncExtras *extras, Cursor *cursor)
{
    cursor_unref(extras->cursor);
    extras->cursor = cursor ? cursor_ref(cursor) : NULL;
    extras->cursor_known = TRUE;
    extras->waiting |= WAIT_CURSOR;
}

gboolean
vnc_extras_set_leds(VncExtras *extras, guint leds)
{
    extras->leds = leds;
    if (!vnc_extras_has(extras, VNC_ENCODING_LEDS))
        return FALSE;
    extras->waiting |= WAIT_LEDS;
    return TRUE;
}

gboolean
vnc_extras_wait(const VncExtras *extras)
{
    return extras->waiting != 0;
}

gboolean
vnc_extras_size_waits(const VncExtras *extras)
{
    return (extras->waiting & (WAIT_SIZE | WAIT_SIZE_ANSWER)) != 0;
}

static void
append_rectangle(GByteArray *bytes, int x, int y, int width, int height, gint32 encoding)
{
    packet_put_header(encode_reserve(bytes, PACKET_HEADER), x, y, width, height, encoding);
}

static void
append_size(const VncExtras *extras, int width, int height, GByteArray *bytes)
{
    int reason = extras->waiting & WAIT_SIZE_ANSWER ? 1 : 0;
    guint8 *to;

    if (!vnc_extras_has(extras, VNC_ENCODING_EXTENDED_SIZE)) {
        append_rectangle(bytes, 0, 0, width, height, VNC_ENCODING_DESKTOP_SIZE);
        return;
    }
    append_rectangle(bytes, reason, 0, width, height, VNC_ENCODING_EXTENDED_SIZE);
    to = encode_reserve(bytes, 4 + 16);
    to = vnc_put32(to, 1u << 24); /* one screen, three bytes of padding */
    to = vnc_put32(to, 1);        /* its number; libvncclient takes 0 for a mistake */
    to = vnc_put32(to, 0);        /* its place */
    to = vnc_put16(vnc_put16(to, (guint)width), (guint)height);
    vnc_put32(to, 0);
}

guint
vnc_extras_append(VncExtras *extras, const PixelFormat *format, int width, int height,
                  GByteArray *bytes)
{
    guint n = 0;

    if (vnc_extras_size_waits(extras) && width) {
        append_size(extras, width, height, bytes);
        n++;
    }
    if (extras->waiting & WAIT_QEMU_KEY) {
        append_rectangle(bytes, 0, 0, 0, 0, VNC_ENCODING_QEMU_KEY);
        n++;
    }
    if (extras->waiting & WAIT_LEDS) {
        append_rectangle(bytes, 0, 0, 0, 0, VNC_ENCODING_LEDS);
        *encode_reserve(bytes, 1) = (guint8)extras->leds;
        n++;
    }
    if (extras->waiting & WAIT_CURSOR && vnc_extras_has(extras, VNC_ENCODING_ALPHA_CURSOR)) {
        vnc_cursor_append_alpha(extras->cursor, bytes);
        n++;
    } else if (extras->waiting & WAIT_CURSOR && vnc_extras_has(extras, VNC_ENCODING_CURSOR)) {
        vnc_cursor_append(extras->cursor, format, bytes);
        n++;
    }
    extras->waiting = 0;
    return n;
}
