/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* H.264 as stock clients decode it (libavcodec), for tests and the benchmark. One thread. */

typedef struct H264Decoder H264Decoder;

H264Decoder *h264_decoder_new(void);
void h264_decoder_free(H264Decoder *decoder);
/* One picture of Annex B bytes to width x height pixels (x8r8g8b8, stride in pixels), by BT.601
 * with limited range. FALSE when it gave none of that size. */
gboolean h264_decoder_decode(H264Decoder *decoder, const guint8 *bytes, gsize size, guint32 *pixels,
                             int stride, int width, int height);
/* What the last picture said of its colours is what it was decoded by. */
gboolean h264_decoder_colours_match(const H264Decoder *decoder);
