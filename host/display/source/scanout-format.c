/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "source/scanout-format.h"

#include <string.h>

static gboolean
needs_no_change(guint32 format)
{
    return format == PIXMAN_x8r8g8b8 || format == PIXMAN_a8r8g8b8;
}

/* What QEMU's display devices can show (ui/qemu-pixman), but for the above. */
static gboolean
is_known(guint32 format)
{
    static const pixman_format_code_t known[] = {
        PIXMAN_r8g8b8,   PIXMAN_b8g8r8,   PIXMAN_b8g8r8x8, PIXMAN_b8g8r8a8, PIXMAN_r8g8b8x8,
        PIXMAN_r8g8b8a8, PIXMAN_x8b8g8r8, PIXMAN_a8b8g8r8, PIXMAN_r5g6b5,   PIXMAN_x1r5g5b5,
    };
    for (guint i = 0; i < G_N_ELEMENTS(known); i++)
        if (known[i] == format)
            return TRUE;
    return FALSE;
}

gsize
scanout_format_size(guint32 format)
{
    return is_known(format) ? PIXMAN_FORMAT_BPP((pixman_format_code_t)format) / 8 : 4;
}

static gboolean
is_long_enough(guint32 format, int width, int height, gsize stride, gsize size)
{
    gsize row = (gsize)width * scanout_format_size(format), needed;
    return stride >= row && g_size_checked_mul(&needed, stride, (gsize)height - 1) &&
           g_size_checked_add(&needed, needed, row) && needed <= size;
}

/* pixman wants rows that start on 4 bytes, so each goes through a buffer of its own. */
static void
convert(guint32 format, int width, int height, const guint8 *data, gsize stride, guint32 *out)
{
    gsize row = (gsize)width * scanout_format_size(format);
    g_autofree guint32 *in = g_new0(guint32, row / 4 + 1);
    pixman_image_t *from = pixman_image_create_bits((pixman_format_code_t)format, width, 1, in,
                                                    (int)(row + 3) / 4 * 4);
    for (int y = 0; from && y < height; y++) {
        memcpy(in, data + (gsize)y * stride, row);
        pixman_image_t *to = pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8, width, 1,
                                                               out + (gsize)y * width, width * 4);
        if (to)
            pixman_image_composite32(PIXMAN_OP_SRC, from, NULL, to, 0, 0, 0, 0, 0, 0, width, 1);
        if (to)
            pixman_image_unref(to);
    }
    if (from)
        pixman_image_unref(from);
}

gboolean
scanout_format_write(Surface *surface, guint32 format, int x, int y, int width, int height,
                     const guint8 *data, gsize stride, gsize size)
{
    if (needs_no_change(format))
        return surface_write(surface, x, y, width, height, data, stride, size);
    if (!is_known(format) || width > SURFACE_MAX_SIDE || height > SURFACE_MAX_SIDE)
        return FALSE;
    if (width <= 0 || height <= 0)
        return TRUE;
    if (!is_long_enough(format, width, height, stride, size))
        return FALSE;
    gsize pixels = (gsize)width * height;
    g_autofree guint32 *out = g_try_new0(guint32, pixels);
    if (!out)
        return FALSE;
    convert(format, width, height, data, stride, out);
    return surface_write(surface, x, y, width, height, (const guint8 *)out,
                         (gsize)width * sizeof *out, pixels * sizeof *out);
}
