/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* How a client wants its pixels (RFB's PIXEL_FORMAT, true colour). A plain value. */
typedef struct {
    int bits; /* 8, 16 or 32 a pixel */
    int depth;
    gboolean big_endian;
    guint max[3]; /* red, green, blue: 2^n - 1 */
    guint shift[3];
    guint32 table[3]
                 [256]; /* what 8 bits of red, green and blue give, in the byte order of the wire */
} PixelFormat;

/* FALSE (and format is not touched) for what no true-colour pixel can be: the values come from a
 * client. */
gboolean pixel_format_init(PixelFormat *format, int bits, int depth, gboolean big_endian,
                           const guint max[3], const guint shift[3]);
/* 32 bits, depth 24, 8 bits each, little endian, blue lowest: x8r8g8b8 as frames have it. */
void pixel_format_init_native(PixelFormat *format);
gboolean pixel_format_equal(const PixelFormat *a, const PixelFormat *b);

/* Writes pixels * bits / 8 bytes. */
void pixel_format_convert(const PixelFormat *format, const guint32 *from, int pixels, guint8 *to);

/* Tight's TPIXEL: 3 bytes red, green, blue when the format is 32 bits, depth 24 with 8 bits a
 * colour; else the plain pixel. */
int pixel_format_tpixel_size(const PixelFormat *format);
void pixel_format_convert_tpixel(const PixelFormat *format, const guint32 *from, int pixels,
                                 guint8 *to);

/* ZRLE's CPIXEL: of 32 bits only the 3 bytes that matter, where 3 do. */
int pixel_format_cpixel_size(const PixelFormat *format);
void pixel_format_convert_cpixel(const PixelFormat *format, const guint32 *from, int pixels,
                                 guint8 *to);
