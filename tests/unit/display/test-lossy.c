/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "region.h"
#include "sink/lossy.h"

typedef struct {
    GMainLoop *loop;
    Lossy *lossy;
    pixman_region32_t screen, none, region;
} Desk;

static void
on_still(gpointer user)
{
    g_main_loop_quit(((Desk *)user)->loop);
}

static gboolean
late(gpointer user)
{
    g_error("Nothing became still.");
    return G_SOURCE_REMOVE;
}

static void
desk_init(Desk *desk)
{
    desk->loop = g_main_loop_new(NULL, FALSE);
    desk->lossy = lossy_new(on_still, desk);
    pixman_region32_init_rect(&desk->screen, 0, 0, 800, 600);
    pixman_region32_init(&desk->none);
    pixman_region32_init(&desk->region);
}

static void
desk_clear(Desk *desk)
{
    pixman_region32_fini(&desk->screen);
    pixman_region32_fini(&desk->region);
    lossy_free(desk->lossy);
    g_main_loop_unref(desk->loop);
}

static gboolean
take(Desk *desk, const pixman_region32_t *dirty, gint64 pixels)
{
    return lossy_take(desk->lossy, &desk->screen, dirty, 0, pixels, &desk->region);
}

static void
wait_until_still(Desk *desk)
{
    guint deadline = g_timeout_add_seconds(20, late, NULL);

    g_main_loop_run(desk->loop);
    g_source_remove(deadline);
}

static void
assert_region(const pixman_region32_t *region, int x1, int y1, int x2, int y2)
{
    pixman_box32_t box = *pixman_region32_extents((pixman_region32_t *)region);

    g_assert_cmpint(pixman_region32_n_rects((pixman_region32_t *)region), ==, 1);
    g_assert_cmpint(box.x1, ==, x1);
    g_assert_cmpint(box.y1, ==, y1);
    g_assert_cmpint(box.x2, ==, x2);
    g_assert_cmpint(box.y2, ==, y2);
}

/* Sharp only once it is still, outside of what changes, and in steps. */
static void
test_steps(void)
{
    Desk desk;
    pixman_region32_t dirty;

    desk_init(&desk);
    pixman_region32_init_rect(&dirty, 0, 0, 800, 300);
    lossy_sent(desk.lossy, &(pixman_box32_t){0, 0, 800, 600}, TRUE);
    g_assert_false(take(&desk, &desk.none, 1 << 20));
    wait_until_still(&desk);
    g_assert_true(take(&desk, &desk.none, 1 << 20));
    assert_region(&desk.region, 0, 0, 800, 600);
    g_assert_true(take(&desk, &dirty, 800 * 16));
    assert_region(&desk.region, 0, 300, 800, 316);
    lossy_sent(desk.lossy, &(pixman_box32_t){0, 0, 800, 599}, FALSE);
    g_assert_false(lossy_is_empty(desk.lossy));
    g_assert_true(take(&desk, &desk.none, 1 << 20));
    assert_region(&desk.region, 0, 599, 800, 600);
    lossy_sent(desk.lossy, &(pixman_box32_t){0, 599, 800, 600}, FALSE);
    g_assert_true(lossy_is_empty(desk.lossy));
    pixman_region32_fini(&dirty);
    desk_clear(&desk);
}

/* A copy takes the loss along, is young again, and makes what it covers as exact as its source. */
static void
test_displace(void)
{
    Desk desk;

    desk_init(&desk);
    lossy_sent(desk.lossy, &(pixman_box32_t){100, 100, 200, 200}, TRUE);
    wait_until_still(&desk);
    lossy_displace(desk.lossy, &(pixman_box32_t){100, 50, 200, 150}, 0, -50);
    g_assert_true(take(&desk, &desk.none, 1 << 20));
    assert_region(&desk.region, 100, 150, 200, 200);
    lossy_sent(desk.lossy, &(pixman_box32_t){100, 150, 200, 200}, FALSE);
    g_assert_false(take(&desk, &desk.none, 1 << 20));
    wait_until_still(&desk);
    g_assert_true(take(&desk, &desk.none, 1 << 20));
    assert_region(&desk.region, 100, 50, 200, 150);
    lossy_displace(desk.lossy, &(pixman_box32_t){0, 0, 400, 400}, 400, 0);
    g_assert_true(lossy_is_empty(desk.lossy));
    desk_clear(&desk);
}

static gint64
taken(Desk *desk, gint64 now)
{
    return lossy_take(desk->lossy, &desk->screen, &desk->none, now, 1 << 20, &desk->region)
               ? region_area(&desk->region)
               : 0;
}

/* Pixels made exact beside changes that go on for a second from *now. */
static gint64
exact_in_second(Desk *desk, gint64 *now)
{
    gint64 exact = 0;

    for (gint64 end = *now + G_USEC_PER_SEC; *now < end; *now += G_USEC_PER_SEC / 100) {
        lossy_changes(desk->lossy, *now);
        exact += taken(desk, *now);
    }
    return exact;
}

/* While changes are sent, little is made exact beside them, and more when they go on; when they
 * stay away, everything. */
static void
test_beside_changes(void)
{
    Desk desk;
    gint64 now = 10 * G_USEC_PER_SEC, first, later;

    desk_init(&desk);
    lossy_sent(desk.lossy, &(pixman_box32_t){0, 0, 800, 600}, TRUE);
    wait_until_still(&desk);
    first = exact_in_second(&desk, &now);
    later = exact_in_second(&desk, &now);
    g_assert_cmpint(first, >, 0);
    g_assert_cmpint(first, <=, (1 << 18) + (64 * 256) * 2);
    g_assert_cmpint(later, >, first * 2);
    g_assert_cmpint(later, <=, (1 << 20) + (64 * 256) * 2);
    lossy_changes(desk.lossy, now);
    g_assert_cmpint(taken(&desk, now), <, 1 << 18);
    now += G_USEC_PER_SEC / 5;
    g_assert_cmpint(taken(&desk, now), ==, 800 * 600);
    g_assert_cmpint(exact_in_second(&desk, &now), <=, (1 << 18) + (64 * 256) * 2);
    desk_clear(&desk);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lossy/steps", test_steps);
    g_test_add_func("/lossy/displace", test_displace);
    g_test_add_func("/lossy/beside-changes", test_beside_changes);
    return g_test_run();
}
