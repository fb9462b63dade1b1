/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "damage/compare.h"
#include "damage/damage.h"
#include "region.h"

#include <string.h>

#define ROUNDS 2000
#define MOST   400

/* Each kernel against the scalar reference: random lengths, offsets and differences, junk in the
 * top byte. */
static void
test_kernel(gconstpointer data)
{
    const CompareKernel *kernel = data;
    guint n;
    const CompareKernel *reference = compare_kernels(&n);
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    if (!kernel->supported()) {
        g_test_skip("This processor lacks it.");
        return;
    }
    for (int round = 0; round < ROUNDS; round++) {
        guint32 source[MOST + 16], a[MOST + 16], b[MOST + 16];
        guint8 changed_a[MOST / COMPARE_CELL + 3] = {0}, changed_b[MOST / COMPARE_CELL + 3] = {0};
        int offset = g_rand_int_range(rand, 0, 16), pixels = g_rand_int_range(rand, 0, MOST);
        for (int i = 0; i < MOST + 16; i++) {
            a[i] = g_rand_int(rand) & 0xffffff;
            source[i] = a[i] | (g_rand_int(rand) & 0xff000000u);
            if (g_rand_int_range(rand, 0, 50) == 0)
                source[i] ^= 1u << g_rand_int_range(rand, 0, 32);
        }
        memcpy(b, a, sizeof a);
        reference->row(source + offset, a + offset, pixels, changed_a);
        kernel->row(source + offset, b + offset, pixels, changed_b);
        g_assert_cmpmem(a, sizeof a, b, sizeof b);
        g_assert_cmpmem(changed_a, sizeof changed_a, changed_b, sizeof changed_b);
    }
}

/* The walk finds every change inside its hint, takes it over, and reports cells that hold it;
 * nothing outside is touched. */
static void
test_walk(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(2);
    Damage *damage = damage_new();
    for (int round = 0; round < 60; round++) {
        int width = g_rand_int_range(rand, 1, 300), height = g_rand_int_range(rand, 1, 200),
            stride = width + g_rand_int_range(rand, 0, 9);
        g_autofree guint32 *source = g_new0(guint32, (gsize)(stride * height)),
                           *frame = g_new0(guint32, (gsize)(stride * height));
        pixman_region32_t hint, changed;
        pixman_region32_init(&changed);
        pixman_region32_init_rect(&hint, 0, 0, (unsigned)width, (unsigned)height);
        for (int i = 0; i < round; i++)
            source[g_rand_int_range(rand, 0, height) * stride + g_rand_int_range(rand, 0, width)] =
                g_rand_int(rand) | 1;
        damage_walk(damage, source, stride, frame, stride, width, height, &hint, &changed);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++) {
                g_assert_cmphex(frame[y * stride + x], ==, source[y * stride + x] & 0xffffff);
                if (frame[y * stride + x])
                    g_assert_true(pixman_region32_contains_point(&changed, x, y, NULL));
            }
        damage_walk(damage, source, stride, frame, stride, width, height, &hint, &changed);
        g_assert_true(region_is_empty(&changed));
        pixman_region32_fini(&hint);
        pixman_region32_fini(&changed);
    }
    damage_free(damage);
}

int
main(int argc, char **argv)
{
    guint n;
    const CompareKernel *kernels = compare_kernels(&n);
    g_test_init(&argc, &argv, NULL);
    for (guint i = 1; i < n; i++) {
        g_autofree char *path = g_strdup_printf("/compare/%s", kernels[i].name);
        g_test_add_data_func(path, &kernels[i], test_kernel);
    }
    g_test_add_func("/damage/walk", test_walk);
    return g_test_run();
}
