/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../classify/classify.h"
#include "encoder.h"
#include "huffman.h"
#include "jpeg.h"

#include <string.h>

/*
 * Tight, as every VNC client knows it. Each rectangle resets the one zlib stream it uses (stream
 * 0), so it depends on no rectangle before it; that costs a few bytes of lost history and buys
 * parallel encoding, shared between clients.
 */

#define ENCODING_TIGHT  7
#define RESET_STREAM_0  0x01
#define EXPLICIT_FILTER 0x40
#define CONTROL_FILL    0x80
#define FILTER_PALETTE  1
#define FILTER_GRADIENT 2
#define MIN_TO_COMPRESS 12 /* bytes; the protocol sends less as it is */

/* Choices are made by every SAMPLE_ROWS-th row. */
#define SAMPLE_ROWS 8

/* What a pixel that is like neither its left nor its upper neighbour costs deflate as it is, about:
 * part of a match in text, whose shapes repeat. Where the gradient's errors cost less, they are
 * sent. */
#define BITS_AS_IT_IS 13

typedef gsize (*Compress)(EncodeScratch *scratch, const guint8 *data, gsize size, guint8 *to);

static void
put_byte(EncodeScratch *scratch, int byte)
{
    *encode_reserve(scratch->out, 1) = (guint8)byte;
}

static gsize
compress_repetitions(EncodeScratch *scratch, const guint8 *data, gsize size, guint8 *to)
{
    return deflate_blocks(scratch->deflate, data, size, to);
}

static gsize
compress_residues(EncodeScratch *scratch, const guint8 *data, gsize size, guint8 *to)
{
    return huffman_blocks(data, size, to);
}

static void
put_compressed(EncodeScratch *scratch, const guint8 *data, gsize size, Compress compress)
{
    gsize start, length, n;
    guint8 *to;

    if (size < MIN_TO_COMPRESS) {
        memcpy(encode_reserve(scratch->out, size), data, size);
        return;
    }
    start = scratch->out->len;
    to = encode_reserve(scratch->out, 3 + 2 + MAX(deflate_bound(size), huffman_bound(size)));
    memcpy(to + 3, DEFLATE_ZLIB_HEADER, 2);
    length = 2 + compress(scratch, data, size, to + 5);
    n = encode_compact_length(to, length);
    if (n < 3)
        memmove(to + n, to + 3, length);
    g_byte_array_set_size(scratch->out, (guint)(start + n + length));
}

static void
encode_fill(EncodeScratch *scratch, const EncodeSettings *settings, guint32 colour)
{
    put_byte(scratch, CONTROL_FILL);
    pixel_format_convert_tpixel(
        &settings->format, &colour, 1,
        encode_reserve(scratch->out, (gsize)pixel_format_tpixel_size(&settings->format)));
}

/* Two colours are one bit a pixel, rows begin on a byte; a set bit is the second colour. More are a
 * byte a pixel. */
static void
encode_palette(EncodeScratch *scratch, const EncodeSettings *settings, const PlanOp *op,
               int n_colours)
{
    gsize pixel = (gsize)pixel_format_tpixel_size(&settings->format);
    gsize size = (gsize)op->width * (gsize)op->height;

    put_byte(scratch, RESET_STREAM_0 | EXPLICIT_FILTER);
    put_byte(scratch, FILTER_PALETTE);
    put_byte(scratch, n_colours - 1);
    pixel_format_convert_tpixel(&settings->format, palette_colours(scratch->palette), n_colours,
                                encode_reserve(scratch->out, pixel * (gsize)n_colours));
    if (n_colours == 2)
        size = palette_pack(scratch->indices, op->width, op->height, 1, scratch->indices);
    put_compressed(scratch, scratch->indices, size, compress_repetitions);
}

/* Would the gradient make fewer bytes than the pixels themselves? */
static gboolean
gradient_pays(EncodeScratch *scratch, const Frame *frame, const PlanOp *op)
{
    guint8 errors[CLASSIFY_MAX_WIDTH * 3 + RGB_SLACK];
    gint64 half_bits = 0, fresh = 0;

    for (int y = op->height > 1; y < op->height; y += SAMPLE_ROWS) {
        const guint32 *row = encode_pixels(frame, op) + (gsize)y * (gsize)frame->stride,
                      *above = y ? row - frame->stride : row;

        scratch->rgb->gradient(row, above, op->width, errors);
        for (int x = 1; x < op->width; x++)
            fresh += row[x] != row[x - 1] && row[x] != above[x];
        for (int i = 3; i < op->width * 3; i++) {
            guint error = (guint)ABS((gint8)errors[i]);

            half_bits += error ? 2 * (gint64)g_bit_storage(error) + 3 : 0;
        }
    }
    return half_bits <= fresh * BITS_AS_IT_IS * 2;
}

/* Where more than half is zero, repetitions are worth a search; else a code alone is faster, and
 * the result no larger. */
static gboolean
is_mostly_zero(const guint8 *data, gsize row_size, int rows)
{
    gsize zeros = 0, all = 0;

    for (int y = rows > SAMPLE_ROWS / 2 ? SAMPLE_ROWS / 2 : 0; y < rows; y += SAMPLE_ROWS) {
        const guint8 *row = data + (gsize)y * row_size;

        for (gsize i = 0; i < row_size; i++)
            zeros += row[i] == 0;
        all += row_size;
    }
    return zeros * 2 > all;
}

/* Where a pixel is three bytes: what the gradient predicts wrong. It halves photographs; text,
 * whose shapes repeat but follow no gradient, grows by it. */
static void
encode_gradient(EncodeScratch *scratch, const Frame *frame, const PlanOp *op)
{
    static const guint32 nothing[CLASSIFY_MAX_WIDTH];
    gsize row_size = (gsize)op->width * 3, size = row_size * (gsize)op->height;
    const guint32 *row = encode_pixels(frame, op), *above = nothing;
    guint8 *to;

    g_byte_array_set_size(scratch->work, 0);
    to = encode_reserve(scratch->work, size + RGB_SLACK);
    for (int y = 0; y < op->height; y++, to += row_size, above = row, row += frame->stride)
        scratch->rgb->gradient(row, above, op->width, to);
    put_byte(scratch, RESET_STREAM_0 | EXPLICIT_FILTER);
    put_byte(scratch, FILTER_GRADIENT);
    put_compressed(scratch, scratch->work->data, size,
                   is_mostly_zero(scratch->work->data, row_size, op->height) ? compress_repetitions
                                                                             : compress_residues);
}

static void
encode_full_colour(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
                   const PlanOp *op)
{
    gsize pixel = (gsize)pixel_format_tpixel_size(&settings->format);
    gsize row_size = (gsize)op->width * pixel, size = row_size * (gsize)op->height;
    const guint32 *from = encode_pixels(frame, op);
    guint8 *to;

    g_byte_array_set_size(scratch->work, 0);
    to = encode_reserve(scratch->work, size + RGB_SLACK);
    for (int y = 0; y < op->height; y++, to += row_size, from += frame->stride)
        if (pixel == 3)
            scratch->rgb->pack(from, op->width, to);
        else
            pixel_format_convert_tpixel(&settings->format, from, op->width, to);
    put_byte(scratch, RESET_STREAM_0);
    put_compressed(scratch, scratch->work->data, size, compress_repetitions);
}

static gboolean
is_for_gradient(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
                const PlanOp *op)
{
    if (pixel_format_tpixel_size(&settings->format) != 3 || op->width > CLASSIFY_MAX_WIDTH)
        return FALSE;
    return op->kind == PLAN_LOSSY || op->kind == PLAN_VIDEO || gradient_pays(scratch, frame, op);
}

/* How many colours a palette may have to be worth it; 0: do not look. 8 bit pixels gain nothing
 * from any but the two-colour one. */
static int
palette_limit(const EncodeSettings *settings, const PlanOp *op)
{
    if (op->kind == PLAN_LOSSY || op->kind == PLAN_VIDEO ||
        (gint64)op->width * op->height > CLASSIFY_MAX_PHOTO)
        return 0;
    return settings->format.bits == 8 ? 2 : PALETTE_MAX;
}

static void
tight_encode(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
             const PlanOp *op)
{
    int limit = palette_limit(settings, op), colours = 0;

    encode_header(scratch, op, ENCODING_TIGHT);
    if (op->kind == PLAN_FILL) {
        encode_fill(scratch, settings, op->colour);
        return;
    }
    if (encode_settings_lossy(settings, op) && jpeg_append(scratch, settings, frame, op))
        return;
    if (limit)
        colours = palette_build(scratch->palette, encode_pixels(frame, op), frame->stride,
                                op->width, op->height, limit, scratch->indices);
    if (colours == 1)
        encode_fill(scratch, settings, palette_colours(scratch->palette)[0]);
    else if (colours >= 2)
        encode_palette(scratch, settings, op, colours);
    else if (is_for_gradient(scratch, settings, frame, op))
        encode_gradient(scratch, frame, op);
    else
        encode_full_colour(scratch, settings, frame, op);
}

const Encoder encoder_tight = {
    .encoding = ENCODING_TIGHT,
    .name = "tight",
    .encode = tight_encode,
    .lossy = TRUE,
};
