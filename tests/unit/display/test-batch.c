/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "encode/batch.h"
#include "region.h"

#include <string.h>

#define WIDTH  512
#define HEIGHT 256
#define CELLS  ((WIDTH / 64) * (HEIGHT / 64))

typedef struct {
    guint32 *pixels;
    Frame frame;
    PlanOp ops[CELLS];
    WorkerPool *pool;
    EncodeBatches *batches;
    EncodeSettings settings;
} Desk;

static void
desk_init(Desk *desk, GRand *rand)
{
    desk->pixels = g_new(guint32, WIDTH * HEIGHT);
    desk->frame =
        (Frame){.pixels = desk->pixels, .width = WIDTH, .height = HEIGHT, .stride = WIDTH};
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        desk->pixels[i] = g_rand_int(rand) & 0xffffff;
    for (int i = 0; i < CELLS; i++)
        desk->ops[i] = (PlanOp){.kind = i % 2 ? PLAN_LOSSY : PLAN_RAW,
                                .x = i % (WIDTH / 64) * 64,
                                .y = i / (WIDTH / 64) * 64,
                                .width = 64,
                                .height = 64};
    desk->pool = worker_pool_new(2, encode_scratch_new, encode_scratch_free);
    desk->batches = encode_batches_new(desk->pool);
    desk->settings = (EncodeSettings){.encoder = &encoder_tight, .quality = 5};
    pixel_format_init_native(&desk->settings.format);
}

static void
desk_clear(Desk *desk)
{
    worker_pool_free(desk->pool);
    encode_batches_finish(desk->batches);
    encode_batches_free(desk->batches);
    g_free(desk->pixels);
}

static void
on_done(EncodeBatch *batch, gpointer user)
{
    *(gboolean *)user = TRUE;
}

/* A reference to each packet; NULLs first. */
static void
encode(Desk *desk, const EncodeSettings *settings, Packet **packets)
{
    gboolean done = FALSE;
    EncodeBatch *batch = encode_batch_start(desk->batches, settings, &desk->frame, desk->ops, CELLS,
                                            NULL, on_done, &done);
    Packet *const *made;
    guint n;
    while (!done)
        g_main_context_iteration(NULL, TRUE);
    made = encode_batch_packets(batch, &n);
    g_assert_cmpint(n, ==, CELLS);
    for (guint i = 0; i < n; i++) {
        g_clear_pointer(&packets[i], packet_unref);
        packets[i] = packet_ref(made[i]);
    }
    encode_batch_free(batch);
}

static void
clear_packets(Packet **packets)
{
    for (guint i = 0; i < CELLS; i++)
        g_clear_pointer(&packets[i], packet_unref);
}

static gboolean
lies_in(const PlanOp *op, const pixman_region32_t *region)
{
    const pixman_box32_t box = {op->x, op->y, op->x + op->width, op->y + op->height};
    return pixman_region32_contains_rectangle((pixman_region32_t *)region, &box) !=
           PIXMAN_REGION_OUT;
}

/* Draws over a region, and says so. */
static void
draw(Desk *desk, GRand *rand, pixman_region32_t *changed, gboolean shared)
{
    int n = 0;
    const pixman_box32_t *box;
    pixman_region32_clear(changed);
    for (int i = 0; i < 3; i++)
        region_add(changed, g_rand_int_range(rand, 0, WIDTH - 90),
                   g_rand_int_range(rand, 0, HEIGHT - 70), 90, 70);
    box = region_boxes(changed, &n);
    for (int i = 0; i < n; i++)
        for (int y = box[i].y1; y < box[i].y2; y++)
            for (int x = box[i].x1; x < box[i].x2; x++)
                desk->pixels[y * WIDTH + x] = g_rand_int(rand) & 0xffffff;
    encode_batches_frame(desk->batches, changed, shared);
}

/* What is asked for again is the same packet while its pixels are, and never one of other pixels or
 * settings. */
static void
test_shared(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(11);
    Packet *first[CELLS] = {NULL}, *again[CELLS] = {NULL}, *other[CELLS] = {NULL};
    pixman_region32_t changed;
    EncodeSettings coarser;
    Desk desk;
    desk_init(&desk, rand);
    coarser = desk.settings;
    coarser.quality = 1;
    pixman_region32_init(&changed);
    encode_batches_frame(desk.batches, NULL, TRUE);
    encode(&desk, &desk.settings, first);
    for (int round = 0; round < 20; round++) {
        guint kept = 0, stale = 0;
        draw(&desk, rand, &changed, TRUE);
        encode(&desk, &desk.settings, again);
        encode(&desk, &coarser, other);
        for (guint i = 0; i < CELLS; i++) {
            g_assert_true(other[i] != again[i]);
            kept += again[i] == first[i];
            stale += again[i] == first[i] && lies_in(&desk.ops[i], &changed);
        }
        g_assert_cmpint(stale, ==, 0);
        g_assert_cmpint(kept, >, CELLS / 4); /* two may have had one place */
        encode(&desk, &desk.settings, first);
    }
    clear_packets(first);
    clear_packets(again);
    clear_packets(other);
    pixman_region32_fini(&changed);
    desk_clear(&desk);
}

/* For one client alone nothing is kept; what it is sent is the same. */
static void
test_alone(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(12);
    Packet *first[CELLS] = {NULL}, *again[CELLS] = {NULL};
    pixman_region32_t changed;
    Desk desk;
    desk_init(&desk, rand);
    pixman_region32_init(&changed);
    draw(&desk, rand, &changed, FALSE);
    encode(&desk, &desk.settings, first);
    encode(&desk, &desk.settings, again);
    for (guint i = 0; i < CELLS; i++) {
        g_assert_true(first[i] != again[i]);
        g_assert_cmpmem(first[i]->data, first[i]->size, again[i]->data, again[i]->size);
    }
    clear_packets(first);
    clear_packets(again);
    pixman_region32_fini(&changed);
    desk_clear(&desk);
}

#define MANY (8 * CELLS) /* several jobs, of more bytes than a part has */

typedef struct {
    Packet *seen[MANY]; /* by parts */
    guint n_seen, n_parts;
    gboolean done;
} Parts;

/* What a part shows is there, comes after what the ones before showed, and stays as it is. */
static void
on_part(EncodeBatch *batch, gpointer user)
{
    Parts *parts = user;
    guint n;
    Packet *const *packets = encode_batch_packets(batch, &n);
    g_assert_false(parts->done);
    g_assert_cmpint(n, >, parts->n_seen);
    g_assert_cmpint(n, <=, MANY);
    for (guint i = 0; i < parts->n_seen; i++)
        g_assert_true(packets[i] == parts->seen[i]);
    for (; parts->n_seen < n; parts->n_seen++) {
        g_assert_nonnull(packets[parts->n_seen]);
        parts->seen[parts->n_seen] = packet_ref(packets[parts->n_seen]);
    }
    parts->n_parts++;
}

static void
on_whole(EncodeBatch *batch, gpointer user)
{
    ((Parts *)user)->done = TRUE;
}

static void
encode_many(Desk *desk, const PlanOp *ops, Parts *parts, EncodeBatchPart part)
{
    guint n;
    *parts = (Parts){.n_seen = 0};
    EncodeBatch *batch = encode_batch_start(desk->batches, &desk->settings, &desk->frame, ops, MANY,
                                            part, on_whole, parts);
    while (!parts->done)
        g_main_context_iteration(NULL, TRUE);
    Packet *const *packets = encode_batch_packets(batch, &n);
    g_assert_cmpint(n, ==, MANY);
    for (guint i = 0; i < n; i++)
        g_assert_cmpint(packets[i]->x, ==, ops[i].x);
    for (guint i = 0; i < parts->n_seen; i++) {
        g_assert_true(packets[i] == parts->seen[i]);
        packet_unref(parts->seen[i]);
    }
    encode_batch_free(batch);
}

/* Who asks for parts sees some before the end, sooner or later; who does not, sees none. */
static void
test_parts(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(13);
    g_autofree PlanOp *ops = g_new(PlanOp, MANY);
    g_autofree Parts *parts = g_new(Parts, 1);
    gboolean any = FALSE;
    Desk desk;
    desk_init(&desk, rand);
    for (guint i = 0; i < MANY; i++)
        ops[i] = desk.ops[i % CELLS];
    encode_batches_frame(desk.batches, NULL, FALSE);
    for (int round = 0; round < 300 && !any; round++) {
        encode_many(&desk, ops, parts, on_part);
        any = parts->n_parts > 0;
        encode_many(&desk, ops, parts, NULL);
        g_assert_cmpint(parts->n_parts, ==, 0);
    }
    g_assert_true(any);
    desk_clear(&desk);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/batch/shared", test_shared);
    g_test_add_func("/batch/alone", test_alone);
    g_test_add_func("/batch/parts", test_parts);
    return g_test_run();
}
