/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "encoder.h"

#include <string.h>

#define ENCODING_ZLIB 6

static void
zlib_encode(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
            const PlanOp *op)
{
    gsize row_size = (gsize)op->width * (gsize)settings->format.bits / 8,
          raw = row_size * (gsize)op->height, start, length;
    guint32 wire;
    guint8 *to;

    g_byte_array_set_size(scratch->work, 0);
    to = encode_reserve(scratch->work, raw);
    for (int y = op->y; y < op->y + op->height; y++, to += row_size)
        pixel_format_convert(&settings->format,
                             frame->pixels + (gsize)y * (gsize)frame->stride + op->x, op->width,
                             to);

    encode_header(scratch, op, ENCODING_ZLIB);
    start = scratch->out->len;
    to = encode_reserve(scratch->out, 4 + deflate_bound(raw));
    length = deflate_blocks(scratch->deflate, scratch->work->data, raw, to + 4);
    wire = GUINT32_TO_BE((guint32)length);
    memcpy(to, &wire, 4);
    g_byte_array_set_size(scratch->out, (guint)(start + 4 + length));
}

const Encoder encoder_zlib = {
    .encoding = ENCODING_ZLIB,
    .name = "zlib",
    .encode = zlib_encode,
    .kind = PACKET_STREAM,
};
