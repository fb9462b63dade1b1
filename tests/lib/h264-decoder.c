/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "h264-decoder.h"

#include <libavcodec/avcodec.h>
#include <string.h>

struct H264Decoder {
    AVCodecContext *context;
    AVFrame *frame;
    AVPacket *packet;
    GByteArray *padded;
};

H264Decoder *
h264_decoder_new(void)
{
    H264Decoder *decoder = g_new0(H264Decoder, 1);

    decoder->context = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
    decoder->context->thread_count = 1;
    decoder->context->flags |= AV_CODEC_FLAG_LOW_DELAY;
    av_log_set_level(AV_LOG_QUIET);
    if (avcodec_open2(decoder->context, NULL, NULL) < 0)
        g_error("libavcodec has no H.264 decoder.");
    decoder->frame = av_frame_alloc();
    decoder->packet = av_packet_alloc();
    decoder->padded = g_byte_array_new();
    return decoder;
}

void
h264_decoder_free(H264Decoder *decoder)
{
    if (!decoder)
        return;
    avcodec_free_context(&decoder->context);
    av_frame_free(&decoder->frame);
    av_packet_free(&decoder->packet);
    g_byte_array_unref(decoder->padded);
    g_free(decoder);
}

static guint32
clamp(int value)
{
    return (guint32)CLAMP((value + 32768) >> 16, 0, 255);
}

static void
to_pixels(const AVFrame *frame, guint32 *pixels, int stride, int width, int height)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int luma = (frame->data[0][y * frame->linesize[0] + x] - 16) * 76309;
            int u = frame->data[1][y / 2 * frame->linesize[1] + x / 2] - 128;
            int v = frame->data[2][y / 2 * frame->linesize[2] + x / 2] - 128;

            pixels[(gsize)y * (gsize)stride + (gsize)x] = clamp(luma + 104597 * v) << 16 |
                                                          clamp(luma - 25675 * u - 53279 * v) << 8 |
                                                          clamp(luma + 132201 * u);
        }
}

gboolean
h264_decoder_decode(H264Decoder *decoder, const guint8 *bytes, gsize size, guint32 *pixels,
                    int stride, int width, int height)
{
    static const guint8 padding[AV_INPUT_BUFFER_PADDING_SIZE];
    AVFrame *frame = decoder->frame;

    g_byte_array_set_size(decoder->padded, 0);
    g_byte_array_append(decoder->padded, bytes, (guint)size);
    g_byte_array_append(decoder->padded, padding, sizeof padding);
    decoder->packet->data = decoder->padded->data;
    decoder->packet->size = (int)size;
    if (avcodec_send_packet(decoder->context, decoder->packet) < 0 ||
        avcodec_receive_frame(decoder->context, frame) < 0)
        return FALSE;
    if (frame->format != AV_PIX_FMT_YUV420P || frame->width != width || frame->height != height)
        return FALSE;
    to_pixels(frame, pixels, stride, width, height);
    return TRUE;
}

gboolean
h264_decoder_colours_match(const H264Decoder *decoder)
{
    return decoder->frame->colorspace == AVCOL_SPC_SMPTE170M &&
           decoder->frame->color_range == AVCOL_RANGE_MPEG &&
           decoder->frame->color_trc == AVCOL_TRC_IEC61966_2_1;
}
