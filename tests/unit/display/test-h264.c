/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "encode/h264.h"
#include "encode/i420.h"
#include "h264-decoder.h"

#include <math.h>
#include <string.h>

#define GUARD 0xa5

/* Rows of chance, and each kernel's planes beside the scalar's; nothing beyond them is written. */
static void
test_kernels(void)
{
    enum { MOST = 700, SIZE = MOST + 64 };
    g_autoptr(GRand) rand = g_rand_new_with_seed(11);
    g_autofree guint32 *rows = g_new(guint32, SIZE * 2);
    guint8 planes[2][4][SIZE];
    guint n;
    const I420Kernel *kernels = i420_kernels(&n);

    for (int round = 0; round < 400; round++) {
        int width = g_rand_int_range(rand, 1, MOST / 2) * 2;
        int at = g_rand_int_range(rand, 0, 16), to = g_rand_int_range(rand, 0, 32);

        for (int i = 0; i < SIZE * 2; i++)
            rows[i] = (round & 3 ? g_rand_int(rand) : g_rand_boolean(rand) * 0xffffffu) & 0xffffff;
        for (guint k = 1; k < n; k++) {
            if (!cpu_has(kernels[k].cpu))
                continue;
            memset(planes, GUARD, sizeof planes);
            for (guint i = 0; i < 2; i++)
                kernels[i ? k : 0].rows(rows + at, rows + SIZE + at, width, planes[i][0] + to,
                                        planes[i][1] + to, planes[i][2] + to, planes[i][3] + to);
            g_assert_cmpmem(planes[0], sizeof planes[0], planes[1], sizeof planes[1]);
        }
    }
}

/* White, black and grey keep their luma, and have no colour. */
static void
test_grey(void)
{
    guint8 y[2][2], u, v;

    for (guint32 grey = 0; grey < 256; grey++) {
        guint32 row[2] = {grey * 0x10101u, grey * 0x10101u};

        i420_kernels(&(guint){0})[0].rows(row, row, 2, y[0], y[1], &u, &v);
        g_assert_cmpint(abs(y[1][1] - (int)lround(16 + grey * 219.0 / 255)), <=, 1);
        g_assert_cmpint(abs(u - 128), <=, 0);
        g_assert_cmpint(abs(v - 128), <=, 0);
    }
}

static void
paint(guint32 *pixels, int width, int height, int time)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            double a = sin((x + time * 3) / 19.0) + cos((y - time) / 23.0);
            int r = (int)(128 + 60 * a), g = (int)(128 + 50 * sin(a + x / 40.0)),
                b = 255 * y / height;

            pixels[y * width + x] = (guint32)(r << 16 | g << 8 | b);
        }
}

static double
psnr(const guint32 *a, const guint32 *b, int n)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        for (int shift = 0; shift < 24; shift += 8) {
            int d = (int)(a[i] >> shift & 0xff) - (int)(b[i] >> shift & 0xff);

            sum += d * d;
        }
    return sum > 0 ? 10 * log10(255.0 * 255.0 * n * 3 / sum) : 99;
}

/* What a decoder makes of a stream is like what went in, in colour too; odd multiples of two are
 * cut to size; later pictures are smaller than the first. */
static void
test_like(void)
{
    const int sizes[][2] = {{160, 112}, {162, 114}, {656, 368}, {1000, 498}};

    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        int width = sizes[i][0], height = sizes[i][1];
        g_autofree guint32 *in = g_new(guint32, (gsize)width * (gsize)height);
        g_autofree guint32 *out = g_new0(guint32, (gsize)width * (gsize)height);
        H264 *h264 = h264_new(width, height, 8);
        H264Decoder *decoder = h264_decoder_new();
        gsize first = 0;

        for (int time = 0; time < 12; time++) {
            const guint8 *bytes;
            gsize size;

            paint(in, width, height, time);
            size = h264_encode(h264, in, width, FALSE, &bytes);
            g_assert_cmpuint(size, >, 0);
            g_assert_true(h264_decoder_decode(decoder, bytes, size, out, width, width, height));
            g_assert_cmpfloat(psnr(in, out, width * height), >, 33);
            first = first ? first : size;
            g_assert_cmpuint(size, <=, first);
        }
        g_assert_true(h264_decoder_colours_match(decoder));
        h264_decoder_free(decoder);
        h264_free(h264);
    }
}

/* Of the bytes: the types of their units, as bits. */
static guint
unit_types(const guint8 *bytes, gsize size, guint *slices)
{
    guint types = 0;

    *slices = 0;
    for (gsize i = 0; i + 3 < size; i++)
        if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1) {
            types |= 1u << (bytes[i + 3] & 31);
            *slices += (bytes[i + 3] & 31) == 1 || (bytes[i + 3] & 31) == 5;
        }
    return types;
}

/* A decoder that comes later begins at a key frame that was asked for, and there is no other; each
 * picture is one slice. */
static void
test_key(void)
{
    enum { WIDTH = 320, HEIGHT = 240, SPS = 1 << 7, PPS = 1 << 8, IDR = 1 << 5 };
    g_autofree guint32 *in = g_new(guint32, WIDTH * HEIGHT), *out = g_new(guint32, WIDTH * HEIGHT);
    H264 *h264 = h264_new(WIDTH, HEIGHT, 6);
    H264Decoder *late = h264_decoder_new();
    guint slices;

    for (int time = 0; time < 60; time++) {
        const guint8 *bytes;
        gboolean key = time == 20;
        gsize size;

        paint(in, WIDTH, HEIGHT, time % 10 == 9 ? 400 + time : time); /* cuts now and then */
        size = h264_encode(h264, in, WIDTH, key, &bytes);
        guint types = unit_types(bytes, size, &slices);

        g_assert_cmpuint(slices, ==, 1);
        if (key || time == 0)
            g_assert_cmphex(types & (SPS | PPS | IDR), ==, SPS | PPS | IDR);
        else
            g_assert_cmphex(types & (SPS | PPS | IDR), ==, 0);
        if (time < 20)
            continue;
        g_assert_true(h264_decoder_decode(late, bytes, size, out, WIDTH, WIDTH, HEIGHT));
        g_assert_cmpfloat(psnr(in, out, WIDTH * HEIGHT), >, 30);
    }
    h264_decoder_free(late);
    h264_free(h264);
}

/* Quality changes in the middle of a stream. */
static void
test_quality(void)
{
    enum { WIDTH = 320, HEIGHT = 240 };
    g_autofree guint32 *in = g_new(guint32, WIDTH * HEIGHT), *out = g_new(guint32, WIDTH * HEIGHT);
    H264 *h264 = h264_new(WIDTH, HEIGHT, 0);
    H264Decoder *decoder = h264_decoder_new();
    double likeness[2];

    for (int half = 0; half < 2; half++) {
        h264_set_quality(h264, half ? 9 : 0);
        for (int time = 0; time < 10; time++) {
            const guint8 *bytes;
            gsize size;

            paint(in, WIDTH, HEIGHT, time);
            size = h264_encode(h264, in, WIDTH, FALSE, &bytes);
            g_assert_true(h264_decoder_decode(decoder, bytes, size, out, WIDTH, WIDTH, HEIGHT));
        }
        likeness[half] = psnr(in, out, WIDTH * HEIGHT);
    }
    g_assert_cmpfloat(likeness[1], >, likeness[0] + 3);
    h264_decoder_free(decoder);
    h264_free(h264);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/i420/kernels", test_kernels);
    g_test_add_func("/i420/grey", test_grey);
    g_test_add_func("/h264/like", test_like);
    g_test_add_func("/h264/key", test_key);
    g_test_add_func("/h264/quality", test_quality);
    return g_test_run();
}
