/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "encode/deflate.h"
#include "encode/huffman.h"
#include "encode/palette.h"
#include "encode/pixel-format.h"
#include "encode/rgb.h"
#include "packet.h"

#include <string.h>
#include <zlib.h>

/* A zlib stream that blocks are put into one after another. */
static void
inflate_begin(z_stream *stream)
{
    Bytef header[] = DEFLATE_ZLIB_HEADER, nothing[1];
    memset(stream, 0, sizeof *stream);
    g_assert_cmpint(inflateInit(stream), ==, Z_OK);
    stream->next_in = header;
    stream->avail_in = 2;
    stream->next_out = nothing;
    stream->avail_out = 1;
    g_assert_cmpint(inflate(stream, Z_SYNC_FLUSH), ==, Z_OK);
}

static void
assert_inflates(z_stream *stream, guint8 *packed, gsize n, const guint8 *from, gsize size)
{
    g_autofree guint8 *to = g_malloc(size + 1);
    stream->next_in = packed;
    stream->avail_in = (uInt)n;
    stream->next_out = to;
    stream->avail_out = (uInt)size;
    while (stream->avail_in && inflate(stream, Z_SYNC_FLUSH) == Z_OK)
        ;
    g_assert_cmpint(stream->avail_in, ==, 0);
    g_assert_cmpint(stream->avail_out, ==, 0);
    g_assert_cmpmem(from, size, to, size);
}

static guint8
byte_at(gsize at, guint kind, GRand *rand)
{
    switch (kind) {
    case 0:
        return 7;
    case 1:
        return (guint8)g_rand_int(rand);
    case 2:
        return (guint8)(at % 97 * (at % 13));
    case 3: /* what a prediction leaves: near zero on both sides */
        return (guint8)((g_rand_int(rand) & g_rand_int(rand) & 15) - 4);
    default: /* each value half as often as the one before: codes as long as can be */
        return (guint8)(__builtin_ctz(g_rand_int(rand) | 1u << 30) +
                        (at % 60000 == 59999 ? 99 : 0));
    }
}

/* Blocks made apart, of either kind, put one after another behind one header, are one zlib stream.
 */
static void
test_deflate(void)
{
    static const gsize sizes[] = {0, 1, 2, 11, 300, 65534, 65535, 65536, 70000, 400000};
    Deflate *deflate = deflate_new();
    g_autoptr(GRand) rand = g_rand_new_with_seed(4);
    z_stream stream;
    inflate_begin(&stream);
    for (guint i = 0; i < G_N_ELEMENTS(sizes) * 5; i++) {
        gsize size = sizes[i / 5], n;
        g_autofree guint8 *from = g_malloc(size + 1), *packed = g_malloc(deflate_bound(size)),
                          *coded = g_malloc(huffman_bound(size));
        for (gsize j = 0; j < size; j++)
            from[j] = byte_at(j, i % 5, rand);
        n = deflate_blocks(deflate, from, size, packed);
        g_assert_cmpint(n, <=, deflate_bound(size));
        assert_inflates(&stream, packed, n, from, size);
        n = huffman_blocks(from, size, coded);
        g_assert_cmpint(n, <=, huffman_bound(size));
        assert_inflates(&stream, coded, n, from, size);
        if (size == 400000 && i % 5 == 3) /* under 4 bits a byte */
            g_assert_cmpint(n, <, size / 2);
    }
    inflateEnd(&stream);
    deflate_free(deflate);
}

/* Codes that must be cut to the format's limit: weights that grow like Fibonacci's numbers make the
 * deepest tree there is. */
static void
test_deep_code(void)
{
    guint32 a = 1, b = 1;
    gsize size = 0;
    g_autofree guint8 *from = g_malloc(200000), *packed = g_malloc(huffman_bound(200000));
    z_stream stream;
    for (guint value = 0; value < 24 && size + a < 65535; value++) {
        memset(from + size, (int)value, a);
        size += a;
        b += a;
        a = b - a;
    }
    inflate_begin(&stream);
    assert_inflates(&stream, packed, huffman_blocks(from, size, packed), from, size);
    inflateEnd(&stream);
}

static void
fill_row(guint32 *row, int n, guint kind, GRand *rand)
{
    for (int i = 0; i < n; i++)
        row[i] = kind == 0   ? g_rand_int(rand) & 0xffffff
                 : kind == 1 ? (guint32)(i * 3 & 0xff) * 0x010101u
                 : kind == 2 ? (g_rand_int(rand) & 1) * 0xffffffu
                             : (guint32)(i / 9 * 0x30507 & 0xffffff);
}

/* Every processor's kernel writes what the scalar one does, to a row of any length that begins
 * anywhere, and nothing but slack behind it. */
static void
test_rgb_kernels(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(6);
    guint n;
    const RgbKernel *kernels = rgb_kernels(&n);
    guint32 row[400], above[400];
    guint8 expected[2][1200 + RGB_SLACK], got[1200 + RGB_SLACK + 1];
    for (guint round = 0; round < 2000; round++) {
        int offset = g_rand_int_range(rand, 0, 8), pixels = g_rand_int_range(rand, 1, 392);
        fill_row(row, 400, round % 4, rand);
        fill_row(above, 400, round / 4 % 4, rand);
        kernels[0].pack(row + offset, pixels, expected[0]);
        kernels[0].gradient(row + offset, above + offset, pixels, expected[1]);
        for (guint k = 1; k < n; k++) {
            if (!cpu_has(kernels[k].cpu))
                continue;
            got[pixels * 3 + RGB_SLACK] = 0xa5;
            kernels[k].pack(row + offset, pixels, got);
            g_assert_cmpmem(got, pixels * 3, expected[0], pixels * 3);
            kernels[k].gradient(row + offset, above + offset, pixels, got);
            g_assert_cmpmem(got, pixels * 3, expected[1], pixels * 3);
            g_assert_cmphex(got[pixels * 3 + RGB_SLACK], ==, 0xa5);
        }
    }
}

/* What the protocol's decoder does with the gradient's bytes gives the pixels again. */
static void
test_gradient(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    guint32 pixels[40][33], nothing[33] = {0};
    guint n;
    const RgbKernel *kernel = rgb_kernels(&n);
    guint8 rows[41][34][3] = {{{0}}}, bytes[33 * 3 + RGB_SLACK]; /* a row and a column of zeros */
    for (int y = 0; y < 40; y++) {
        fill_row(pixels[y], 33, (guint)y % 4, rand);
        kernel->gradient(pixels[y], y ? pixels[y - 1] : nothing, 33, bytes);
        for (int i = 0; i < 33 * 3; i++) {
            int x = i / 3, c = i % 3,
                predicted = rows[y + 1][x][c] + rows[y][x + 1][c] - rows[y][x][c];
            rows[y + 1][x + 1][c] = (guint8)(bytes[i] + CLAMP(predicted, 0, 255));
            g_assert_cmphex(rows[y + 1][x + 1][c], ==, pixels[y][x] >> (16 - 8 * c) & 0xff);
        }
    }
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
    guint n_kernels;
    const PaletteKernel *kernels = palette_kernels(&n_kernels);
    guint32 pixels[64 * 64];
    guint8 indices[64 * 64 + PALETTE_SLACK];
    for (int round = 0; round < 300; round++) {
        int colours = 1 + round, width = g_rand_int_range(rand, 1, 65), height = 64, runs = 0;
        int stride = 64, often = 1 + round % 7, seen = MIN(colours, width * height);
        const PaletteKernel *kernel = &kernels[round % (int)n_kernels];
        guint32 last = 0;
        if (!cpu_has(kernel->cpu))
            continue;
        for (int i = 0; i < width * height; i++) {
            if (i < colours)
                last = (guint32)i;
            else if (g_rand_int_range(rand, 0, often) == 0)
                last = (guint32)g_rand_int_range(rand, 0, seen);
            pixels[i / width * stride + i % width] = last * 0x010203u & 0xffffff;
        }
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                runs += x == 0 || pixels[y * stride + x] != pixels[y * stride + x - 1];
        palette_set_kernel(palette, kernel);
        g_assert_cmpint(palette_build(palette, pixels, stride, width, height, 256, indices), ==,
                        seen <= 256 ? seen : 0);
        if (seen > 256)
            continue;
        g_assert_cmpint(palette_runs(palette), ==, runs);
        for (int i = 0; i < width * height; i++)
            g_assert_cmphex(palette_colours(palette)[indices[i]], ==,
                            pixels[i / width * stride + i % width]);
    }
    palette_free(palette);
}

static void
test_palette_kernels(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(8);
    guint n;
    const PaletteKernel *kernels = palette_kernels(&n);
    guint32 pixels[80];
    for (guint round = 0; round < 2000; round++) {
        int offset = g_rand_int_range(rand, 1, 16);
        for (int i = 0; i < 80; i++)
            pixels[i] = (guint32)g_rand_int_range(rand, 0, 2 + (int)(round % 5)) << round % 24;
        for (guint k = 1; k < n; k++)
            if (cpu_has(kernels[k].cpu))
                g_assert_cmphex(kernels[k].changes(pixels + offset), ==,
                                kernels[0].changes(pixels + offset));
    }
}

static void
test_palette_pack(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(9);
    guint8 indices[50 * 9], packed[50 * 9];
    for (int round = 0; round < 600; round++) {
        int bits = 1 << round % 3, width = g_rand_int_range(rand, 1, 51), row;
        for (int i = 0; i < width * 9; i++)
            indices[i] = (guint8)g_rand_int_range(rand, 0, 1 << bits);
        row = (width * bits + 7) / 8;
        g_assert_cmpint(palette_pack(indices, width, 9, bits, packed), ==, row * 9);
        for (int i = 0; i < width * 9; i++) {
            int bit = i % width * bits;
            g_assert_cmpint(packed[i / width * row + bit / 8] >> (8 - bits - bit % 8) &
                                ((1 << bits) - 1),
                            ==, indices[i]);
        }
    }
}

/* A pool gives the same memory again, packets outlive it, and what is too large for it works, too.
 */
static void
test_packets(void)
{
    PacketPool *pool = packet_pool_new();
    Packet *a = packet_pool_take(pool, PACKET_WHOLE, 1000), *b, *large;
    g_assert_cmpint(a->size, ==, 1000);
    memset(a->data, 1, 1000);
    packet_ref(a);
    packet_unref(a);
    b = packet_pool_take(pool, PACKET_STREAM, 1000);
    g_assert_true(a != b);
    packet_unref(a);
    g_assert_true(packet_pool_take(pool, PACKET_WHOLE, 700) == a);
    g_assert_cmpint(a->size, ==, 700);
    large = packet_pool_take(pool, PACKET_WHOLE, 5000000);
    memset(large->data, 2, 5000000);
    packet_unref(large);
    packet_unref(a);
    packet_pool_free(pool);
    memset(b->data, 3, 1000);
    packet_unref(b);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/encode/deflate", test_deflate);
    g_test_add_func("/encode/deep-code", test_deep_code);
    g_test_add_func("/encode/formats", test_formats);
    g_test_add_func("/encode/rgb-kernels", test_rgb_kernels);
    g_test_add_func("/encode/gradient", test_gradient);
    g_test_add_func("/encode/palette", test_palette);
    g_test_add_func("/encode/palette-kernels", test_palette_kernels);
    g_test_add_func("/encode/palette-pack", test_palette_pack);
    g_test_add_func("/encode/packets", test_packets);
    return g_test_run();
}
