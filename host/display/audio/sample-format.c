/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "audio/sample-format.h"

#include <string.h>

gboolean
sample_format_is_supported(const SampleFormat *format)
{
    return (format->bits == 8 || format->bits == 16 || format->bits == 32) &&
           (!format->is_float || format->bits == 32) && format->channels >= 1 &&
           format->channels <= 8 && format->rate >= 4000 && format->rate <= 192000;
}

static gint16
read_float(guint32 bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    if (!(value >= -1.0f)) /* NaN too */
        return G_MININT16;
    return value >= 1.0f ? G_MAXINT16 : (gint16)(value * G_MAXINT16);
}

static gint16
read_sample(const SampleFormat *format, const guint8 *data)
{
    guint flip = format->is_signed ? 0 : 0x8000;
    if (format->bits == 8)
        return (gint16)((guint)data[0] << 8 ^ flip);
    if (format->bits == 16) {
        guint16 value;
        memcpy(&value, data, sizeof value);
        value = format->big_endian ? GUINT16_FROM_BE(value) : GUINT16_FROM_LE(value);
        return (gint16)(value ^ flip);
    }
    guint32 value;
    memcpy(&value, data, sizeof value);
    value = format->big_endian ? GUINT32_FROM_BE(value) : GUINT32_FROM_LE(value);
    return format->is_float ? read_float(value) : (gint16)(value >> 16 ^ flip);
}

gint16 *
sample_format_to_stereo(const SampleFormat *format, const guint8 *data, gsize size, gsize *frames)
{
    gsize frame_size = format->bits / 8 * format->channels;
    gsize sample_size = format->bits / 8;
    *frames = size / frame_size;
    gint16 *out = g_new(gint16, *frames * 2);
    for (gsize i = 0; i < *frames; i++) {
        const guint8 *frame = data + i * frame_size;
        out[2 * i] = read_sample(format, frame);
        out[2 * i + 1] =
            format->channels > 1 ? read_sample(format, frame + sample_size) : out[2 * i];
    }
    return out;
}
