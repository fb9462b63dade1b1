/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "audio/sample-format.h"
#include "sink/scan-codes.h"
#include "source/scanout-format.h"

#include <string.h>

static void
expect_keys(const guint8 *bytes, gsize size, const guint *keys, gsize n_keys)
{
    ScanCodes codes = {0};
    gsize seen = 0;
    for (gsize i = 0; i < size; i++) {
        guint qnum;
        gboolean down;
        if (!scan_codes_feed(&codes, bytes[i], &qnum, &down))
            continue;
        g_assert_cmpuint(seen, <, n_keys);
        g_assert_cmpuint(qnum | (down ? 0x1000 : 0), ==, keys[seen]);
        seen++;
    }
    g_assert_cmpuint(seen, ==, n_keys);
}

#define DOWN 0x1000

static void
test_scan_codes(void)
{
    const guint8 bytes[] = {0x1e, 0x9e, 0xe0, 0x48, 0xe0, 0xc8, 0xe1,
                            0x1d, 0x45, 0xe1, 0x9d, 0xc5, 0x45, 0xc5};
    const guint keys[] = {0x1e | DOWN, 0x1e, 0xc8 | DOWN, 0xc8,
                          0xc6 | DOWN, 0xc6, 0x45 | DOWN, 0x45};
    expect_keys(bytes, sizeof bytes, keys, G_N_ELEMENTS(keys));
    const guint8 odd[] = {0xe0, 0xe1, 0x1d, 0x1e,
                          0x9e, 0x00, 0x80}; /* broken Pause, and no key 0 */
    const guint odd_keys[] = {0x9e | DOWN, 0x1e};
    expect_keys(odd, sizeof odd, odd_keys, G_N_ELEMENTS(odd_keys));
}

static void
expect_samples(SampleFormat format, const void *data, gsize size, const gint16 *want, gsize n_want)
{
    g_assert_true(sample_format_is_supported(&format));
    gsize frames;
    g_autofree gint16 *out = sample_format_to_stereo(&format, data, size, &frames);
    g_assert_cmpmem(out, frames * 4, want, n_want * 2);
}

static void
test_samples(void)
{
    const gint16 plain[] = {1, -2, 3, -4};
    expect_samples((SampleFormat){16, TRUE, FALSE, FALSE, 44100, 2}, plain, sizeof plain + 0, plain,
                   4);
    const guint8 unsigned8[] = {0, 128, 255};
    const gint16 from8[] = {-32768, -32768, 0, 0, 0x7f00, 0x7f00};
    expect_samples((SampleFormat){8, FALSE, FALSE, FALSE, 8000, 1}, unsigned8, 3, from8, 6);
    const guint8 big[] = {0x12, 0x34, 0x80, 0x00, 0xff}; /* and half a sample */
    const gint16 from_big[] = {0x1234, -32768};
    expect_samples((SampleFormat){16, TRUE, FALSE, TRUE, 48000, 2}, big, 5, from_big, 2);
    const gint32 wide[] = {0x12345678, -1, 7, 7};
    const gint16 from_wide[] = {0x1234, -1};
    expect_samples((SampleFormat){32, TRUE, FALSE, FALSE, 48000, 4}, wide, sizeof wide, from_wide,
                   2);
    const float floats[] = {2.0f, -7.0f, 0.0f, __builtin_nanf("")};
    const gint16 from_floats[] = {32767, -32768, 0, -32768};
    expect_samples((SampleFormat){32, TRUE, TRUE, FALSE, 48000, 2}, floats, sizeof floats,
                   from_floats, 4);
}

static void
test_formats_refused(void)
{
    const SampleFormat bad[] = {
        {0, TRUE, FALSE, FALSE, 44100, 2},       {24, TRUE, FALSE, FALSE, 44100, 2},
        {16, TRUE, TRUE, FALSE, 44100, 2},       {16, TRUE, FALSE, FALSE, 44100, 0},
        {16, TRUE, FALSE, FALSE, 44100, 9},      {16, TRUE, FALSE, FALSE, 0, 2},
        {16, TRUE, FALSE, FALSE, 4000000000, 2},
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(sample_format_is_supported(&bad[i]));
}

static guint32
pixel_at(Surface *surface, int x, int y)
{
    int width, height, stride;
    pixman_region32_t damage;
    pixman_region32_init(&damage);
    const guint32 *pixels = surface_lock(surface, &width, &height, &stride, &damage);
    guint32 pixel = pixels[y * stride + x] & 0xffffff;
    surface_unlock(surface);
    pixman_region32_fini(&damage);
    return pixel;
}

static void
test_scanout_formats(void)
{
    Surface *surface = surface_new(NULL, NULL);
    g_assert_true(surface_resize(surface, 4, 2));
    const guint16 rgb565[] = {0xf800, 0x07e0, 0x001f, 0xffff, 0xf800};
    g_assert_true(
        scanout_format_write(surface, PIXMAN_r5g6b5, 0, 0, 4, 1, (const guint8 *)rgb565, 8, 8));
    g_assert_cmphex(pixel_at(surface, 0, 0), ==, 0xff0000);
    g_assert_cmphex(pixel_at(surface, 1, 0), ==, 0x00ff00);
    g_assert_cmphex(pixel_at(surface, 2, 0), ==, 0x0000ff);
    const guint8 rgb24[] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66};
    g_assert_true(scanout_format_write(surface, PIXMAN_r8g8b8, 1, 1, 2, 1, rgb24, 6, 6));
    g_assert_cmphex(pixel_at(surface, 1, 1), ==, 0x332211);

    /* Too short, strides that lie, overflows, formats that are none, places outside. */
    g_assert_false(
        scanout_format_write(surface, PIXMAN_r5g6b5, 0, 0, 4, 2, (const guint8 *)rgb565, 8, 10));
    g_assert_false(
        scanout_format_write(surface, PIXMAN_r5g6b5, 0, 0, 4, 1, (const guint8 *)rgb565, 6, 10));
    g_assert_false(scanout_format_write(surface, PIXMAN_r5g6b5, 0, 0, 4, 8000,
                                        (const guint8 *)rgb565, ~(gsize)0, 10));
    g_assert_false(scanout_format_write(surface, 0xffffffff, 0, 0, 1, 1, rgb24, 4, 6));
    g_assert_false(
        scanout_format_write(surface, PIXMAN_r8g8b8, 0, 0, G_MAXINT, 1, rgb24, ~(gsize)0, 6));
    g_assert_true(
        scanout_format_write(surface, PIXMAN_r8g8b8, G_MAXINT, G_MININT, 1, 1, rgb24, 3, 6));
    g_assert_true(scanout_format_write(surface, PIXMAN_r8g8b8, 0, 0, -1, -1, rgb24, 3, 6));
    surface_free(surface);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spice/scan-codes", test_scan_codes);
    g_test_add_func("/audio/samples", test_samples);
    g_test_add_func("/audio/formats-refused", test_formats_refused);
    g_test_add_func("/dbus/scanout-formats", test_scanout_formats);
    return g_test_run();
}
