/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* A PCM format that a guest may choose, and its way to interleaved stereo S16 of the machine's byte
 * order. Any thread. */
typedef struct {
    guint bits; /* 8, 16 or 32 a sample */
    gboolean is_signed, is_float, big_endian;
    guint rate; /* frames a second */
    guint channels;
} SampleFormat;

gboolean sample_format_is_supported(
    const SampleFormat *format); /* FALSE: nonsense, or nothing that is known */
/* Whole frames only; a rest of data is ignored. Returns gint16 pairs, to be freed. Mono is doubled,
 * of more channels the first two taken. */
gint16 *sample_format_to_stereo(const SampleFormat *format, const guint8 *data, gsize size,
                                gsize *frames);
