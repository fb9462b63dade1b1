/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pixel-format.h"

#include <string.h>

static gboolean
channel_fits(guint max, guint shift, int bits)
{
    return max >= 1 && max <= 0xffff && (max & (max + 1)) == 0 && shift < 32 &&
           (int)(shift + (guint)g_bit_storage(max)) <= bits;
}

static guint32
wire_order(guint32 value, int bits, gboolean big_endian)
{
    if (bits == 32)
        return big_endian ? GUINT32_TO_BE(value) : GUINT32_TO_LE(value);
    if (bits == 16)
        return big_endian ? GUINT16_TO_BE((guint16)value) : GUINT16_TO_LE((guint16)value);
    return value & 0xff;
}

gboolean
pixel_format_init(PixelFormat *format, int bits, int depth, gboolean big_endian, const guint max[3],
                  const guint shift[3])
{
    if ((bits != 8 && bits != 16 && bits != 32) || depth < 1 || depth > bits)
        return FALSE;
    for (int i = 0; i < 3; i++)
        if (!channel_fits(max[i], shift[i], bits))
            return FALSE;
    memset(format, 0, sizeof *format);
    format->bits = bits;
    format->depth = depth;
    format->big_endian = bits > 8 && big_endian;
    for (int i = 0; i < 3; i++) {
        format->max[i] = max[i];
        format->shift[i] = shift[i];
        for (guint value = 0; value < 256; value++)
            format->table[i][value] =
                wire_order((value * max[i] + 127) / 255 << shift[i], bits, big_endian);
    }
    return TRUE;
}

void
pixel_format_init_native(PixelFormat *format)
{
    const guint max[3] = {255, 255, 255}, shift[3] = {16, 8, 0};

    pixel_format_init(format, 32, 24, FALSE, max, shift);
}

gboolean
pixel_format_equal(const PixelFormat *a, const PixelFormat *b)
{
    return memcmp(a, b, G_STRUCT_OFFSET(PixelFormat, table)) == 0;
}

static gboolean
is_888(const PixelFormat *format)
{
    return format->bits == 32 && format->depth == 24 && format->max[0] == 255 &&
           format->max[1] == 255 && format->max[2] == 255;
}

static gboolean
is_native(const PixelFormat *format)
{
    return is_888(format) && format->big_endian == (G_BYTE_ORDER == G_BIG_ENDIAN) &&
           format->shift[0] == 16 && format->shift[1] == 8 && format->shift[2] == 0;
}

static inline guint32
wire_pixel(const PixelFormat *format, guint32 pixel)
{
    return format->table[0][pixel >> 16 & 0xff] | format->table[1][pixel >> 8 & 0xff] |
           format->table[2][pixel & 0xff];
}

void
pixel_format_convert(const PixelFormat *format, const guint32 *from, int pixels, guint8 *to)
{
    if (is_native(format)) {
        memcpy(to, from, (gsize)pixels * sizeof *from);
    } else if (format->bits == 32) {
        for (int i = 0; i < pixels; i++) {
            guint32 pixel = wire_pixel(format, from[i]);

            memcpy(to + (gsize)i * 4, &pixel, 4);
        }
    } else if (format->bits == 16) {
        for (int i = 0; i < pixels; i++) {
            guint16 pixel = (guint16)wire_pixel(format, from[i]);

            memcpy(to + (gsize)i * 2, &pixel, 2);
        }
    } else {
        for (int i = 0; i < pixels; i++)
            to[i] = (guint8)wire_pixel(format, from[i]);
    }
}

int
pixel_format_tpixel_size(const PixelFormat *format)
{
    return is_888(format) ? 3 : format->bits / 8;
}

void
pixel_format_convert_tpixel(const PixelFormat *format, const guint32 *from, int pixels, guint8 *to)
{
    if (!is_888(format)) {
        pixel_format_convert(format, from, pixels, to);
        return;
    }
    for (int i = 0; i < pixels; i++) {
        to[i * 3] = (guint8)(from[i] >> 16);
        to[i * 3 + 1] = (guint8)(from[i] >> 8);
        to[i * 3 + 2] = (guint8)from[i];
    }
}

/* Which 3 of the 4 bytes on the wire a CPIXEL keeps: they begin at 0 or 1; -1 when it keeps all 4.
 */
static int
cpixel_first_byte(const PixelFormat *format)
{
    guint32 used = 0;

    if (format->bits != 32 || format->depth > 24)
        return -1;
    for (int i = 0; i < 3; i++)
        used |= format->max[i] << format->shift[i];
    if (!(used & 0xff000000u))
        return format->big_endian ? 1 : 0;
    if (!(used & 0x000000ffu))
        return format->big_endian ? 0 : 1;
    return -1;
}

int
pixel_format_cpixel_size(const PixelFormat *format)
{
    return cpixel_first_byte(format) >= 0 ? 3 : format->bits / 8;
}

void
pixel_format_convert_cpixel(const PixelFormat *format, const guint32 *from, int pixels, guint8 *to)
{
    int first = cpixel_first_byte(format);

    if (first < 0) {
        pixel_format_convert(format, from, pixels, to);
        return;
    }
    if (first == 0 && is_native(format) && G_BYTE_ORDER == G_LITTLE_ENDIAN) {
        for (; pixels > 1; pixels--, to += 3)
            memcpy(to, from++, 4); /* the fourth byte is overwritten by the next pixel */
        if (pixels)
            memcpy(to, from, 3);
        return;
    }
    for (int i = 0; i < pixels; i++) {
        guint32 pixel = wire_pixel(format, from[i]);

        memcpy(to + (gsize)i * 3, (const guint8 *)&pixel + first, 3);
    }
}
