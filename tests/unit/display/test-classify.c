/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "classify/classify.h"
#include "region.h"

/* Operations cover the region, never overlap, keep their bounds, and a FILL is true. */
static void
check(const Frame *frame, const pixman_region32_t *region, const Plan *plan)
{
    guint n;
    const PlanOp *op = plan_ops(plan, &n);
    gint64 sum = 0;
    pixman_region32_t covered, missing;
    pixman_region32_init(&covered);
    pixman_region32_init(&missing);
    for (guint i = 0; i < n; i++, op++) {
        g_assert_true(op->x >= 0 && op->y >= 0 && op->width > 0 && op->height > 0 &&
                      op->width <= 2048);
        g_assert_true(op->x + op->width <= frame->width && op->y + op->height <= frame->height);
        if (op->kind != PLAN_FILL)
            g_assert_cmpint(op->width * op->height, <=, CLASSIFY_MAX_AREA);
        for (int y = op->y; op->kind == PLAN_FILL && y < op->y + op->height; y++)
            for (int x = op->x; x < op->x + op->width; x++)
                g_assert_cmphex(frame->pixels[y * frame->stride + x], ==, op->colour);
        region_add(&covered, op->x, op->y, op->width, op->height);
        sum += (gint64)op->width * op->height;
    }
    g_assert_cmpint(sum, ==, region_area(&covered));
    pixman_region32_subtract(&missing, (pixman_region32_t *)region, &covered);
    g_assert_true(region_is_empty(&missing));
    pixman_region32_fini(&covered);
    pixman_region32_fini(&missing);
}

static void
test_cover(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    Classifier *classifier = classifier_new();
    Plan *plan = plan_new();
    for (int round = 0; round < 40; round++) {
        int width = g_rand_int_range(rand, 1, 2500), height = g_rand_int_range(rand, 1, 400);
        g_autofree guint32 *pixels = g_new0(guint32, (gsize)width * (gsize)height);
        Frame frame = {.pixels = pixels, .width = width, .height = height, .stride = width};
        pixman_region32_t region;
        for (int i = 0; i < width * height; i++) {
            int kind = (i % width / 128 + round) % 4;
            pixels[i] = kind == 0   ? 0x224466u
                        : kind == 1 ? g_rand_int(rand) & 0xffffff
                        : kind == 2 ? (guint32)(i % 200) * 0x10101u
                                    : 0;
        }
        pixman_region32_init(&region);
        for (int i = 0; i < 1 + round; i++)
            region_add(&region, g_rand_int_range(rand, 0, width), g_rand_int_range(rand, 0, height),
                       200, 90);
        pixman_region32_intersect_rect(&region, &region, 0, 0, (unsigned)width, (unsigned)height);
        plan_clear(plan);
        classify(classifier, &frame, &region, plan);
        check(&frame, &region, plan);
        pixman_region32_fini(&region);
    }
    plan_free(plan);
    classifier_free(classifier);
}

/* A picture of one colour is one operation or few, a photograph is seen as one. */
static void
test_kinds(void)
{
    Classifier *classifier = classifier_new();
    Plan *plan = plan_new();
    g_autofree guint32 *pixels = g_new0(guint32, 512 * 256);
    Frame frame = {.pixels = pixels, .width = 512, .height = 256, .stride = 512};
    pixman_region32_t all;
    guint n;
    pixman_region32_init_rect(&all, 0, 0, 512, 256);
    classify(classifier, &frame, &all, plan);
    g_assert_cmpint(plan_ops(plan, &n)->kind, ==, PLAN_FILL);
    g_assert_cmpint(n, ==, 1);
    for (int i = 0; i < 512 * 256; i++)
        pixels[i] = (guint32)((i % 512 / 2) << 16 | (i % 256) << 8 | (i / 512));
    plan_clear(plan);
    classify(classifier, &frame, &all, plan);
    g_assert_cmpint(plan_ops(plan, &n)->kind, ==, PLAN_LOSSY);
    pixman_region32_fini(&all);
    plan_free(plan);
    classifier_free(classifier);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/classify/cover", test_cover);
    g_test_add_func("/classify/kinds", test_kinds);
    return g_test_run();
}
