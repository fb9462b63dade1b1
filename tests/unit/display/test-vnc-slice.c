/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "region.h"
#include "sink/vnc-slice.h"

static VncSlice *slice;
static const pixman_box32_t screen = {0, 0, 1920, 1080};

static gint64
cut(pixman_region32_t *region, const pixman_box32_t *box, gsize bytes)
{
    pixman_region32_init_rect(region, box->x1, box->y1, (unsigned)(box->x2 - box->x1),
                              (unsigned)(box->y2 - box->y1));
    g_assert_true(vnc_slice_cut(slice, region, bytes));
    return region_area(region);
}

static gboolean
contains(pixman_region32_t *region, int x, int y)
{
    return pixman_region32_contains_point(region, x, y, NULL);
}

/* Bytes are counted by what pixels cost the last time. */
static void
test_cost(void)
{
    pixman_region32_t region;
    pixman_box32_t photo = {640, 0, 1280, 640};

    slice = vnc_slice_new();
    vnc_slice_resize(slice, 1920, 1080);
    vnc_slice_sent(slice, &screen, 1920 * 1080 / 10);
    vnc_slice_sent(slice, &photo, 640 * 640 * 3 / 10);
    pixman_region32_init_rect(&region, 0, 0, 1920, 1080);
    g_assert_cmpint(ABS((int)vnc_slice_cost(slice, &region) - (1920 * 1080 + 640 * 640) / 10), <,
                    3000);
    g_assert_false(vnc_slice_cut(slice, &region, 300000));
    g_assert_cmpint(region_area(&region), ==, 1920 * 1080);
    g_assert_true(vnc_slice_cut(slice, &region, 50000));
    g_assert_cmpuint(vnc_slice_cost(slice, &region), <=, 51000);
    g_assert_cmpuint(vnc_slice_cost(slice, &region), >=, 49000);
    pixman_region32_fini(&region);
    vnc_slice_free(slice);
}

/* A letter beside a video goes first, and the video's parts take turns. */
static void
test_turns(void)
{
    pixman_region32_t region, seen;
    const pixman_box32_t video = {0, 0, 1280, 704}, letter = {1500, 900, 1510, 920};

    slice = vnc_slice_new();
    vnc_slice_resize(slice, 1920, 1080);
    vnc_slice_sent(slice, &screen, 1920 * 1080 / 4);
    vnc_slice_sent(slice, &video, 1280 * 704 / 4);
    pixman_region32_init(&seen);
    for (int i = 0; i < 12; i++) {
        const pixman_box32_t *box;
        int n;

        pixman_region32_init_rect(&region, letter.x1, letter.y1, 10, 20);
        pixman_region32_union_rect(&region, &region, 0, 0, 1280, 704);
        g_assert_true(vnc_slice_cut(slice, &region, 25000));
        g_assert_true(i > 0 || contains(&region, 1505, 910));
        pixman_region32_union(&seen, &seen, &region);
        box = region_boxes(&region, &n);
        for (int j = 0; j < n; j++)
            vnc_slice_sent(slice, &box[j],
                           (gsize)((box[j].x2 - box[j].x1) * (box[j].y2 - box[j].y1) / 4));
        pixman_region32_fini(&region);
    }
    g_assert_cmpint(region_area(&seen), >=, 1280 * 704);
    pixman_region32_fini(&seen);
    vnc_slice_free(slice);
}

static void
test_pointer(void)
{
    pixman_region32_t region;

    slice = vnc_slice_new();
    vnc_slice_resize(slice, 1920, 1080);
    vnc_slice_sent(slice, &screen, 1920 * 1080);
    vnc_slice_pointer(slice, 1000, 1000);
    g_assert_cmpint(cut(&region, &screen, 40000), <=, 50000);
    g_assert_true(contains(&region, 1000, 1000));
    pixman_region32_fini(&region);
    g_assert_cmpint(cut(&region, &screen, 1), >, 0); /* something, always */
    pixman_region32_fini(&region);
    vnc_slice_free(slice);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vnc-slice/cost", test_cost);
    g_test_add_func("/vnc-slice/turns", test_turns);
    g_test_add_func("/vnc-slice/pointer", test_pointer);
    return g_test_run();
}
