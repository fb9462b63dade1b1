/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "classify/cell-map.h"
#include "classify/classify.h"
#include "classify/video-plan.h"
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
            g_assert_cmpint(op->width * op->height, <=,
                            op->kind == PLAN_LOSSY ? CLASSIFY_MAX_PHOTO : CLASSIFY_MAX_AREA);
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

/* Where video may end at the far edge: whole cells, even sides. */
static int
video_end(int side)
{
    return side % 2 ? side / CELL_SIZE * CELL_SIZE : side;
}

/* Video rectangles as activity.h promises them, apart from each other. */
static void
add_videos(Frame *frame, GRand *rand)
{
    for (int tries = 0; tries < 8 && frame->n_video < FRAME_MAX_VIDEO; tries++) {
        pixman_box32_t box;
        gboolean apart = TRUE;
        box.x1 = g_rand_int_range(rand, 0, frame->width) / 32 * 32;
        box.y1 = g_rand_int_range(rand, 0, frame->height) / 32 * 32;
        box.x2 = MIN(box.x1 + g_rand_int_range(rand, 1, 80) * 16, video_end(frame->width));
        box.y2 = MIN(box.y1 + g_rand_int_range(rand, 1, 20) * 16, video_end(frame->height));
        for (guint i = 0; i < frame->n_video; i++)
            apart &= box.x1 >= frame->video[i].x2 || frame->video[i].x1 >= box.x2 ||
                     box.y1 >= frame->video[i].y2 || frame->video[i].y1 >= box.y2;
        if (apart && box.x1 < box.x2 && box.y1 < box.y2)
            frame->video[frame->n_video++] = box;
    }
}

/* The region that is left for a client that is served some videos by streams. */
static void
without_served(const Frame *frame, guint served, pixman_region32_t *region)
{
    for (guint i = 0; i < frame->n_video; i++) {
        pixman_region32_t video;
        if (!(served >> i & 1))
            continue;
        pixman_region32_init_with_extents(&video, &frame->video[i]);
        pixman_region32_subtract(region, region, &video);
        pixman_region32_fini(&video);
    }
}

/* Whatever is video, and to whom: every pixel of the region is covered exactly once. */
static void
test_cover_videos(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    Classifier *classifier = classifier_new();
    Plan *plan = plan_new(), *replaced = plan_new();
    for (int round = 0; round < 60; round++) {
        int width = g_rand_int_range(rand, 1, 2500), height = g_rand_int_range(rand, 1, 600);
        g_autofree guint32 *pixels = g_new0(guint32, (gsize)width * (gsize)height);
        Frame frame = {.pixels = pixels, .width = width, .height = height, .stride = width};
        pixman_region32_t region;
        guint served = (guint)g_rand_int_range(rand, 0, 1 << FRAME_MAX_VIDEO);
        for (int i = 0; i < width * height; i++)
            pixels[i] = i % width / 150 % 3 ? g_rand_int(rand) & 0x3f3f3f : 0xffffffu;
        add_videos(&frame, rand);
        pixman_region32_init(&region);
        for (int i = 0; i < 1 + round % 20; i++)
            region_add(&region, g_rand_int_range(rand, 0, width), g_rand_int_range(rand, 0, height),
                       g_rand_int_range(rand, 1, 500), g_rand_int_range(rand, 1, 200));
        pixman_region32_intersect_rect(&region, &region, 0, 0, (unsigned)width, (unsigned)height);
        plan_clear(plan);
        classify(classifier, &frame, &region, plan);
        without_served(&frame, served, &region);
        for (int lossy = 0; lossy < 2; lossy++) {
            video_plan_replace(plan, classifier, &frame, &region, served, lossy, replaced);
            check(&frame, &region, replaced);
        }
        pixman_region32_fini(&region);
    }
    plan_free(plan);
    plan_free(replaced);
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

/* What is filled is of one colour as far as the rectangle goes, not only where it was asked for. */
static void
test_ragged_fill(void)
{
    Classifier *classifier = classifier_new();
    Plan *plan = plan_new();
    g_autofree guint32 *pixels = g_new0(guint32, 256 * 256);
    Frame frame = {.pixels = pixels, .width = 256, .height = 256, .stride = 256};
    pixman_region32_t region;
    for (int i = 0; i < 256 * 256; i++)
        pixels[i] = i % 256 < 204 || i / 256 < 16 ? 0xffffffu : 0;
    pixman_region32_init_rect(&region, 0, 0, 208, 16);
    region_add(&region, 0, 16, 204, 240);
    classify(classifier, &frame, &region, plan);
    check(&frame, &region, plan);
    pixman_region32_fini(&region);
    plan_free(plan);
    classifier_free(classifier);
}

/* A window of text moves away from a photograph: what it uncovers is photograph up to its edge, and
 * none of its text is sent with loss. */
static void
test_rim(void)
{
    Classifier *classifier = classifier_new();
    Plan *plan = plan_new();
    g_autofree guint32 *pixels = g_new0(guint32, 512 * 512);
    Frame frame = {.pixels = pixels, .width = 512, .height = 512, .stride = 512};
    pixman_region32_t rim, outside;
    const PlanOp *op;
    gint64 lossy = 0;
    guint n;
    for (int i = 0; i < 512 * 512; i++) {
        int x = i % 512, y = i / 512;
        pixels[i] = x >= 69 && y >= 73
                        ? (x * 7 + y * 3) % 5 ? 0xffffffu : 0u
                        : (guint32)((x / 2) << 16 | (y / 2) << 8 | (x * 31 + y * 17) % 23);
    }
    pixman_region32_init_rect(&rim, 55, 68, 14, 400);
    region_add(&rim, 55, 68, 400, 5);
    pixman_region32_init(&outside);
    classify(classifier, &frame, &rim, plan);
    check(&frame, &rim, plan);
    op = plan_ops(plan, &n);
    for (guint i = 0; i < n; i++, op++)
        if (op->kind == PLAN_LOSSY) {
            pixman_region32_t box;
            pixman_region32_init_rect(&box, op->x, op->y, (unsigned)op->width,
                                      (unsigned)op->height);
            pixman_region32_subtract(&outside, &box, &rim);
            g_assert_true(region_is_empty(&outside));
            lossy += region_area(&box);
            pixman_region32_fini(&box);
        }
    g_assert_cmpint(lossy * 10, >=, region_area(&rim) * 9);
    pixman_region32_fini(&rim);
    pixman_region32_fini(&outside);
    plan_free(plan);
    classifier_free(classifier);
}

static gboolean
equal_stats(const CellStats *a, const CellStats *b)
{
    return a->colour == b->colour && a->solid == b->solid && a->pairs == b->pairs &&
           a->equal == b->equal && a->edges == b->edges && a->steepest == b->steepest &&
           a->different == b->different;
}

/* What each processor's kernel says is what the scalar one says, on whole and partial cells of
 * every kind, wherever they begin. */
static void
test_kernels(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    guint n;
    const CellKernel *kernels = cell_kernels(&n);
    for (int round = 0; round < 4000; round++) {
        int width = round % 3 ? CELL_SIZE : g_rand_int_range(rand, 1, CELL_SIZE + 1);
        int height = round % 3 ? CELL_SIZE : g_rand_int_range(rand, 1, CELL_SIZE + 1);
        int stride = width + g_rand_int_range(rand, 0, 40), offset = g_rand_int_range(rand, 0, 8);
        gsize size = (gsize)(offset + stride * (height - 1) + width);
        g_autofree guint32 *pixels = g_new0(guint32, size); /* ends with the cell: ASan would see */
        guint32 mask = (const guint32[]){0, 0x010101, 0x0f0f0f, 0x3f0000, 0xffffff}[round % 5];
        guint32 often = (guint32)g_rand_int_range(rand, 1, 20);
        CellStats expected, stats;
        for (gsize i = 0; i < size; i++)
            pixels[i] = g_rand_int(rand) % often ? 0x404040 : (g_rand_int(rand) & mask) + 0x20;
        kernels[0].look(pixels + offset, stride, width, height, &expected);
        for (guint k = 1; k < n; k++) {
            if (!cpu_has(kernels[k].cpu))
                continue;
            kernels[k].look(pixels + offset, stride, width, height, &stats);
            if (!equal_stats(&expected, &stats))
                g_error("%s differs for %dx%d", cpu_name(kernels[k].cpu), width, height);
        }
    }
}

/* The rectangle that cell_map_largest() finds is the largest of all. */
static void
test_largest(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(8);
    for (int round = 0; round < 300; round++) {
        int columns = g_rand_int_range(rand, 1, 14), rows = g_rand_int_range(rand, 1, 14), best = 0;
        guint8 classes[14 * 14];
        guint16 heights[14];
        CellMap map = {columns, rows, {0, 0, columns, rows}, classes, NULL, heights, NULL, 0};
        CellRect found;
        for (int i = 0; i < columns * rows; i++)
            classes[i] = g_rand_int_range(rand, 0, 4) ? CELL_PHOTO : CELL_FLAT;
        for (int y = 0; y < rows; y++)
            for (int x = 0; x < columns; x++)
                for (int bottom = y, most = columns; bottom < rows && most; bottom++) {
                    int width = 0;
                    while (x + width < MIN(columns, x + most) &&
                           classes[bottom * columns + x + width] == CELL_PHOTO)
                        width++;
                    most = width;
                    best = MAX(best, width * (bottom - y + 1));
                }
        g_assert_cmpint(cell_map_largest(&map, CELL_PHOTO, &found), ==, best > 0);
        g_assert_cmpint(found.width * found.height, ==, best);
        for (int y = found.y; y < found.y + found.height; y++)
            for (int x = found.x; x < found.x + found.width; x++)
                g_assert_cmpint(classes[y * columns + x], ==, CELL_PHOTO);
    }
}

static guint32
photo_at(int x, int y, GRand *rand)
{
    return (guint32)((x / 2 & 0xff) << 16 | (y & 0xff) << 8 | ((x + y) / 4 & 0xff)) ^
           (g_rand_int(rand) & 0x030303);
}

/* Black on white, no two cells alike. */
static guint32
text_at(int x, int y)
{
    return (x * 7 + y * 13 + x * y / 5) % 11 < 3 ? 0x101010 : 0xf8f8f0;
}

static int
pixels_of(const Plan *plan, PlanKind kind, guint *n_of_kind)
{
    guint n;
    const PlanOp *op = plan_ops(plan, &n);
    int pixels = 0;
    *n_of_kind = 0;
    for (guint i = 0; i < n; i++)
        if (op[i].kind == kind) {
            pixels += op[i].width * op[i].height;
            ++*n_of_kind;
        }
    return pixels;
}

/* A round photograph in a page of text is few rectangles; a cell that looks like something else
 * does not cut it; the text stays exact. */
static void
test_outline(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(9);
    Classifier *classifier = classifier_new();
    Plan *plan = plan_new();
    g_autofree guint32 *pixels = g_new0(guint32, 1024 * 1024);
    Frame frame = {.pixels = pixels, .width = 1024, .height = 1024, .stride = 1024};
    pixman_region32_t all;
    guint n;
    int area;
    pixman_region32_init_rect(&all, 0, 0, 1024, 1024);
    for (int y = 0; y < 1024; y++)
        for (int x = 0; x < 1024; x++) {
            gboolean inside = (x - 512) * (x - 512) + (y - 512) * (y - 512) < 400 * 400;
            gboolean odd = x / 16 % 9 == 4 && y / 16 % 9 == 4;
            pixels[y * 1024 + x] = inside && !odd ? photo_at(x, y, rand) : text_at(x, y);
        }
    classify(classifier, &frame, &all, plan);
    check(&frame, &all, plan);
    area = pixels_of(plan, PLAN_LOSSY, &n); /* the circle has 502,000 */
    g_assert_cmpint(area, >, 460000);
    g_assert_cmpint(area, <, 502000);
    g_assert_cmpint(n, <, 50);
    g_assert_cmpint(pixels_of(plan, PLAN_INDEXED, &n), >, 500000);
    g_assert_cmpint(n, <, 90);
    pixman_region32_fini(&all);
    plan_free(plan);
    classifier_free(classifier);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/classify/cover", test_cover);
    g_test_add_func("/classify/cover-videos", test_cover_videos);
    g_test_add_func("/classify/kinds", test_kinds);
    g_test_add_func("/classify/ragged-fill", test_ragged_fill);
    g_test_add_func("/classify/rim", test_rim);
    g_test_add_func("/classify/kernels", test_kernels);
    g_test_add_func("/classify/largest", test_largest);
    g_test_add_func("/classify/outline", test_outline);
    return g_test_run();
}
