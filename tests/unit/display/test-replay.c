/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "region.h"
#include "source/replay-damage.h"
#include "source/replay.h"
#include "source/source.h"

#include <glib/gstdio.h>
#include <string.h>
#include <zstd.h>

#define WIDTH  32
#define HEIGHT 16
#define FRAMES 3

static void
test_address(void)
{
    static const char *const bad[] = {"",
                                      "file",
                                      "file,size=0x10",
                                      "file,size=10x-1",
                                      "file,size=10x9999",
                                      "file,size=10x10x",
                                      "file,size=10x10,rate=-1",
                                      "file,size=10x10,rate=",
                                      "file,size=10x10,rate=lock",
                                      "file,size=10x10,colour=1",
                                      ",size=10x10"};
    ReplayAddress address;
    g_assert_true(replay_address_parse("a file,size=64x48,rate=0", &address, NULL));
    g_assert_cmpstr(address.path, ==, "a file");
    g_assert_cmpint(address.width * 1000 + address.height, ==, 64048);
    g_assert_cmpint(address.rate, ==, 0);
    replay_address_clear(&address);
    g_assert_true(replay_address_parse("file,rate=lockstep,size=64x48", &address, NULL));
    g_assert_true(address.lockstep);
    replay_address_clear(&address);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(replay_address_parse(bad[i], &address, NULL));
}

static void
test_damage_lines(void)
{
    static const char *const bad[] = {
        "1",           "1,2,3",     "0,0,33,1",  "0,0,0,1",     "-1,0,2,2",          "0,0,1,1x",
        "31,15,2,1",   "1,1,1,1,1", "0,0,1,1 a", "99999,0,1,1", "0,0,99999999999,1", "+1,0,1,1",
        "000001,0,1,1"};
    int rectangles[4][4];
    g_assert_cmpint(replay_damage_parse("\n", WIDTH, HEIGHT, rectangles, 4), ==, 0);
    g_assert_cmpint(replay_damage_parse(" 1,2,3,4  0,0,32,16\n", WIDTH, HEIGHT, rectangles, 4), ==,
                    2);
    g_assert_cmpint(rectangles[0][2], ==, 3);
    g_assert_cmpint(rectangles[1][3], ==, 16);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(replay_damage_parse(bad[i], WIDTH, HEIGHT, rectangles, 4), ==, -1);
    g_assert_cmpint(replay_damage_parse("0,0,1,1 0,0,1,1 0,0,1,1", WIDTH, HEIGHT, rectangles, 2),
                    ==, -1);
}

static void
on_connected(gpointer user)
{
}

static const SourceEvents source_events = {.connected = on_connected};

/* Plays bytes; waits until the last pixel is last. */
static void
play(const char *folder, const guint8 *bytes, gsize size, guint32 last)
{
    g_autofree char *path = g_build_filename(folder, "recording", NULL);
    g_autofree char *uri = g_strdup_printf("replay:%s,size=%dx%d,rate=0", path, WIDTH, HEIGHT);
    const char *address;
    const SourceType *type = source_type_find(uri, &address);
    Surface *surface = surface_new(NULL, NULL);
    gint64 end = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    guint32 pixel = ~last;
    g_assert_true(type == &source_replay);
    g_assert_true(g_file_set_contents(path, (const char *)bytes, (gssize)size, NULL));
    Source *source = type->open(address, surface, &source_events, NULL, NULL);
    g_assert_nonnull(source);
    while (pixel != last && g_get_monotonic_time() < end) {
        int width, height, stride;
        pixman_region32_t region;
        pixman_region32_init(&region);
        const guint32 *pixels = surface_lock(surface, &width, &height, &stride, &region);
        if (pixels)
            pixel = pixels[(HEIGHT - 1) * stride + WIDTH - 1];
        surface_unlock(surface);
        pixman_region32_fini(&region);
        g_thread_yield();
    }
    g_assert_cmphex(pixel, ==, last);
    type->close(source);
    surface_free(surface);
    g_unlink(path);
}

static void
test_play(void)
{
    g_autofree char *folder = g_dir_make_tmp("oXXXXXX", NULL);
    guint32 pixels[FRAMES * WIDTH * HEIGHT];
    gsize size = sizeof pixels, bound = ZSTD_compressBound(size);
    g_autofree guint8 *packed = g_malloc(bound);
    for (guint i = 0; i < G_N_ELEMENTS(pixels); i++)
        pixels[i] = i / (WIDTH * HEIGHT) + 1;
    play(folder, (const guint8 *)pixels, size, 3);
    play(folder, (const guint8 *)pixels, size - 5, 2); /* cut in the midst of a frame */
    gsize n = ZSTD_compress(packed, bound, pixels, size, 1);
    play(folder, packed, n, 3);
    packed[n / 2] ^= 0x55;
    play(folder, packed, n / 2, 0); /* damaged: nothing comes, nothing breaks */
    g_rmdir(folder);
}

/* Lockstep ---------------------------------------------------------------------------------------
 */

static void
on_ended(gpointer user)
{
    *(gboolean *)user = TRUE;
}

static const SourceEvents lockstep_events = {.connected = on_connected, .ended = on_ended};

/* Until the source has shown so many frames; then what it reports. */
static guint32
wait_shown(Source *source, Surface *surface, guint64 frames, gint64 *area)
{
    SourceProgress progress = {0};
    gint64 end = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    int width, height, stride;
    pixman_region32_t region;
    while (progress.shown < frames && g_get_monotonic_time() < end) {
        source_replay.progress(source, &progress);
        g_thread_yield();
    }
    g_assert_cmpuint(progress.shown, ==, frames);
    pixman_region32_init(&region);
    guint32 pixel = *surface_lock(surface, &width, &height, &stride, &region);
    surface_unlock(surface);
    *area = region_area(&region);
    pixman_region32_fini(&region);
    return pixel;
}

/* What is granted is shown and no more; damage is what the file beside says. */
static void
test_lockstep(void)
{
    g_autofree char *folder = g_dir_make_tmp("oXXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "recording", NULL);
    g_autofree char *beside = g_strconcat(path, ".damage", NULL);
    g_autofree char *address = g_strdup_printf("%s,size=%dx%d,rate=lockstep", path, WIDTH, HEIGHT);
    /* A frame each: the whole, one pixel, nothing (which is not waited for), two, unknown. */
    static const char damage[] = "0,0,32,16\n31,15,1,1\n\n0,0,1,1 5,5,1,1\nnonsense\n0,0,1,1\n";
    guint32 pixels[6 * WIDTH * HEIGHT];
    Surface *surface = surface_new(NULL, NULL);
    gboolean ended = FALSE;
    gint64 area;
    for (guint i = 0; i < G_N_ELEMENTS(pixels); i++)
        pixels[i] = i / (WIDTH * HEIGHT) + 1;
    g_assert_true(g_file_set_contents(path, (const char *)pixels, sizeof pixels, NULL));
    g_assert_true(g_file_set_contents(beside, damage, -1, NULL));
    Source *source = source_replay.open(address, surface, &lockstep_events, &ended, NULL);
    g_assert_nonnull(source);
    source_replay.sent(source, 0);
    g_assert_cmpuint(wait_shown(source, surface, 1, &area), ==, 1);
    g_assert_cmpint(area, ==, WIDTH * HEIGHT);
    source_replay.sent(source, 0); /* an old word: it changes nothing */
    source_replay.sent(source, 1);
    g_assert_cmpuint(wait_shown(source, surface, 2, &area), ==, 2);
    g_assert_cmpint(area, ==, 1);
    source_replay.sent(source, 2);
    g_assert_cmpuint(wait_shown(source, surface, 4, &area), ==, 4);
    g_assert_cmpint(area, ==, 2);
    source_replay.sent(source, 4);
    g_assert_cmpuint(wait_shown(source, surface, 5, &area), ==, 5);
    g_assert_cmpint(area, ==, WIDTH * HEIGHT);
    g_assert_false(ended);
    source_replay.sent(source, 5);
    while (!ended)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(wait_shown(source, surface, 6, &area), ==, 6);
    g_assert_cmpint(area, ==, WIDTH * HEIGHT);
    source_replay.close(source);
    surface_free(surface);
    g_unlink(path);
    g_unlink(beside);
    g_rmdir(folder);
}

/* Borrowed pixels ------------------------------------------------------------------------------
 */

static void
test_show(void)
{
    Surface *surface = surface_new(NULL, NULL);
    guint32 pixels[8 * 4] = {7};
    const guint8 one[4] = {1};
    int width, height, stride;
    pixman_region32_t region, some;
    pixman_region32_init(&region);
    pixman_region32_init_rect(&some, 2, 1, 100, 1);
    g_assert_true(surface_resize(surface, 8, 4));
    g_assert_false(surface_show(surface, pixels, 9, 3, 32, NULL));
    g_assert_false(surface_show(surface, pixels, 8, 4, 33, NULL));
    g_assert_false(surface_show(surface, pixels, 0, 4, 32, NULL));
    surface_lock(surface, &width, &height, &stride, &region);
    surface_unlock(surface);
    g_assert_true(surface_show(surface, pixels, 8, 4, 32, &some));
    g_assert_true(surface_is_damaged(surface));
    g_assert_true(surface_lock(surface, &width, &height, &stride, &region) == pixels);
    surface_unlock(surface);
    g_assert_cmpint(region_area(&region), ==, 6);
    g_assert_false(surface_is_damaged(surface));
    g_assert_false(surface_write(surface, 0, 0, 1, 1, one, 4, 4));
    g_assert_cmpuint(pixels[0], ==, 7);
    g_assert_true(surface_show(surface, pixels, 4, 4, 32, &some)); /* another size: all of it */
    surface_lock(surface, &width, &height, &stride, &region);
    surface_unlock(surface);
    g_assert_cmpint(stride, ==, 8);
    g_assert_cmpint(region_area(&region), ==, 16);
    g_assert_true(surface_resize(surface, 8, 4));
    g_assert_true(surface_write(surface, 0, 0, 1, 1, one, 4, 4));
    surface_free(surface);
    pixman_region32_fini(&region);
    pixman_region32_fini(&some);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/replay/address", test_address);
    g_test_add_func("/replay/damage-lines", test_damage_lines);
    g_test_add_func("/replay/play", test_play);
    g_test_add_func("/replay/lockstep", test_lockstep);
    g_test_add_func("/surface/show", test_show);
    return g_test_run();
}
