/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * H.264 of one picture that keeps its size: baseline profile, a slice a picture (browsers' clients
 * take each slice for a picture), no delay, no key frames but those asked for. One thread at a
 * time.
 */

typedef struct H264 H264;

#define H264_MAX_QUALITY 9

/* width, height: even, at least 16. quality: 0 to H264_MAX_QUALITY, as the VNC protocol counts it.
 * NULL when the codec will not. Takes some milliseconds. */
H264 *h264_new(int width, int height, int quality);
void h264_free(H264 *h264);
/* From the next picture on. */
void h264_set_quality(H264 *h264, int quality);
/* One picture (x8r8g8b8, stride in pixels) to Annex B bytes, which stand until the next call.
 * Returns how many; 0 when the codec failed: then it is of no further use. The first picture is a
 * key frame in any case. */
gsize h264_encode(H264 *h264, const guint32 *pixels, int stride, gboolean key,
                  const guint8 **bytes);
