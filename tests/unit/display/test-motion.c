/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "damage/motion-features.h"
#include "damage/motion.h"
#include "region.h"

#include <string.h>

#define MOST 400

/* A frame, the one before it, and what a client shows that is sent the plan. */
typedef struct {
    Frame frame;
    guint32 *now, *before, *shown;
} Scene;

static gsize
scene_size(const Scene *scene)
{
    return (gsize)scene->frame.stride * (gsize)scene->frame.height * sizeof(guint32);
}

static void
scene_init(Scene *scene, int width, int height)
{
    *scene = (Scene){.frame = {.width = width, .height = height, .generation = 1}};
    scene->frame.stride = (width + 15) / 16 * 16;
    scene->now = g_malloc0(scene_size(scene));
    scene->before = g_malloc0(scene_size(scene));
    scene->shown = g_malloc0(scene_size(scene));
    pixman_region32_init(&scene->frame.damage);
}

static void
scene_clear(Scene *scene)
{
    g_free(scene->now);
    g_free(scene->before);
    g_free(scene->shown);
    pixman_region32_fini(&scene->frame.damage);
}

static guint32 *
at(const Scene *scene, guint32 *pixels, int x, int y)
{
    return pixels + y * scene->frame.stride + x;
}

/* Painting ---------------------------------------------------------------------------------------
 */

typedef enum { NOISE, TEXT, FLAT, LINES, N_STYLES } Style;

static guint32
pixel_of(Style style, int x, int y, guint32 seed)
{
    guint32 mix = ((guint32)x * 0x9e3779b1u) ^ ((guint32)y * 0x85ebca6bu) ^ (seed * 0xc2b2ae35u);
    guint32 letter =
        ((guint32)(x / 8) * 0x9e3779b1u) ^ ((guint32)(y / 16) * 0x85ebca6bu) ^ (seed * 77u);
    mix = (mix ^ mix >> 15) * 0x2c1b3c6du;
    letter = ((letter ^ letter >> 13) * 0xc2b2ae35u) >> 28; /* sixteen letters */
    switch (style) {
    case NOISE:
        return (mix ^ mix >> 12) & 0xffffff;
    case TEXT: /* the same letters again and again, on plain paper */
        return y % 16 < 11 && ((letter * 0x1234567u) >> ((x % 8) + y % 16)) & 1 ? 0x101010
                                                                                : 0xf8f8f8;
    case LINES:
        return y % 7 < 2 ? 0x3366 : 0xeeeeee;
    default:
        return seed * 0x10101 & 0xffffff;
    }
}

static void
paint(Scene *scene, Style style, int x1, int y1, int width, int height, int from_x, int from_y,
      guint32 seed)
{
    for (int y = MAX(y1, 0); y < MIN(y1 + height, scene->frame.height); y++)
        for (int x = MAX(x1, 0); x < MIN(x1 + width, scene->frame.width); x++)
            *at(scene, scene->now, x, y) = pixel_of(style, x - x1 + from_x, y - y1 + from_y, seed);
}

/* Checking ---------------------------------------------------------------------------------------
 */

static void
turn(Scene *scene)
{
    guint32 *before = scene->before;
    scene->before = scene->now;
    scene->now = before;
    memcpy(scene->now, scene->before, scene_size(scene));
    scene->frame.sequence++;
}

/* Whole cells, as the damage walk says it. */
static void
find_damage(Scene *scene)
{
    pixman_region32_clear(&scene->frame.damage);
    for (int y = 0; y < scene->frame.height; y += 16)
        for (int x = 0; x < scene->frame.width; x += 16) {
            int width = MIN(16, scene->frame.width - x), height = MIN(16, scene->frame.height - y);
            gboolean differs = FALSE;
            for (int row = y; row < y + height; row++)
                differs |= memcmp(at(scene, scene->now, x, row), at(scene, scene->before, x, row),
                                  (gsize)width * 4) != 0;
            if (differs)
                region_add(&scene->frame.damage, x, y, width, height);
        }
}

static void
apply_copy(Scene *scene, const PlanOp *op)
{
    gboolean down = op->copy.src_y < op->y;
    for (int i = 0; i < op->height; i++) {
        int row = down ? op->height - 1 - i : i;
        memmove(at(scene, scene->shown, op->x, op->y + row),
                at(scene, scene->shown, op->copy.src_x, op->copy.src_y + row),
                (gsize)op->width * 4);
    }
}

/* As a client does it: the copies one after the other on what it shows, then the rest. */
static void
apply(Scene *scene, const Plan *plan)
{
    guint n;
    int n_boxes;
    const PlanOp *ops = plan_ops(plan, &n);
    const pixman_box32_t *box = region_boxes(plan_residue(plan), &n_boxes);
    pixman_region32_t covered;
    pixman_region32_init(&covered);
    memcpy(scene->shown, scene->before, scene_size(scene));
    for (guint i = 0; i < n; i++) {
        pixman_box32_t to = {ops[i].x, ops[i].y, ops[i].x + ops[i].width, ops[i].y + ops[i].height};
        g_assert_cmpint(ops[i].kind, ==, PLAN_COPY);
        g_assert_true(ops[i].x != ops[i].copy.src_x || ops[i].y != ops[i].copy.src_y);
        g_assert_cmpint(MIN(to.x1, ops[i].copy.src_x), >=, 0);
        g_assert_cmpint(MIN(to.y1, ops[i].copy.src_y), >=, 0);
        g_assert_cmpint(MAX(to.x1, ops[i].copy.src_x) + ops[i].width, <=, scene->frame.width);
        g_assert_cmpint(MAX(to.y1, ops[i].copy.src_y) + ops[i].height, <=, scene->frame.height);
        g_assert_cmpint(pixman_region32_contains_rectangle(&covered, &to), ==, PIXMAN_REGION_OUT);
        region_add(&covered, ops[i].x, ops[i].y, ops[i].width, ops[i].height);
        apply_copy(scene, &ops[i]);
    }
    for (int i = 0; i < n_boxes; i++)
        for (int y = box[i].y1; y < box[i].y2; y++)
            memcpy(at(scene, scene->shown, box[i].x1, y), at(scene, scene->now, box[i].x1, y),
                   (gsize)(box[i].x2 - box[i].x1) * 4);
    pixman_region32_fini(&covered);
}

/* As the damage walk does it; in some frames it misses rows, in others it is of another frame. */
static void
look_ahead(MotionSearch *motion, const Scene *scene)
{
    Frame frame = scene->frame;
    guint8 changed[2048 / 16];
    if (frame.sequence % 5 == 4) {
        frame.pixels = scene->before;
        frame.previous = scene->now;
    }
    motion_search_begin(motion, &frame);
    for (int row = 0; row * 16 < frame.height; row++) {
        for (int column = 0; column * 16 < frame.width; column++)
            changed[column] =
                pixman_region32_contains_point(&frame.damage, column * 16, row * 16, NULL) != 0;
        if (frame.sequence % 5 != 3 || row % 3)
            motion_search_row(motion, row, changed);
    }
}

static void
search_plainly(MotionSearch *motion, Scene *scene, Plan *plan)
{
    find_damage(scene);
    scene->frame.pixels = scene->now;
    scene->frame.previous = scene->before;
    plan_clear(plan);
    motion_search(motion, &scene->frame, plan);
}

/* Returns how much of the damage, in percent, is copied. */
static int
search(MotionSearch *motion, Scene *scene, Plan *plan)
{
    gint64 all;
    find_damage(scene);
    scene->frame.pixels = scene->now;
    scene->frame.previous = scene->before;
    plan_clear(plan);
    look_ahead(motion, scene);
    motion_search(motion, &scene->frame, plan);
    apply(scene, plan);
    for (int y = 0; y < scene->frame.height; y++)
        g_assert_cmpmem(at(scene, scene->shown, 0, y), (gsize)scene->frame.width * 4,
                        at(scene, scene->now, 0, y), (gsize)scene->frame.width * 4);
    all = region_area(&scene->frame.damage);
    return all ? (int)((all - region_area(plan_residue(plan))) * 100 / all) : 0;
}

/* Tests ------------------------------------------------------------------------------------------
 */

/* A page that scrolls by any step, up, down and aside: all but what comes in is copied. */
static void
test_scroll(void)
{
    static const MotionStep steps[] = {{0, -1}, {0, 1},   {0, -37}, {0, 99}, {-1, 0},
                                       {5, 0},  {-70, 0}, {13, -7}, {-3, 30}};
    for (Style style = NOISE; style <= TEXT; style++)
        for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
            MotionSearch *motion = motion_search_new();
            Plan *plan = plan_new();
            Scene scene;
            guint n;
            scene_init(&scene, 701, 503);
            paint(&scene, FLAT, 0, 0, 701, 503, 0, 0, 9);
            paint(&scene, style, 30, 21, 640, 470, 1000, 1000, 1);
            for (int frame = 1; frame < 4; frame++) {
                turn(&scene);
                paint(&scene, style, 30, 21, 640, 470, 1000 - frame * steps[i].dx,
                      1000 - frame * steps[i].dy, 1);
                int copied = search(motion, &scene, plan);
                int most = (640 - ABS(steps[i].dx)) * (470 - ABS(steps[i].dy)) * 100 / (656 * 496);
                if (copied < most - 12)
                    g_error("style %d, step %d,%d: %d %% copied", (int)style, steps[i].dx,
                            steps[i].dy, copied);
                plan_ops(plan, &n);
                g_assert_cmpint(n, ==, 1);
            }
            scene_clear(&scene);
            plan_free(plan);
            motion_search_free(motion);
        }
}

/* Windows that move their own ways at once, and may cover each other. */
static void
test_windows(void)
{
    MotionSearch *motion = motion_search_new();
    Plan *plan = plan_new();
    Scene scene;
    scene_init(&scene, 900, 700);
    for (int frame = 0; frame < 12; frame++) {
        turn(&scene);
        paint(&scene, NOISE, 0, 0, 900, 700, 0, 0, 5);
        paint(&scene, TEXT, 20 + frame * 13, 30 + frame * 5, 300, 200, 0, 0, 1);
        paint(&scene, NOISE, 850 - 250 - frame * 9, 400 - frame * 11, 250, 220, 0, 0, 2);
        paint(&scene, TEXT, 100 + frame * frame, 450, 260, 230, 0, 0, 3);
        if (frame)
            g_assert_cmpint(search(motion, &scene, plan), >=, 60);
    }
    scene_clear(&scene);
    plan_free(plan);
    motion_search_free(motion);
}

/* A picture that stands in the midst of what scrolls did not come by the step, though it does not
 * differ from what was there. */
static void
test_island(void)
{
    for (Style style = NOISE; style < N_STYLES; style++) {
        MotionSearch *motion = motion_search_new();
        Plan *plan = plan_new();
        Scene scene;
        scene_init(&scene, 640, 480);
        for (int frame = 0; frame < 5; frame++) {
            turn(&scene);
            paint(&scene, TEXT, 0, 0, 640, 480, 0, frame * 37, 1);
            paint(&scene, style, 240, 160, 96, 112, 0, 0, 2);
            int copied = search(motion, &scene, plan);
            g_assert_cmpint(copied, >, frame ? 50 : -1);
        }
        scene_clear(&scene);
        plan_free(plan);
        motion_search_free(motion);
    }
}

/* Where all of a screen is new but for a part that moved, however far, that part is found. */
static void
test_band(void)
{
    for (int by = 1; by <= 241; by += 15) {
        MotionSearch *motion = motion_search_new();
        Plan *plan = plan_new();
        Scene scene;
        int copied = 0;
        scene_init(&scene, 1280, 1088);
        for (int frame = 0; frame < 2; frame++) {
            turn(&scene);
            paint(&scene, NOISE, 0, 0, 1280, 1088, 0, 0, (guint32)frame + 5);
            paint(&scene, NOISE, frame * 3, 200 + frame * by, 1280, 360, 0, 0, 1);
            copied = search(motion, &scene, plan);
        }
        g_assert_cmpint(copied, >=, 15);
        scene_clear(&scene);
        plan_free(plan);
        motion_search_free(motion);
    }
}

/* Nothing that would be a copy: new content, plain areas, a cursor. */
static void
test_nothing(void)
{
    MotionSearch *motion = motion_search_new();
    Plan *plan = plan_new();
    Scene scene;
    guint n;
    scene_init(&scene, 640, 480);
    for (int frame = 0; frame < 12; frame++) {
        turn(&scene);
        if (frame < 4)
            paint(&scene, FLAT, 0, 0, 640, 480, 0, 0, (guint32)frame * 40);
        else if (frame < 8)
            paint(&scene, NOISE, 0, 0, 640, 480, 0, 0, (guint32)frame);
        else
            paint(&scene, NOISE, frame * 16, 100, 12, 20, 0, 0, 3);
        search(motion, &scene, plan);
        plan_ops(plan, &n);
        g_assert_cmpint(n, ==, 0);
    }
    scene.frame.previous = NULL;
    region_add(&scene.frame.damage, 0, 0, 640, 480);
    plan_clear(plan);
    motion_search(motion, &scene.frame, plan);
    g_assert_true(region_equal(plan_residue(plan), &scene.frame.damage));
    scene_clear(&scene);
    plan_free(plan);
    motion_search_free(motion);
}

static int
step(GRand *rand)
{
    return g_rand_int_range(rand, 0, 3) ? g_rand_int_range(rand, -40, 41) : 0;
}

/* Something moves, something is painted over it, sizes are odd: whatever the search says, a client
 * that does it shows the frame; and it says the same when nothing was compared ahead. */
static void
test_random(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    MotionSearch *motion = motion_search_new(), *plain = motion_search_new();
    Plan *plan = plan_new(), *plain_plan = plan_new();
    guint copies = 0;
    for (int round = 0; round < 60; round++) {
        Scene scene;
        scene_init(&scene, g_rand_int_range(rand, 1, 500), g_rand_int_range(rand, 1, 400));
        scene.frame.generation = (guint32)round;
        paint(&scene, round % 2 ? NOISE : TEXT, 0, 0, 500, 400, 0, 0, 4);
        for (int frame = 0; frame < 10; frame++) {
            guint n, n_plain;
            turn(&scene);
            for (int i = g_rand_int_range(rand, 1, 5); i > 0; i--) {
                int x = g_rand_int_range(rand, -20, scene.frame.width),
                    y = g_rand_int_range(rand, -20, scene.frame.height);
                int w = g_rand_int_range(rand, 1, 400), h = g_rand_int_range(rand, 1, 300);
                int dx = step(rand), dy = step(rand);
                if (g_rand_int_range(rand, 0, 4) == 0)
                    paint(&scene, g_rand_int_range(rand, 0, N_STYLES), x, y, w, h, 0, 0,
                          g_rand_int(rand) & 3);
                for (int row = MAX(MAX(y, y - dy), 0);
                     row < MIN(MIN(y + h, y + h - dy), scene.frame.height); row++)
                    for (int column = MAX(x, 0); column < MIN(x + w, scene.frame.width); column++)
                        if (column - dx >= 0 && column - dx < scene.frame.width && row - dy >= 0 &&
                            row - dy < scene.frame.height)
                            *at(&scene, scene.now, column, row) =
                                *at(&scene, scene.before, column - dx, row - dy);
            }
            search(motion, &scene, plan);
            search_plainly(plain, &scene, plain_plan);
            const PlanOp *ops = plan_ops(plan, &n), *plain_ops = plan_ops(plain_plan, &n_plain);
            g_assert_cmpint(n, ==, n_plain);
            for (guint i = 0; i < n; i++)
                g_assert_true(ops[i].x == plain_ops[i].x && ops[i].y == plain_ops[i].y &&
                              ops[i].width == plain_ops[i].width &&
                              ops[i].height == plain_ops[i].height &&
                              ops[i].copy.src_x == plain_ops[i].copy.src_x &&
                              ops[i].copy.src_y == plain_ops[i].copy.src_y);
            copies += n;
        }
        scene_clear(&scene);
    }
    g_assert_cmpint(copies, >, 100);
    plan_free(plan);
    plan_free(plain_plan);
    motion_search_free(motion);
    motion_search_free(plain);
}

static gboolean
cell_came(const Scene *scene, int column, int row, MotionStep way)
{
    for (int y = row * 16; y < MIN(row * 16 + 16, scene->frame.height); y++)
        for (int x = column * 16; x < MIN(column * 16 + 16, scene->frame.width); x++)
            if (*at(scene, scene->now, x, y) != *at(scene, scene->before, column * 16, row * 16) ||
                *at(scene, scene->now, x, y) != *at(scene, scene->before, x - way.dx, y - way.dy))
                return FALSE;
    return TRUE;
}

/* Cells said to be plain are, and came by the step, in whatever order they are looked at and
 * change; those that are plain for long and far around are said to be. */
static void
test_plain(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(6);
    guint said = 0;
    for (int round = 0; round < 30; round++) {
        MotionCells cells = {0};
        Scene scene;
        scene_init(&scene, g_rand_int_range(rand, 33, 300), g_rand_int_range(rand, 33, 200));
        for (int frame = 0; frame < 12; frame++) {
            turn(&scene);
            for (int i = g_rand_int_range(rand, 0, 3); i > 0; i--)
                paint(&scene, g_rand_int_range(rand, 0, 3) ? FLAT : LINES,
                      g_rand_int_range(rand, 0, 250), g_rand_int_range(rand, 0, 150),
                      g_rand_int_range(rand, 1, 200), g_rand_int_range(rand, 1, 200), 0, 0,
                      g_rand_int(rand) & 3);
            find_damage(&scene);
            scene.frame.pixels = scene.now;
            scene.frame.previous = scene.before;
            motion_cells_load(&cells, &scene.frame);
            for (int i = 0; i < 200; i++) {
                int column = g_rand_int_range(rand, 1, cells.columns - 1);
                int row = g_rand_int_range(rand, 1, cells.rows - 1);
                MotionStep way = {g_rand_int_range(rand, -1, 17), g_rand_int_range(rand, -1, 17)};
                if (cells.changed[row * cells.columns + column])
                    continue;
                gboolean plain = motion_cells_plain(&cells, &scene.frame, column, row, way);
                g_assert_true(!plain || cell_came(&scene, column, row, way));
                said += plain != 0;
            }
        }
        motion_cells_clear(&cells);
        scene_clear(&scene);
    }
    g_assert_cmpint(said, >, 1000);
}

static void
test_match_kernel(gconstpointer data)
{
    const MotionMatchKernel *kernel = data;
    guint n;
    const MotionMatchKernel *reference = motion_match_kernels(&n);
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    if (!cpu_has(kernel->cpu)) {
        g_test_skip("This processor lacks it.");
        return;
    }
    for (int round = 0; round < 2000; round++) {
        guint32 now[MOST + 16], before[MOST + 16];
        guint8 alive_a[MOST / 16 + 3], alive_b[MOST / 16 + 3], varied_a[MOST / 16 + 3],
            varied_b[MOST / 16 + 3];
        int a = g_rand_int_range(rand, 0, 16), b = g_rand_int_range(rand, 0, 16),
            pixels = g_rand_int_range(rand, 0, MOST);
        guint32 colour = g_rand_int(rand) & 0xffffff;
        for (int i = 0; i < MOST + 16; i++)
            now[i] = before[i] = colour;
        for (int i = 0; i < pixels; i++) {
            now[a + i] = before[b + i] =
                g_rand_int_range(rand, 0, 20) ? now[a + MAX(i - 1, 0)] : g_rand_int(rand) & 3;
            before[b + i] ^=
                g_rand_int_range(rand, 0, 50) ? 0 : 1u << g_rand_int_range(rand, 0, 24);
        }
        for (guint i = 0; i < sizeof alive_a; i++) {
            alive_a[i] = alive_b[i] = g_rand_int_range(rand, 0, 4) > 0;
            varied_a[i] = varied_b[i] = g_rand_int_range(rand, 0, 4) == 0;
        }
        reference->row(now + a, before + b, MOST, pixels, alive_a, varied_a);
        kernel->row(now + a, before + b, MOST, pixels, alive_b, varied_b);
        g_assert_cmpmem(alive_a, sizeof alive_a, alive_b, sizeof alive_b);
        g_assert_cmpmem(varied_a, sizeof varied_a, varied_b, sizeof varied_b);
    }
}

static void
test_hash_kernel(gconstpointer data)
{
    const MotionHashKernel *kernel = data;
    guint n, found = 0;
    const MotionHashKernel *reference = motion_hash_kernels(&n);
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    if (!cpu_has(kernel->cpu)) {
        g_test_skip("This processor lacks it.");
        return;
    }
    for (int round = 0; round < 2000; round++) {
        guint32 pixels[MOST + 32], scratch[MOST + 16], hashes_a[MOST + 16], hashes_b[MOST + 16];
        guint16 xs_a[MOST + 16], xs_b[MOST + 16];
        int offset = g_rand_int_range(rand, 0, 16), length = g_rand_int_range(rand, 1, MOST);
        for (int i = 0; i < MOST + 32; i++)
            pixels[i] = i && g_rand_boolean(rand) ? pixels[i - 1] : g_rand_int(rand) & 0xffffff;
        guint n_a = reference->row(pixels + offset, length, scratch, xs_a, hashes_a);
        guint n_b = kernel->row(pixels + offset, length, scratch, xs_b, hashes_b);
        g_assert_cmpmem(xs_a, n_a * sizeof *xs_a, xs_b, n_b * sizeof *xs_b);
        g_assert_cmpmem(hashes_a, n_a * sizeof *hashes_a, hashes_b, n_b * sizeof *hashes_b);
        found += n_a;
    }
    g_assert_cmpint(found, >, 1000);
}

int
main(int argc, char **argv)
{
    guint n;
    const MotionMatchKernel *match = motion_match_kernels(&n);
    g_test_init(&argc, &argv, NULL);
    for (guint i = 1; i < n; i++) {
        g_autofree char *path = g_strdup_printf("/motion/match/%s", cpu_name(match[i].cpu));
        g_test_add_data_func(path, &match[i], test_match_kernel);
    }
    const MotionHashKernel *hash = motion_hash_kernels(&n);
    for (guint i = 1; i < n; i++) {
        g_autofree char *path = g_strdup_printf("/motion/hash/%s", cpu_name(hash[i].cpu));
        g_test_add_data_func(path, &hash[i], test_hash_kernel);
    }
    g_test_add_func("/motion/scroll", test_scroll);
    g_test_add_func("/motion/windows", test_windows);
    g_test_add_func("/motion/island", test_island);
    g_test_add_func("/motion/band", test_band);
    g_test_add_func("/motion/nothing", test_nothing);
    g_test_add_func("/motion/random", test_random);
    g_test_add_func("/motion/plain", test_plain);
    return g_test_run();
}
