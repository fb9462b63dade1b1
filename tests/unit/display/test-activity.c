/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "classify/activity.h"
#include "classify/video-plan.h"
#include "region.h"

/* A screen whose history the test makes up: frames with a clock of their own. */
typedef struct {
    Frame frame;
    guint32 *pixels;
    Activity *activity;
    GRand *rand;
    gint64 now; /* µs */
    pixman_region32_t changed;
} Screen;

static void
screen_init(Screen *screen, int width, int height)
{
    *screen = (Screen){.activity = activity_new(), .rand = g_rand_new_with_seed(7)};
    screen->pixels = g_new0(guint32, (gsize)width * (gsize)height);
    screen->frame.pixels = screen->pixels;
    screen->frame.width = screen->frame.stride = width;
    screen->frame.height = height;
    screen->now = 1000000;
    pixman_region32_init(&screen->changed);
}

static void
screen_clear(Screen *screen)
{
    pixman_region32_fini(&screen->changed);
    activity_free(screen->activity);
    g_rand_free(screen->rand);
    g_free(screen->pixels);
}

/* Something like a photograph, another one each time. */
static void
paint_photo(Screen *screen, int x, int y, int width, int height)
{
    guint32 shift = g_rand_int(screen->rand), noise = shift | 1;

    for (int v = y; v < y + height; v++)
        for (int u = x; u < x + width; u++) {
            noise = noise * 1664525 + 1013904223;
            screen->pixels[v * screen->frame.stride + u] = (((guint32)u + shift) & 0xff) << 16 ^
                                                           (((guint32)v + shift) & 0xff) << 8 ^
                                                           (noise >> 8 & 0x070707);
        }
    region_add(&screen->changed, x, y, width, height);
}

static void
paint_text(Screen *screen, int x, int y, int width, int height)
{
    guint32 shift = g_rand_int(screen->rand);

    for (int v = y; v < y + height; v++)
        for (int u = x; u < x + width; u++)
            screen->pixels[v * screen->frame.stride + u] =
                ((guint32)u * 7 + (guint32)v * 13 + shift) % 11 < 4 ? 0x101010u : 0xf8f8f0u;
    region_add(&screen->changed, x, y, width, height);
}

/* A frame after ms; what was painted since the last is its change. */
static guint
show(Screen *screen, int ms)
{
    screen->now += ms * 1000;
    screen->frame.n_video = activity_update(screen->activity, &screen->frame, &screen->changed,
                                            screen->now, screen->frame.video);
    pixman_region32_clear(&screen->changed);
    return screen->frame.n_video;
}

static guint
play(Screen *screen, int frames, int ms, int x, int y, int width, int height)
{
    guint n = 0;

    for (int i = 0; i < frames; i++) {
        paint_photo(screen, x, y, width, height);
        n = show(screen, ms);
    }
    return n;
}

static void
assert_box(const Screen *screen, guint i, int x1, int y1, int x2, int y2)
{
    const pixman_box32_t *box = &screen->frame.video[i];

    g_assert_cmpint(box->x1, ==, x1);
    g_assert_cmpint(box->y1, ==, y1);
    g_assert_cmpint(box->x2, ==, x2);
    g_assert_cmpint(box->y2, ==, y2);
}

/* At the rates that players and slow guests have, it is found within ten frames, where it is. */
static void
test_found(void)
{
    const int pauses[] = {16, 33, 40, 66, 100, 250};

    for (guint i = 0; i < G_N_ELEMENTS(pauses); i++) {
        Screen screen;

        screen_init(&screen, 800, 600);
        g_assert_cmpuint(play(&screen, 4, pauses[i], 160, 96, 400, 304), ==, 0);
        g_assert_cmpuint(play(&screen, 6, pauses[i], 160, 96, 400, 304), ==, 1);
        assert_box(&screen, 0, 160, 96, 560, 400);
        g_assert_cmpuint(play(&screen, 100, pauses[i], 160, 96, 400, 304), ==, 1);
        assert_box(&screen, 0, 160, 96, 560, 400);
        screen_clear(&screen);
    }
}

/* A second of stillness ends it, less does not; while it lasts it keeps its size, also when only a
 * part of it moves. */
static void
test_end(void)
{
    Screen screen;

    screen_init(&screen, 800, 600);
    g_assert_cmpuint(play(&screen, 12, 40, 160, 96, 400, 304), ==, 1);
    g_assert_cmpuint(show(&screen, 300), ==, 1);
    g_assert_cmpuint(play(&screen, 30, 40, 160, 96, 400, 160), ==, 1);
    assert_box(&screen, 0, 160, 96, 560, 400);
    for (int i = 0; i < 10; i++)
        show(&screen, 100);
    g_assert_cmpuint(screen.frame.n_video, ==, 0);
    screen_clear(&screen);
}

/* What changes, but is no video. */
static void
test_not_video(void)
{
    Screen screen;

    screen_init(&screen, 800, 600);
    for (int i = 0; i < 60; i++) { /* scrolled or redrawn text */
        paint_text(&screen, 160, 96, 400, 304);
        g_assert_cmpuint(show(&screen, 33), ==, 0);
    }
    for (int i = 0; i < 100; i++) { /* typing, with a cursor that blinks elsewhere */
        paint_text(&screen, i * 8 % 640, 32, 16, 16);
        paint_text(&screen, 700, 500, 16, 16);
        g_assert_cmpuint(show(&screen, 120), ==, 0);
    }
    for (int i = 0; i < 12; i++) { /* a slide show */
        paint_photo(&screen, 160, 96, 400, 304);
        g_assert_cmpuint(show(&screen, 700), ==, 0);
    }
    for (int i = 0; i < 60; i++) { /* a small animation */
        paint_photo(&screen, 160, 96, 96, 96);
        g_assert_cmpuint(show(&screen, 33), ==, 0);
    }
    for (int i = 0; i < 25; i++) { /* a photograph that is dragged, and not found to be */
        paint_photo(&screen, 16 * i, 96 + 8 * i, 320, 240);
        g_assert_cmpuint(show(&screen, 33), ==, 0);
    }
    screen_clear(&screen);
}

/* A film in a player: bars that stand still, a clock that ticks, stripes that come one by one. */
static void
test_parts(void)
{
    Screen screen;

    screen_init(&screen, 800, 600);
    for (int i = 0; i < 30; i++) {
        paint_photo(&screen, 160, 96, 400, 96);
        show(&screen, 10);
        paint_photo(&screen, 160, 208, 400, 192); /* a line between them never changes */
        show(&screen, 23);
        if (i % 10 == 0)
            paint_text(&screen, 160, 416, 64, 16);
    }
    g_assert_cmpuint(screen.frame.n_video, ==, 1);
    assert_box(&screen, 0, 160, 96, 560, 400);
    screen_clear(&screen);
}

/* It grows when what is around it becomes video too, and takes in what it grows into. */
static void
test_growth(void)
{
    Screen screen;

    screen_init(&screen, 1280, 720);
    for (int i = 0; i < 20; i++) {
        paint_photo(&screen, 0, 0, 320, 240);
        paint_photo(&screen, 640, 0, 320, 240);
        show(&screen, 33);
    }
    g_assert_cmpuint(screen.frame.n_video, ==, 2);
    g_assert_cmpuint(play(&screen, 20, 33, 0, 0, 960, 480), ==, 1);
    assert_box(&screen, 0, 0, 0, 960, 480);
    screen_clear(&screen);
}

/* When text takes the film's place it ends, however much that changes. */
static void
test_turns_to_text(void)
{
    Screen screen;

    screen_init(&screen, 800, 600);
    g_assert_cmpuint(play(&screen, 12, 33, 160, 96, 400, 304), ==, 1);
    for (int i = 0; i < 40; i++) {
        paint_text(&screen, 160, 96, 400, 304);
        show(&screen, 33);
    }
    g_assert_cmpuint(screen.frame.n_video, ==, 0);
    screen_clear(&screen);
}

/* Whatever the history and the size: even sides, on the screen, no overlap. */
static void
test_bounds(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);

    for (int round = 0; round < 12; round++) {
        Screen screen;
        int width = g_rand_int_range(rand, 300, 1300), height = g_rand_int_range(rand, 200, 700);

        screen_init(&screen, width, height);
        for (int i = 0; i < 60; i++) {
            for (int k = 0; k < 1 + round % 4; k++) {
                int w = g_rand_int_range(rand, width / 4, width),
                    h = g_rand_int_range(rand, height / 4, height);
                int x = i % 20 < 10 ? width - w : 0, y = k % 2 ? height - h : 0;

                paint_photo(&screen, x, y, w, h);
            }
            show(&screen, 20);
            g_assert_cmpuint(screen.frame.n_video, <=, FRAME_MAX_VIDEO);
            for (guint v = 0; v < screen.frame.n_video; v++) {
                const pixman_box32_t *a = &screen.frame.video[v];

                g_assert_true(a->x1 >= 0 && a->y1 >= 0 && a->x2 <= width && a->y2 <= height);
                g_assert_true(a->x1 % 16 == 0 && a->y1 % 16 == 0);
                g_assert_true((a->x2 - a->x1) % 2 == 0 && (a->y2 - a->y1) % 2 == 0);
                for (guint u = 0; u < v; u++) {
                    const pixman_box32_t *b = &screen.frame.video[u];

                    g_assert_true(a->x1 >= b->x2 || b->x1 >= a->x2 || a->y1 >= b->y2 ||
                                  b->y1 >= a->y2);
                }
            }
        }
        screen_clear(&screen);
    }
}

/* The screen's size changed: what was counted for the old one is forgotten. */
static void
test_resize(void)
{
    Screen screen;

    screen_init(&screen, 800, 600);
    g_assert_cmpuint(play(&screen, 12, 33, 160, 96, 400, 304), ==, 1);
    screen.frame.width = 400;
    screen.frame.height = 300;
    g_assert_cmpuint(play(&screen, 1, 33, 0, 0, 320, 200), ==, 0);
    g_assert_cmpuint(play(&screen, 12, 33, 0, 0, 320, 200), ==, 1);
    screen_clear(&screen);
}

static void
assert_covered_once(const Plan *plan, const pixman_region32_t *region)
{
    guint n;
    const PlanOp *ops = plan_ops(plan, &n);
    gint64 sum = 0;
    pixman_region32_t covered;

    pixman_region32_init(&covered);
    for (guint i = 0; i < n; i++) {
        region_add(&covered, ops[i].x, ops[i].y, ops[i].width, ops[i].height);
        sum += (gint64)ops[i].width * ops[i].height;
    }
    g_assert_cmpint(sum, ==, region_area(&covered));
    pixman_region32_subtract(&covered, (pixman_region32_t *)region, &covered);
    g_assert_true(region_is_empty(&covered));
    pixman_region32_fini(&covered);
}

static guint
count_kind(const Plan *plan, PlanKind kind)
{
    guint n, count = 0;
    const PlanOp *ops = plan_ops(plan, &n);

    for (guint i = 0; i < n; i++)
        count += ops[i].kind == kind;
    return count;
}

/* The video is one operation; where a client cannot have it, others cover what it covered. */
static void
test_plan(void)
{
    Screen screen;
    Classifier *classifier = classifier_new();
    Plan *plan = plan_new(), *still = plan_new();
    pixman_region32_t region;

    screen_init(&screen, 800, 600);
    paint_text(&screen, 0, 0, 800, 600);
    g_assert_cmpuint(play(&screen, 12, 33, 160, 96, 400, 304), ==, 1);
    pixman_region32_init_rect(&region, 96, 300, 240, 300);
    classify(classifier, &screen.frame, &region, plan);
    assert_covered_once(plan, &region);
    g_assert_cmpuint(count_kind(plan, PLAN_VIDEO), ==, 1);
    g_assert_true(video_plan_any(plan));
    for (int lossy = 0; lossy < 2; lossy++) {
        video_plan_replace(plan, classifier, &screen.frame, &region, 0, lossy, still);
        assert_covered_once(still, &region);
        g_assert_false(video_plan_any(still));
    }
    video_plan_replace(plan, classifier, &screen.frame, &region, 1, TRUE, still);
    pixman_region32_fini(&region);
    pixman_region32_init_rect(&region, 96, 400, 240, 200);
    assert_covered_once(still, &region);
    g_assert_cmpuint(count_kind(still, PLAN_LOSSY), ==, 0);
    plan_clear(plan);
    classify(classifier, &screen.frame, &region, plan);
    g_assert_false(video_plan_any(plan)); /* what does not touch it */
    pixman_region32_fini(&region);
    plan_free(plan);
    plan_free(still);
    classifier_free(classifier);
    screen_clear(&screen);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/activity/found", test_found);
    g_test_add_func("/activity/end", test_end);
    g_test_add_func("/activity/not-video", test_not_video);
    g_test_add_func("/activity/parts", test_parts);
    g_test_add_func("/activity/growth", test_growth);
    g_test_add_func("/activity/turns-to-text", test_turns_to_text);
    g_test_add_func("/activity/bounds", test_bounds);
    g_test_add_func("/activity/resize", test_resize);
    g_test_add_func("/activity/plan", test_plan);
    return g_test_run();
}
