/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "encoder.h"

#include <string.h>

/* ZRLE: 64 x 64 tiles, each solid, packed by a small palette, runs of a larger one, or plain; then
 * deflate, which is good at what repeats. */

#define ENCODING_ZRLE  16
#define TILE           64
#define PACKED_COLOURS 16
#define RUN_COLOURS    127
#define KIND_PLAIN     0
#define KIND_RUNS      128 /* and the number of colours */

static void
put_plain(EncodeScratch *scratch, const EncodeSettings *settings, const guint32 *pixels, int stride,
          int width, int height)
{
    gsize row_size = (gsize)width * (gsize)pixel_format_cpixel_size(&settings->format);
    guint8 *to = encode_reserve(scratch->work, row_size * (gsize)height);

    for (int y = 0; y < height; y++, to += row_size, pixels += stride)
        pixel_format_convert_cpixel(&settings->format, pixels, width, to);
}

static void
put_packed(EncodeScratch *scratch, int n_colours, int width, int height)
{
    int bits = n_colours <= 2 ? 1 : n_colours <= 4 ? 2 : 4;
    gsize size = palette_pack(scratch->indices, width, height, bits, scratch->indices);

    memcpy(encode_reserve(scratch->work, size), scratch->indices, size);
}

/* A colour alone is its index; a run has bit 7 set, and its length less one in bytes that add up,
 * the last of which is under 255. */
static void
put_runs(EncodeScratch *scratch, int size)
{
    const guint8 *index = scratch->indices, *end = index + size;
    guint start = scratch->work->len;
    guint8 *first = encode_reserve(scratch->work, (gsize)size * 2), *to = first;

    while (index < end) {
        guint8 colour = *index;
        int more = 0;

        while (++index < end && *index == colour)
            more++;
        *to++ = more ? colour | 0x80 : colour;
        if (!more)
            continue;
        for (; more >= 255; more -= 255)
            *to++ = 255;
        *to++ = (guint8)more;
    }
    g_byte_array_set_size(scratch->work, start + (guint)(to - first));
}

static void
put_tile(EncodeScratch *scratch, const EncodeSettings *settings, const guint32 *pixels, int stride,
         int width, int height)
{
    int n_colours = palette_build(scratch->palette, pixels, stride, width, height, RUN_COLOURS,
                                  scratch->indices);
    gsize pixel = (gsize)pixel_format_cpixel_size(&settings->format);
    gboolean packed = n_colours <= PACKED_COLOURS;
    guint8 *kind = encode_reserve(scratch->work, 1);

    /* Where runs are as short as that, they are longer than the pixels. */
    if (!n_colours || (!packed && (gsize)palette_runs(scratch->palette) * 2 + n_colours * pixel >
                                      (gsize)width * (gsize)height * pixel)) {
        *kind = KIND_PLAIN;
        put_plain(scratch, settings, pixels, stride, width, height);
        return;
    }
    *kind = (guint8)(packed ? n_colours : KIND_RUNS + n_colours);
    pixel_format_convert_cpixel(&settings->format, palette_colours(scratch->palette), n_colours,
                                encode_reserve(scratch->work, pixel * (gsize)n_colours));
    if (!packed)
        put_runs(scratch, width * height);
    else if (n_colours > 1)
        put_packed(scratch, n_colours, width, height);
}

static void
zrle_encode(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
            const PlanOp *op)
{
    const guint32 *pixels = encode_pixels(frame, op);

    g_byte_array_set_size(scratch->work, 0);
    for (int y = 0; y < op->height; y += TILE)
        for (int x = 0; x < op->width; x += TILE)
            put_tile(scratch, settings, pixels + (gsize)y * (gsize)frame->stride + x, frame->stride,
                     MIN(TILE, op->width - x), MIN(TILE, op->height - y));
    encode_header(scratch, op, ENCODING_ZRLE);
    encode_stream(scratch);
}

const Encoder encoder_zrle = {
    .encoding = ENCODING_ZRLE,
    .name = "zrle",
    .encode = zrle_encode,
    .kind = PACKET_STREAM,
};
