/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "damage/motion.h"
#include "region.h"
#include "sink/vnc-framing.h"
#include "sink/vnc-update.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WIDTH  160
#define HEIGHT 112
#define STRIDE WIDTH

/* A desktop whose content moves, and one client of it that takes updates as it likes: it is what it
 * was sent, copied and drawn. */
typedef struct {
    GRand *rand;
    Frame frame;
    guint32 pixels[2][STRIDE * HEIGHT];
    Plan *plan;
    MotionSearch *motion;
    VncUpdate *update;
    VncOutput *output;
    gpointer scratch;
    int fds[2];
    guint32 shown[STRIDE * HEIGHT];
    gboolean copy_rect, continuous; /* what it said last */
    pixman_region32_t asked;        /* and where it asked for an update */
    guint copied, drawn, updates;   /* rectangles, but for updates */
} World;

static void
nothing(gpointer user)
{
}

static void
set_encodings(World *world, gboolean copy_rect)
{
    guint8 list[8];
    vnc_put32(list, 0);
    vnc_put32(list + 4, (guint32)VNC_ENCODING_COPY_RECT);
    vnc_update_set_encodings(world->update, list, copy_rect ? 2 : 1);
    world->copy_rect = copy_rect;
}

static void
world_init(World *world, guint32 seed)
{
    memset(world, 0, sizeof *world);
    world->rand = g_rand_new_with_seed(seed);
    world->frame = (Frame){.width = WIDTH, .height = HEIGHT, .stride = STRIDE, .generation = 1};
    world->frame.pixels = world->frame.previous = world->pixels[0];
    pixman_region32_init(&world->frame.damage);
    pixman_region32_init(&world->asked);
    world->plan = plan_new();
    world->motion = motion_search_new();
    world->update = vnc_update_new(nothing, NULL);
    g_assert_true(vnc_update_resized(world->update, WIDTH, HEIGHT));
    set_encodings(world, TRUE);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, world->fds), ==, 0);
    world->output = vnc_output_new(world->fds[0]);
    world->scratch = encode_scratch_new();
}

static void
world_clear(World *world)
{
    g_rand_free(world->rand);
    pixman_region32_fini(&world->frame.damage);
    pixman_region32_fini(&world->asked);
    plan_free(world->plan);
    motion_search_free(world->motion);
    vnc_update_free(world->update);
    vnc_output_free(world->output);
    encode_scratch_free(world->scratch);
    close(world->fds[0]);
    close(world->fds[1]);
}

/* The client -------------------------------------------------------------------------------------
 */

static void
assert_asked(World *world, guint x, guint y, const guint *box)
{
    pixman_box32_t area = {(int)x, (int)y, (int)(x + box[2]), (int)(y + box[3])};
    g_assert_cmpint(pixman_region32_contains_rectangle(&world->asked, &area), ==, PIXMAN_REGION_IN);
}

static void
copy_rectangle(World *world, const guint *box, guint src_x, guint src_y)
{
    g_autofree guint32 *pixels = g_new(guint32, (gsize)box[2] * box[3]);
    for (guint y = 0; y < box[3]; y++)
        memcpy(pixels + y * box[2], world->shown + (src_y + y) * STRIDE + src_x, box[2] * 4);
    for (guint y = 0; y < box[3]; y++)
        memcpy(world->shown + (box[1] + y) * STRIDE + box[0], pixels + y * box[2], box[2] * 4);
    g_assert_true(world->copy_rect);
    assert_asked(world, box[0], box[1], box);
    assert_asked(world, src_x, src_y, box);
    world->copied++;
}

/* Returns how many bytes the rectangle is. */
static gsize
draw_rectangle(World *world, const guint8 *data)
{
    guint box[4];
    for (int i = 0; i < 4; i++)
        box[i] = vnc_get16(data + 2 * i);
    if (vnc_get32(data + 8) == (guint32)VNC_ENCODING_COPY_RECT) {
        copy_rectangle(world, box, vnc_get16(data + 12), vnc_get16(data + 14));
        return 16;
    }
    g_assert_cmpint((gint32)vnc_get32(data + 8), ==, 0);
    for (guint y = 0; y < box[3]; y++)
        memcpy(world->shown + (box[1] + y) * STRIDE + box[0], data + 12 + (gsize)y * box[2] * 4,
               box[2] * 4);
    world->drawn++;
    return 12 + (gsize)box[2] * box[3] * 4;
}

static void
receive(World *world)
{
    static guint8 data[1 << 20];
    gsize size = 0, used = 0;
    gssize n;
    do {
        g_assert_true(vnc_output_flush(world->output));
        n = recv(world->fds[1], data + size, sizeof data - size, MSG_DONTWAIT);
        size += (gsize)MAX(n, 0);
    } while (n > 0 || vnc_output_queued(world->output));
    while (used < size) {
        guint rectangles = vnc_get16(data + used + 2);
        g_assert_cmpint(data[used], ==, 0);
        used += 4;
        for (guint i = 0; i < rectangles; i++)
            used += draw_rectangle(world, data + used);
        if (!world->continuous)
            pixman_region32_clear(&world->asked);
        world->updates++;
    }
    g_assert_cmpint(used, ==, size);
}

/* The sink ---------------------------------------------------------------------------------------
 */

static void
send_work(World *world, const VncWork *work)
{
    g_autoptr(GPtrArray) packets = g_ptr_array_new_with_free_func((GDestroyNotify)packet_unref);
    int n;
    const pixman_box32_t *box = region_boxes(&work->changed, &n);
    for (int i = 0; i < n; i++)
        g_ptr_array_add(packets, encode_op(world->scratch, &work->settings, &world->frame,
                                           &(PlanOp){.kind = PLAN_RAW,
                                                     .x = box[i].x1,
                                                     .y = box[i].y1,
                                                     .width = box[i].x2 - box[i].x1,
                                                     .height = box[i].y2 - box[i].y1}));
    vnc_update_send(world->update, world->output, (Packet *const *)packets->pdata, packets->len);
}

static gboolean
take(World *world, VncWork *work)
{
    const VncRoom room = {g_rand_int_range(world->rand, 0, 5) ? G_MAXSIZE : 20000, 0, 0};
    return vnc_update_ready(world->update) && vnc_update_take(world->update, &room, work);
}

/* In the order of vnc_present(). The client may not be ready after all, and between take and send
 * it may change its mind. */
static void
present(World *world)
{
    VncWork work;
    vnc_work_init(&work);
    vnc_update_frame(world->update, &world->frame, world->plan);
    if (g_rand_int_range(world->rand, 0, 9) > 0 && take(world, &work)) {
        if (g_rand_int_range(world->rand, 0, 9) == 0)
            set_encodings(world, g_rand_int_range(world->rand, 0, 4) > 0);
        send_work(world, &work);
    }
    receive(world);
    vnc_work_clear(&work);
}

static void
find_damage(World *world)
{
    pixman_region32_clear(&world->frame.damage);
    for (int y = 0; y < HEIGHT; y += 16)
        for (int x = 0; x < WIDTH; x += 16) {
            gboolean differs = FALSE;
            for (int row = y; row < y + 16; row++)
                differs |= memcmp(world->frame.pixels + row * STRIDE + x,
                                  world->frame.previous + row * STRIDE + x, 64) != 0;
            if (differs)
                region_add(&world->frame.damage, x, y, 16, 16);
        }
}

/* Moves some of the picture, and paints some. */
static void
next_frame(World *world)
{
    guint32 *now = world->frame.pixels == world->pixels[0] ? world->pixels[1] : world->pixels[0];
    const guint32 *before = world->frame.pixels;
    int x = g_rand_int_range(world->rand, 0, 60), y = g_rand_int_range(world->rand, 0, 30);
    int dx = g_rand_int_range(world->rand, -20, 21), dy = g_rand_int_range(world->rand, -20, 21);
    memcpy(now, before, sizeof world->pixels[0]);
    if (g_rand_int_range(world->rand, 0, 5) > 0)
        for (int row = MAX(y, y + dy); row < MIN(HEIGHT, HEIGHT + dy); row++)
            for (int column = MAX(x, x + dx); column < MIN(WIDTH, WIDTH + dx); column++)
                if (row - dy >= 0 && column - dx >= 0)
                    now[row * STRIDE + column] = before[(row - dy) * STRIDE + column - dx];
    if (g_rand_int_range(world->rand, 0, 3) == 0)
        for (int row = y; row < y + 40; row++)
            for (int column = x; column < x + 50; column++)
                now[row * STRIDE + column] = g_rand_int(world->rand) & 0xffffff;
    world->frame.previous = before;
    world->frame.pixels = now;
    find_damage(world);
    plan_clear(world->plan);
    motion_search(world->motion, &world->frame, world->plan);
}

static void
request(World *world, gboolean incremental, int x, int y, int width, int height)
{
    vnc_update_request(world->update, incremental, x, y, width, height);
    region_add(&world->asked, x, y, width, height);
}

static void
set_continuous(World *world, gboolean on)
{
    vnc_update_continuous(world->update, on, 0, 0, WIDTH, HEIGHT);
    world->continuous = on;
    if (on)
        region_add(&world->asked, 0, 0, WIDTH, HEIGHT);
}

static void
ask(World *world)
{
    int kind = g_rand_int_range(world->rand, 0, 14);
    if (kind < 6) /* all of it */
        request(world, kind > 0, 0, 0, WIDTH, HEIGHT);
    else if (kind < 9) /* a part */
        request(world, kind > 6, g_rand_int_range(world->rand, 0, 100),
                g_rand_int_range(world->rand, 0, 70), g_rand_int_range(world->rand, 1, 160),
                g_rand_int_range(world->rand, 1, 112));
    else if (kind == 9)
        set_continuous(world, TRUE);
    else if (kind == 10 && world->continuous) {
        set_continuous(world, FALSE);
        pixman_region32_clear(&world->asked); /* what was asked before may be answered or not */
        request(world, TRUE, 0, 0, WIDTH, HEIGHT);
    }
}

static void
assert_shown(World *world)
{
    pixman_region32_clear(&world->frame.damage);
    plan_clear(world->plan);
    do {
        request(world, TRUE, 0, 0, WIDTH, HEIGHT);
        present(world);
    } while (vnc_update_progress(world->update) != SINK_SETTLED);
    g_assert_cmpmem(world->shown, sizeof world->shown, world->frame.pixels, sizeof world->shown);
}

/* Whatever the client asks for and when, it shows the desktop once it has asked for all of it. */
static void
test_any_client(void)
{
    guint copied = 0;
    for (guint32 seed = 0; seed < 40; seed++) {
        World world;
        world_init(&world, seed);
        for (int i = 0; i < 60; i++) {
            next_frame(&world);
            ask(&world);
            present(&world);
            if (g_rand_int_range(world.rand, 0, 10) == 0)
                assert_shown(&world);
        }
        assert_shown(&world);
        copied += world.copied;
        world_clear(&world);
    }
    g_assert_cmpint(copied, >, 200);
}

/* Copies what moved: one that keeps up, and one that takes an update of several frames. One without
 * CopyRect is sent it. */
static void
test_good_client(gconstpointer data)
{
    int frames = GPOINTER_TO_INT(data);
    for (int copy_rect = 0; copy_rect < 2; copy_rect++) {
        World world;
        world_init(&world, 1);
        set_encodings(&world, copy_rect);
        for (int i = 0; i < 60; i++) {
            VncWork work;
            vnc_work_init(&work);
            next_frame(&world);
            vnc_update_frame(world.update, &world.frame, world.plan);
            if (i % frames == 0) {
                request(&world, TRUE, 0, 0, WIDTH, HEIGHT);
                if (vnc_update_take(world.update, &(VncRoom){G_MAXSIZE, 0, 0}, &work))
                    send_work(&world, &work);
                receive(&world);
                g_assert_cmpmem(world.shown, sizeof world.shown, world.frame.pixels,
                                sizeof world.shown);
            }
            vnc_work_clear(&work);
        }
        if (copy_rect)
            g_assert_cmpint(world.copied, >, 20);
        else
            g_assert_cmpint(world.copied, ==, 0);
        world_clear(&world);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vnc-copy/any-client", test_any_client);
    g_test_add_data_func("/vnc-copy/keen-client", GINT_TO_POINTER(1), test_good_client);
    g_test_add_data_func("/vnc-copy/slow-client", GINT_TO_POINTER(5), test_good_client);
    return g_test_run();
}
