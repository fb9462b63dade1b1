/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "damage/compare.h"
#include "damage/damage.h"
#include "frame-history.h"
#include "region.h"

#include <string.h>

#define ROUNDS 2000
#define MOST   400
#define CELLS  (MOST / COMPARE_CELL + 3)

/* Each kernel against the scalar reference: random lengths, offsets and differences, junk in the
 * top byte, stale cells and cells that have changed before. */
static void
test_kernel(gconstpointer data)
{
    const CompareKernel *kernel = data;
    guint n;
    const CompareKernel *reference = compare_kernels(&n);
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    if (!cpu_has(kernel->cpu)) {
        g_test_skip("This processor lacks it.");
        return;
    }
    for (int round = 0; round < ROUNDS; round++) {
        guint32 source[MOST + 16], last[MOST + 16], a[MOST + 16], b[MOST + 16];
        guint8 stale[CELLS], changed_a[CELLS], changed_b[CELLS];
        int offset = g_rand_int_range(rand, 0, 16), pixels = g_rand_int_range(rand, 0, MOST);
        for (int i = 0; i < MOST + 16; i++) {
            last[i] = g_rand_int(rand) & 0xffffff;
            a[i] = b[i] = g_rand_int(rand);
            source[i] = last[i] | (g_rand_int(rand) & 0xff000000u);
            if (g_rand_int_range(rand, 0, 50) == 0)
                source[i] ^= 1u << g_rand_int_range(rand, 0, 32);
        }
        for (int i = 0; i < CELLS; i++) {
            stale[i] = g_rand_int_range(rand, 0, 3) == 0;
            changed_a[i] = changed_b[i] = g_rand_int_range(rand, 0, 5) == 0;
        }
        reference->row(source + offset, MOST, last + offset, a + offset, MOST, pixels, stale,
                       changed_a);
        kernel->row(source + offset, MOST, last + offset, b + offset, MOST, pixels, stale,
                    changed_b);
        g_assert_cmpmem(a, sizeof a, b, sizeof b);
        g_assert_cmpmem(changed_a, sizeof changed_a, changed_b, sizeof changed_b);
    }
}

typedef struct {
    int width, height, stride, source_stride;
    guint32 *source, *last, *next, *shown; /* shown: what last held before the walk */
} Screen;

static void
screen_init(Screen *screen, GRand *rand)
{
    screen->width = g_rand_int_range(rand, 1, 300);
    screen->height = g_rand_int_range(rand, 1, 200);
    screen->stride = screen->width + g_rand_int_range(rand, 0, 9);
    screen->source_stride = screen->width + g_rand_int_range(rand, 0, 9);
    screen->source = g_new0(guint32, screen->source_stride * screen->height);
    screen->last = g_new0(guint32, screen->stride * screen->height);
    screen->next = g_new0(guint32, screen->stride * screen->height);
    screen->shown = g_new0(guint32, screen->stride * screen->height);
}

static void
screen_clear(Screen *screen)
{
    g_free(screen->source);
    g_free(screen->last);
    g_free(screen->next);
    g_free(screen->shown);
}

/* Writes some rectangles and says so; sometimes says more. */
static void
screen_draw(Screen *screen, GRand *rand, pixman_region32_t *hint)
{
    for (int i = g_rand_int_range(rand, 0, 4); i > 0; i--) {
        int x = g_rand_int_range(rand, 0, screen->width),
            y = g_rand_int_range(rand, 0, screen->height);
        int w = g_rand_int_range(rand, 1, screen->width - x + 1),
            h = g_rand_int_range(rand, 1, screen->height - y + 1);
        guint32 step = g_rand_int_range(rand, 0, 3) ? g_rand_int(rand) : 0xff000000u;
        for (int row = y; row < y + h; row++)
            for (int column = x; column < x + w; column += g_rand_int_range(rand, 1, 40))
                screen->source[row * screen->source_stride + column] += step;
        region_add(hint, x, y, w, h);
    }
}

/* Told of rows that are complete and hold all changes. */
typedef struct {
    const Screen *screen;
    pixman_region32_t changed;
} Watch;

static void
watch_row(gpointer user, int row, const guint8 *changed)
{
    Watch *watch = user;
    const Screen *screen = watch->screen;
    for (int column = 0; column * COMPARE_CELL < screen->width; column++) {
        int x = column * COMPARE_CELL, y = row * COMPARE_CELL;
        int width = MIN(COMPARE_CELL, screen->width - x),
            height = MIN(COMPARE_CELL, screen->height - y);
        g_assert_cmpint(changed[column], <=, 1);
        if (changed[column])
            region_add(&watch->changed, x, y, width, height);
        for (int i = 0; i < width * height && changed[column]; i++)
            g_assert_cmphex(
                screen->next[(y + i / width) * screen->stride + x + i % width], ==,
                screen->source[(y + i / width) * screen->source_stride + x + i % width] & 0xffffff);
    }
}

static void
screen_check(const Screen *screen, const pixman_region32_t *changed)
{
    gboolean empty = region_is_empty(changed);
    const guint32 *frame = empty ? screen->last : screen->next;
    for (int y = 0; y < screen->height; y++)
        for (int x = 0; x < screen->width; x++) {
            int i = y * screen->stride + x;
            g_assert_cmphex(frame[i], ==, screen->source[y * screen->source_stride + x] & 0xffffff);
            g_assert_cmphex(screen->last[i], ==, screen->shown[i]);
            if (empty || frame[i] != screen->last[i])
                g_assert_true(empty || pixman_region32_contains_point((pixman_region32_t *)changed,
                                                                      x, y, NULL));
        }
}

/* The walk finds every change inside its hint, and reports cells that hold it; the two buffers hold
 * the last frame and the one before, whole, however the changes of walks overlap. */
static void
test_walk(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(2);
    for (int round = 0; round < 40; round++) {
        Damage *damage = damage_new();
        Screen screen;
        pixman_region32_t hint, changed;
        Watch watch = {.screen = &screen};
        const DamageWatch rows = {watch_row, &watch};
        pixman_region32_init(&changed);
        pixman_region32_init(&hint);
        pixman_region32_init(&watch.changed);
        screen_init(&screen, rand);
        for (int frame = 0; frame < 20; frame++) {
            pixman_region32_clear(&hint);
            screen_draw(&screen, rand, &hint);
            memcpy(screen.shown, screen.last,
                   sizeof(guint32) * (gsize)screen.stride * (gsize)screen.height);
            damage_walk(damage, screen.source, screen.source_stride, screen.last, screen.next,
                        screen.stride, screen.width, screen.height, &hint, &changed,
                        frame % 3 ? &rows : NULL);
            screen_check(&screen, &changed);
            pixman_region32_subtract(&hint, &changed, &watch.changed);
            g_assert_true(frame % 3 == 0 || region_is_empty(&hint));
            pixman_region32_clear(&watch.changed);
            if (!region_is_empty(&changed)) {
                guint32 *last = screen.last;
                screen.last = screen.next;
                screen.next = last;
            }
        }
        screen_clear(&screen);
        pixman_region32_fini(&hint);
        pixman_region32_fini(&changed);
        pixman_region32_fini(&watch.changed);
        damage_free(damage);
    }
}

/* What sinks are shown: pixels, and the frame that was presented before, or none. */
static void
test_history(void)
{
    Surface *surface = surface_new(NULL, NULL);
    FrameHistory *history = frame_history_new();
    Frame frame = {0};
    guint32 pixels[64 * 64] = {0};
    pixman_region32_init(&frame.damage);
    g_assert_cmpint(frame_history_walk(history, surface, &frame, NULL), ==, FRAME_SAME);
    g_assert_true(surface_resize(surface, 64, 64));
    g_assert_cmpint(frame_history_walk(history, surface, &frame, NULL), ==, FRAME_RESIZED);
    g_assert_null(frame.previous);
    pixman_region32_clear(&frame.damage); /* presented */
    g_assert_cmpint(frame_history_walk(history, surface, &frame, NULL), ==, FRAME_SAME);
    g_assert_true(frame.previous == frame.pixels);
    for (guint32 i = 1; i < 10; i++) {
        pixels[0] = i;
        g_assert_true(
            surface_write(surface, 0, 0, 1, 1, (const guint8 *)pixels, 256, sizeof pixels));
        g_assert_cmpint(frame_history_walk(history, surface, &frame, NULL), ==, FRAME_CHANGED);
        g_assert_cmpint(frame.pixels[0], ==, i);
        if (i % 4 == 0) { /* a second step before anybody was shown the first */
            g_assert_null(frame.previous);
        } else {
            g_assert_cmpint(frame.previous[0], ==, i - 1);
            g_assert_cmpint(frame_history_walk(history, surface, &frame, NULL), ==, FRAME_SAME);
            g_assert_cmpint(frame.previous[0], ==, i - 1);
        }
        if (i % 4 != 3)
            pixman_region32_clear(&frame.damage);
    }
    pixman_region32_fini(&frame.damage);
    frame_history_free(history);
    surface_free(surface);
}

int
main(int argc, char **argv)
{
    guint n;
    const CompareKernel *kernels = compare_kernels(&n);
    g_test_init(&argc, &argv, NULL);
    for (guint i = 1; i < n; i++) {
        g_autofree char *path = g_strdup_printf("/compare/%s", cpu_name(kernels[i].cpu));
        g_test_add_data_func(path, &kernels[i], test_kernel);
    }
    g_test_add_func("/damage/walk", test_walk);
    g_test_add_func("/damage/history", test_history);
    return g_test_run();
}
