/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "h264.h"
#include "i420.h"

#include <stdint.h>
#include <x264.h>

#define ALIGN 64 /* bytes: rows as the codec likes them */

/* Code points of ITU-T H.273: screens are sRGB, and i420.h uses BT.601's matrix. */
#define PRIMARIES_BT709 1
#define TRANSFER_SRGB   13
#define MATRIX_BT601    6

struct H264 {
    x264_param_t param;
    x264_t *codec;
    const I420Kernel *kernel;
    int width, height;
    guint8 *planes; /* the picture's three, in one block */
    x264_picture_t picture;
};

/* Constant quality in x264's measure, for the protocol's levels. What moves may be coarse: it is
 * sent again without loss once it is still. */
static float
rate_factor(int quality)
{
    static const float factors[] = {34, 33, 32, 31, 30, 29, 28, 27, 26, 22};

    return factors[CLAMP(quality, 0, H264_MAX_QUALITY)];
}

static void
set_parameters(x264_param_t *param, int width, int height, int quality)
{
    /* Of the ways to spend time, measured at equal likeness, none pays but the deblocking filter.
     */
    x264_param_default_preset(param, "ultrafast", "zerolatency");
    param->b_deblocking_filter = 1;
    param->analyse.i_weighted_pred = 0;
    param->i_log_level = X264_LOG_NONE;
    param->i_threads = 1;
    param->b_sliced_threads = 0;
    param->i_width = width;
    param->i_height = height;
    param->i_csp = X264_CSP_I420;
    param->b_vfr_input = 0;
    param->i_fps_num = 30;
    param->i_fps_den = 1;
    param->i_keyint_max = X264_KEYINT_MAX_INFINITE;
    param->i_scenecut_threshold = 0;
    param->rc.i_rc_method = X264_RC_CRF;
    param->rc.f_rf_constant = rate_factor(quality);
    param->vui.b_fullrange = 0;
    param->vui.i_colorprim = PRIMARIES_BT709;
    param->vui.i_transfer = TRANSFER_SRGB;
    param->vui.i_colmatrix = MATRIX_BT601;
    x264_param_apply_profile(param, "baseline");
}

static void
make_planes(H264 *h264)
{
    gsize luma = ((gsize)h264->width + ALIGN - 1) / ALIGN * ALIGN;
    gsize chroma = ((gsize)h264->width / 2 + ALIGN - 1) / ALIGN * ALIGN;
    gsize height = (gsize)h264->height;
    x264_image_t *image = &h264->picture.img;

    x264_picture_init(&h264->picture);
    h264->planes = g_aligned_alloc0(1, luma * height + chroma * height, ALIGN);
    image->i_csp = X264_CSP_I420;
    image->i_plane = 3;
    image->plane[0] = h264->planes;
    image->plane[1] = h264->planes + luma * height;
    image->plane[2] = image->plane[1] + chroma * (height / 2);
    image->i_stride[0] = (int)luma;
    image->i_stride[1] = image->i_stride[2] = (int)chroma;
}

H264 *
h264_new(int width, int height, int quality)
{
    H264 *h264 = g_new0(H264, 1);

    set_parameters(&h264->param, width, height, quality);
    h264->codec = x264_encoder_open(&h264->param);
    if (!h264->codec) {
        g_free(h264);
        return NULL;
    }
    h264->kernel = i420_kernel_best();
    h264->width = width;
    h264->height = height;
    make_planes(h264);
    return h264;
}

void
h264_free(H264 *h264)
{
    if (!h264)
        return;
    x264_encoder_close(h264->codec);
    g_aligned_free(h264->planes);
    g_free(h264);
}

void
h264_set_quality(H264 *h264, int quality)
{
    h264->param.rc.f_rf_constant = rate_factor(quality);
    x264_encoder_reconfig(h264->codec, &h264->param);
}

static void
convert(H264 *h264, const guint32 *pixels, int stride)
{
    const x264_image_t *image = &h264->picture.img;

    for (int y = 0; y < h264->height; y += 2) {
        const guint32 *top = pixels + (gsize)y * (gsize)stride;
        guint8 *luma = image->plane[0] + (gsize)y * (gsize)image->i_stride[0];
        gsize chroma = (gsize)(y / 2) * (gsize)image->i_stride[1];

        h264->kernel->rows(top, top + stride, h264->width, luma, luma + image->i_stride[0],
                           image->plane[1] + chroma, image->plane[2] + chroma);
    }
}

gsize
h264_encode(H264 *h264, const guint32 *pixels, int stride, gboolean key, const guint8 **bytes)
{
    x264_picture_t out;
    x264_nal_t *nals;
    int n, size;

    convert(h264, pixels, stride);
    h264->picture.i_type = key ? X264_TYPE_IDR : X264_TYPE_AUTO;
    size = x264_encoder_encode(h264->codec, &nals, &n, &h264->picture, &out);
    h264->picture.i_pts++;
    if (size <= 0 || n < 1)
        return 0;
    *bytes = nals[0].p_payload; /* of all units: they follow each other in memory */
    return (gsize)size;
}
