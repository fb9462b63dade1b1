/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "classify/classify.h"
#include "classify/plan-memory.h"
#include "region.h"

#include <string.h>

#define SIDE 256

typedef struct {
    guint32 pixels[SIDE * SIDE];
    Frame frame;
    Classifier *classifier;
    Plan *plan;
    PlanMemory *memory;
    pixman_region32_t region;
} World;

static World *
world_new(void)
{
    World *world = g_new0(World, 1);
    for (int i = 0; i < SIDE * SIDE; i++)
        world->pixels[i] = i % SIDE < 128 ? 0x305070 : (guint32)i * 2654435761u >> 8;
    world->frame = (Frame){
        .pixels = world->pixels, .width = SIDE, .height = SIDE, .stride = SIDE, .generation = 1};
    pixman_region32_init(&world->frame.damage);
    pixman_region32_init_rect(&world->region, 0, 0, 200, 180);
    world->classifier = classifier_new();
    world->plan = plan_new();
    world->memory = plan_memory_new();
    plan_memory_frame(world->memory, &world->frame);
    return world;
}

static void
world_free(World *world)
{
    plan_memory_free(world->memory);
    plan_free(world->plan);
    classifier_free(world->classifier);
    pixman_region32_fini(&world->region);
    pixman_region32_fini(&world->frame.damage);
    g_free(world);
}

/* Classified, behind a COPY as the frame's own plan may have it, and kept. */
static void
keep(World *world)
{
    plan_clear(world->plan);
    plan_add(world->plan, &(PlanOp){.kind = PLAN_COPY, .width = 9, .height = 9});
    classify(world->classifier, &world->frame, &world->region, world->plan);
    plan_memory_keep(world->memory, &world->region, world->plan);
}

static void
test_same(void)
{
    World *world = world_new();
    guint n, n_kept;
    g_assert_null(plan_memory_find(world->memory, &world->region));
    keep(world);
    plan_memory_frame(world->memory, &world->frame); /* nothing has changed */
    const Plan *kept = plan_memory_find(world->memory, &world->region);
    g_assert_nonnull(kept);
    const PlanOp *ops = plan_ops(world->plan, &n), *kept_ops = plan_ops(kept, &n_kept);
    g_assert_cmpint(n, >, 2);
    g_assert_cmpint(n_kept, ==, n - 1);
    g_assert_cmpint(plan_n_copies(kept), ==, 0);
    g_assert_cmpmem(kept_ops, n_kept * sizeof *ops, ops + 1, (n - 1) * sizeof *ops);
    world_free(world);
}

static void
test_other_region(void)
{
    World *world = world_new();
    keep(world);
    region_add(&world->region, 220, 220, 1, 1);
    g_assert_null(plan_memory_find(world->memory, &world->region));
    pixman_region32_clear(&world->region);
    g_assert_null(plan_memory_find(world->memory, &world->region));
    world_free(world);
}

/* Other pixels, a video that begins, moves or ends, another size: it is not known any more, and not
 * again when that is over. */
static void
test_forgets(void)
{
    World *world = world_new();
    for (int what = 0; what < 5; what++) {
        keep(world);
        g_assert_nonnull(plan_memory_find(world->memory, &world->region));
        if (what == 0)
            region_add(&world->frame.damage, 250, 250, 1, 1);
        else if (what == 1)
            world->frame.n_video = 1;
        else if (what == 2)
            world->frame.video[0] = (pixman_box32_t){16, 16, 160, 160};
        else if (what == 3)
            world->frame.n_video = 0;
        else
            world->frame.generation++;
        plan_memory_frame(world->memory, &world->frame);
        g_assert_null(plan_memory_find(world->memory, &world->region));
        pixman_region32_clear(&world->frame.damage);
        plan_memory_frame(world->memory, &world->frame);
        g_assert_null(plan_memory_find(world->memory, &world->region));
    }
    world_free(world);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan-memory/same", test_same);
    g_test_add_func("/plan-memory/other-region", test_other_region);
    g_test_add_func("/plan-memory/forgets", test_forgets);
    return g_test_run();
}
