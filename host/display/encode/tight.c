/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "encoder.h"

#include <string.h>
#include <turbojpeg.h>

/*
 * Tight, as every VNC client knows it. Each rectangle resets the one zlib stream it uses (stream
 * 0), so it depends on no rectangle before it; that costs a few bytes of lost history and buys
 * parallel encoding, shared between clients.
 */

#define ENCODING_TIGHT  7
#define RESET_STREAM_0  0x01
#define EXPLICIT_FILTER 0x40
#define CONTROL_FILL    0x80
#define CONTROL_JPEG    0x90
#define FILTER_PALETTE  1
#define MIN_TO_COMPRESS 12 /* bytes; the protocol sends less as it is */

static const guint32 *
op_pixels(const Frame *frame, const PlanOp *op)
{
    return frame->pixels + (gsize)op->y * (gsize)frame->stride + op->x;
}

static void
put_byte(EncodeScratch *scratch, int byte)
{
    *encode_reserve(scratch->out, 1) = (guint8)byte;
}

/* Tight's length: 7 bits a byte, lowest first, then 8: 22 bits at most. Returns how many bytes it
 * took. */
static int
compact_length(guint8 *to, gsize length)
{
    to[0] = (guint8)(length & 0x7f);
    if (length < 0x80)
        return 1;
    to[0] |= 0x80;
    to[1] = (guint8)(length >> 7 & 0x7f);
    if (length < 0x4000)
        return 2;
    to[1] |= 0x80;
    to[2] = (guint8)(length >> 14);
    return 3;
}

static void
put_length(EncodeScratch *scratch, gsize length)
{
    guint8 bytes[3];
    int n = compact_length(bytes, length);

    memcpy(encode_reserve(scratch->out, (gsize)n), bytes, (gsize)n);
}

static void
put_compressed(EncodeScratch *scratch, const guint8 *data, gsize size)
{
    gsize start, length, n;
    guint8 *to;

    if (size < MIN_TO_COMPRESS) {
        memcpy(encode_reserve(scratch->out, size), data, size);
        return;
    }
    start = scratch->out->len;
    to = encode_reserve(scratch->out, 3 + 2 + deflate_bound(size));
    memcpy(to + 3, DEFLATE_ZLIB_HEADER, 2);
    length = 2 + deflate_blocks(scratch->deflate, data, size, to + 5);
    n = (gsize)compact_length(to, length);
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

/* Two colours: one bit a pixel, rows begin on a byte; a set bit is the second colour. */
static gsize
pack_bits(const guint8 *indices, int width, int height, guint8 *to)
{
    guint8 *at = to;

    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x += 8) {
            int byte = 0, n = MIN(8, width - x);

            for (int i = 0; i < n; i++)
                byte |= *indices++ << (7 - i);
            *at++ = (guint8)byte;
        }
    return (gsize)(at - to);
}

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
        size = pack_bits(scratch->indices, op->width, op->height, scratch->indices);
    put_compressed(scratch, scratch->indices, size);
}

static void
encode_full_colour(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
                   const PlanOp *op)
{
    gsize row_size = (gsize)op->width * (gsize)pixel_format_tpixel_size(&settings->format),
          size = row_size * (gsize)op->height;
    const guint32 *from = op_pixels(frame, op);
    guint8 *to;

    g_byte_array_set_size(scratch->work, 0);
    to = encode_reserve(scratch->work, size);
    for (int y = 0; y < op->height; y++, to += row_size, from += frame->stride)
        pixel_format_convert_tpixel(&settings->format, from, op->width, to);
    put_byte(scratch, RESET_STREAM_0);
    put_compressed(scratch, scratch->work->data, size);
}

static gboolean
encode_jpeg(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
            const PlanOp *op)
{
    /* The protocol's quality levels, 0 to 9. What stands still is sent again without loss, so
     * motion may be coarser than a last word. */
    static const int qualities[] = {25, 35, 45, 55, 62, 70, 76, 80, 85, 94};
    int level = CLAMP(settings->quality, 0, 9), subsampling = level < 9 ? TJSAMP_420 : TJSAMP_444;
    unsigned long size = tjBufSize(op->width, op->height, subsampling);
    unsigned char *to;

    g_byte_array_set_size(scratch->work, 0);
    to = encode_reserve(scratch->work, size);
    if (!scratch->jpeg ||
        tjCompress2(scratch->jpeg, (const unsigned char *)op_pixels(frame, op), op->width,
                    frame->stride * 4, op->height,
                    G_BYTE_ORDER == G_LITTLE_ENDIAN ? TJPF_BGRX : TJPF_XRGB, &to, &size,
                    subsampling, qualities[level], TJFLAG_FASTDCT | TJFLAG_NOREALLOC) != 0)
        return FALSE;
    put_byte(scratch, CONTROL_JPEG);
    put_length(scratch, size);
    memcpy(encode_reserve(scratch->out, size), to, size);
    return TRUE;
}

static void
tight_encode(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
             const PlanOp *op)
{
    int colours;

    encode_header(scratch, op, ENCODING_TIGHT);
    if (op->kind == PLAN_FILL) {
        encode_fill(scratch, settings, op->colour);
        return;
    }
    if (encode_settings_lossy(settings, op) && encode_jpeg(scratch, settings, frame, op))
        return;
    /* 8 bit pixels gain nothing from a palette but the two-colour one. */
    colours =
        palette_build(scratch->palette, op_pixels(frame, op), frame->stride, op->width, op->height,
                      settings->format.bits == 8 ? 2 : PALETTE_MAX, scratch->indices);
    if (colours == 1)
        encode_fill(scratch, settings, palette_colours(scratch->palette)[0]);
    else if (colours >= 2)
        encode_palette(scratch, settings, op, colours);
    else
        encode_full_colour(scratch, settings, frame, op);
}

const Encoder encoder_tight = {
    .encoding = ENCODING_TIGHT,
    .name = "tight",
    .encode = tight_encode,
    .lossy = TRUE,
};
