/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "encoder.h"
#include "../classify/classify.h"

#include <string.h>
#include <turbojpeg.h>

static const Encoder *const encoders[] = {
    &encoder_tight, &encoder_zrle, &encoder_zlib, &encoder_hextile, &encoder_raw,
};

const Encoder *
encoder_find(gint32 encoding)
{
    for (guint i = 0; i < G_N_ELEMENTS(encoders); i++)
        if (encoders[i]->encoding == encoding)
            return encoders[i];
    return NULL;
}

gboolean
encode_settings_equal(const EncodeSettings *a, const EncodeSettings *b)
{
    return a->encoder == b->encoder && a->quality == b->quality &&
           pixel_format_equal(&a->format, &b->format);
}

gboolean
encode_settings_lossy(const EncodeSettings *settings, const PlanOp *op)
{
    return op->kind == PLAN_LOSSY && settings->encoder->lossy && settings->quality >= 0 &&
           settings->format.bits >= 16;
}

gpointer
encode_scratch_new(void)
{
    EncodeScratch *scratch = g_new0(EncodeScratch, 1);

    scratch->deflate = deflate_new();
    scratch->jpeg = tjInitCompress();
    scratch->out = g_byte_array_sized_new(CLASSIFY_MAX_AREA);
    scratch->work = g_byte_array_sized_new(CLASSIFY_MAX_AREA * 4);
    scratch->indices = g_malloc(CLASSIFY_MAX_PHOTO + PALETTE_SLACK);
    scratch->palette = palette_new();
    scratch->rgb = rgb_kernel_best();
    scratch->packets = packet_pool_new();
    return scratch;
}

void
encode_scratch_free(gpointer user)
{
    EncodeScratch *scratch = user;

    deflate_free(scratch->deflate);
    if (scratch->jpeg)
        tjDestroy(scratch->jpeg);
    g_byte_array_unref(scratch->out);
    g_byte_array_unref(scratch->work);
    g_free(scratch->indices);
    palette_free(scratch->palette);
    packet_pool_free(scratch->packets);
    g_free(scratch);
}

guint8 *
encode_reserve(GByteArray *array, gsize size)
{
    guint at = array->len;

    g_byte_array_set_size(array, at + (guint)size);
    return array->data + at;
}

void
encode_header(EncodeScratch *scratch, const PlanOp *op, gint32 encoding)
{
    packet_put_header(encode_reserve(scratch->out, PACKET_HEADER), op->x, op->y, op->width,
                      op->height, encoding);
}

void
encode_stream(EncodeScratch *scratch)
{
    guint start = scratch->out->len;
    guint8 *to = encode_reserve(scratch->out, 4 + deflate_bound(scratch->work->len));
    gsize length =
        deflate_blocks(scratch->deflate, scratch->work->data, scratch->work->len, to + 4);
    guint32 wire = GUINT32_TO_BE((guint32)length);

    memcpy(to, &wire, 4);
    g_byte_array_set_size(scratch->out, start + 4 + (guint)length);
}

const guint32 *
encode_pixels(const Frame *frame, const PlanOp *op)
{
    return frame->pixels + (gsize)op->y * (gsize)frame->stride + op->x;
}

gsize
encode_compact_length(guint8 *to, gsize length)
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

Packet *
encode_op(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
          const PlanOp *op)
{
    Packet *packet;

    g_byte_array_set_size(scratch->out, 0);
    settings->encoder->encode(scratch, settings, frame, op);
    packet = packet_pool_take(scratch->packets, settings->encoder->kind, scratch->out->len);
    memcpy(packet->data, scratch->out->data, scratch->out->len);
    packet->x = op->x;
    packet->y = op->y;
    packet->width = op->width;
    packet->height = op->height;
    packet->lossy = encode_settings_lossy(settings, op);
    return packet;
}
