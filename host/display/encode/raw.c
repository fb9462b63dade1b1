/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "encoder.h"

#define ENCODING_RAW 0

static void
raw_encode(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
           const PlanOp *op)
{
    gsize row_size = (gsize)op->width * (gsize)settings->format.bits / 8;
    const guint32 *from = encode_pixels(frame, op);
    guint8 *to;

    encode_header(scratch, op, ENCODING_RAW);
    to = encode_reserve(scratch->out, row_size * (gsize)op->height);
    for (int y = 0; y < op->height; y++, to += row_size, from += frame->stride)
        pixel_format_convert(&settings->format, from, op->width, to);
}

const Encoder encoder_raw = {
    .encoding = ENCODING_RAW,
    .name = "raw",
    .encode = raw_encode,
};
