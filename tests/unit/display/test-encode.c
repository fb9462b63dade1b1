/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "encode/deflate.h"
#include "encode/palette.h"
#include "encode/pixel-format.h"

#include <string.h>
#include <zlib.h>

/* Blocks made apart, put one after another behind one header, are one zlib stream. */
static void
test_deflate(void)
{
    static const gsize sizes[] = {0, 1, 11, 300, 65535, 65536, 70000, 400000};
    Deflate *deflate = deflate_new();
    g_autoptr(GRand) rand = g_rand_new_with_seed(4);
    z_stream stream = {0};
    Bytef header[] = DEFLATE_ZLIB_HEADER, nothing[1];
    g_assert_cmpint(inflateInit(&stream), ==, Z_OK);
    stream.next_in = header;
    stream.avail_in = 2;
    stream.next_out = nothing;
    stream.avail_out = 1;
    g_assert_cmpint(inflate(&stream, Z_SYNC_FLUSH), ==, Z_OK);
    for (guint i = 0; i < G_N_ELEMENTS(sizes) * 3; i++) {
        gsize size = sizes[i / 3], n;
        g_autofree guint8 *from = g_malloc(size + 1), *packed = g_malloc(deflate_bound(size)),
                          *to = g_malloc(size + 1);
        for (gsize j = 0; j < size; j++)
            from[j] = i % 3 == 0   ? 7
                      : i % 3 == 1 ? (guint8)g_rand_int(rand)
                                   : (guint8)(j % 97 * (j % 13));
        n = deflate_blocks(deflate, from, size, packed);
        g_assert_cmpint(n, <=, deflate_bound(size));
        stream.next_in = packed;
        stream.avail_in = (uInt)n;
        stream.next_out = to;
        stream.avail_out = (uInt)size;
        while (stream.avail_in && inflate(&stream, Z_SYNC_FLUSH) == Z_OK)
            ;
        g_assert_cmpint(stream.avail_out, ==, 0);
        g_assert_cmpmem(from, size, to, size);
    }
    inflateEnd(&stream);
    deflate_free(deflate);
}

static void
test_formats(void)
{
    PixelFormat format;
    const guint32 pixels[2] = {0x00ff8001, 0x00123456};
    guint8 bytes[8];
    pixel_format_init_native(&format);
    g_assert_cmpint(pixel_format_tpixel_size(&format), ==, 3);
    pixel_format_convert_tpixel(&format, pixels, 2, bytes);
    g_assert_cmpmem(bytes, 6, "\xff\x80\x01\x12\x34\x56", 6);
    pixel_format_convert(&format, pixels, 2, bytes);
    g_assert_cmpmem(bytes, 3, "\x01\x80\xff", 3);
    g_assert_true(
        pixel_format_init(&format, 32, 24, TRUE, (guint[]){255, 255, 255}, (guint[]){24, 16, 8}));
    pixel_format_convert(&format, pixels, 2, bytes);
    g_assert_cmpmem(bytes, 8, "\xff\x80\x01\x00\x12\x34\x56\x00", 8);
    pixel_format_convert_cpixel(&format, pixels, 2, bytes);
    g_assert_cmpmem(bytes, 6, "\xff\x80\x01\x12\x34\x56", 6);
    g_assert_true(
        pixel_format_init(&format, 16, 16, FALSE, (guint[]){31, 63, 31}, (guint[]){11, 5, 0}));
    pixel_format_convert(&format, pixels, 1, bytes);
    g_assert_cmphex(bytes[0] | bytes[1] << 8, ==, 31 << 11 | 32 << 5 | 0);
    /* What no pixel can be. */
    g_assert_false(
        pixel_format_init(&format, 24, 24, FALSE, (guint[]){255, 255, 255}, (guint[]){16, 8, 0}));
    g_assert_false(
        pixel_format_init(&format, 16, 16, FALSE, (guint[]){31, 63, 31}, (guint[]){12, 5, 0}));
    g_assert_false(
        pixel_format_init(&format, 32, 24, FALSE, (guint[]){255, 0, 255}, (guint[]){16, 8, 0}));
    g_assert_false(
        pixel_format_init(&format, 32, 24, FALSE, (guint[]){255, 254, 255}, (guint[]){16, 8, 0}));
    g_assert_false(
        pixel_format_init(&format, 32, 24, FALSE, (guint[]){255, 255, 255}, (guint[]){240, 8, 0}));
}

static void
test_palette(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    Palette *palette = palette_new();
    guint32 pixels[64 * 64];
    guint8 indices[64 * 64];
    for (int colours = 1; colours <= 300; colours += 13) {
        for (int i = 0; i < 64 * 64; i++)
            pixels[i] =
                (guint32)(i < colours ? i : g_rand_int_range(rand, 0, colours)) * 0x010203u &
                0xffffff;
        g_assert_cmpint(palette_build(palette, pixels, 64, 64, 64, 256, indices), ==,
                        colours <= 256 ? colours : 0);
        for (int i = 0; i < 64 * 64 && colours <= 256; i++)
            g_assert_cmphex(palette_colours(palette)[indices[i]], ==, pixels[i]);
    }
    palette_free(palette);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/encode/deflate", test_deflate);
    g_test_add_func("/encode/formats", test_formats);
    g_test_add_func("/encode/palette", test_palette);
    return g_test_run();
}
