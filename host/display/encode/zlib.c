/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "encoder.h"

#define ENCODING_ZLIB 6

static void
zlib_encode(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
            const PlanOp *op)
{
    gsize row_size = (gsize)op->width * (gsize)settings->format.bits / 8;
    const guint32 *from = encode_pixels(frame, op);
    guint8 *to;

    g_byte_array_set_size(scratch->work, 0);
    to = encode_reserve(scratch->work, row_size * (gsize)op->height);
    for (int y = 0; y < op->height; y++, to += row_size, from += frame->stride)
        pixel_format_convert(&settings->format, from, op->width, to);
    encode_header(scratch, op, ENCODING_ZLIB);
    encode_stream(scratch);
}

const Encoder encoder_zlib = {
    .encoding = ENCODING_ZLIB,
    .name = "zlib",
    .encode = zlib_encode,
    .kind = PACKET_STREAM,
};
