/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "encoder.h"

#include <string.h>

/* ZRLE: 64 x 64 tiles, each solid, packed by a small palette, or plain; then deflate. Runs are left
 * to deflate, which is good at them. */

#define ENCODING_ZRLE  16
#define TILE           64
#define PACKED_COLOURS 16

static void
put_colours(EncodeScratch *scratch, const EncodeSettings *settings, int n_colours)
{
    pixel_format_convert_cpixel(
        &settings->format, palette_colours(scratch->palette), n_colours,
        encode_reserve(scratch->work,
                       (gsize)n_colours * (gsize)pixel_format_cpixel_size(&settings->format)));
}

static void
put_packed(EncodeScratch *scratch, int n_colours, int width, int height)
{
    int bits = n_colours <= 2 ? 1 : n_colours <= 4 ? 2 : 4, per_byte = 8 / bits;
    const guint8 *index = scratch->indices;

    for (int y = 0; y < height; y++) {
        guint8 *to = encode_reserve(scratch->work, (gsize)((width + per_byte - 1) / per_byte));

        for (int x = 0; x < width; x += per_byte) {
            int byte = 0, n = MIN(per_byte, width - x);

            for (int i = 0; i < n; i++)
                byte |= *index++ << (8 - bits * (i + 1));
            *to++ = (guint8)byte;
        }
    }
}

static void
put_tile(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame, int x, int y,
         int width, int height)
{
    const guint32 *pixels = frame->pixels + (gsize)y * (gsize)frame->stride + x;
    gsize pixel = (gsize)pixel_format_cpixel_size(&settings->format);
    int colours = palette_build(scratch->palette, pixels, frame->stride, width, height,
                                PACKED_COLOURS, scratch->indices);

    *encode_reserve(scratch->work, 1) = (guint8)colours; /* 0: plain, 1: solid, 2 to 16: packed */
    if (colours == 0) {
        for (int row = 0; row < height; row++, pixels += frame->stride)
            pixel_format_convert_cpixel(&settings->format, pixels, width,
                                        encode_reserve(scratch->work, pixel * (gsize)width));
        return;
    }
    put_colours(scratch, settings, colours);
    if (colours > 1)
        put_packed(scratch, colours, width, height);
}

static void
zrle_encode(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
            const PlanOp *op)
{
    gsize start, length;
    guint32 wire;
    guint8 *to;

    g_byte_array_set_size(scratch->work, 0);
    for (int y = 0; y < op->height; y += TILE)
        for (int x = 0; x < op->width; x += TILE)
            put_tile(scratch, settings, frame, op->x + x, op->y + y, MIN(TILE, op->width - x),
                     MIN(TILE, op->height - y));

    encode_header(scratch, op, ENCODING_ZRLE);
    start = scratch->out->len;
    to = encode_reserve(scratch->out, 4 + deflate_bound(scratch->work->len));
    length = deflate_blocks(scratch->deflate, scratch->work->data, scratch->work->len, to + 4);
    wire = GUINT32_TO_BE((guint32)length);
    memcpy(to, &wire, 4);
    g_byte_array_set_size(scratch->out, (guint)(start + 4 + length));
}

const Encoder encoder_zrle = {
    .encoding = ENCODING_ZRLE,
    .name = "zrle",
    .encode = zrle_encode,
    .kind = PACKET_STREAM,
};
