/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Once everything has its size, the path from the surface to the socket allocates nothing: shown by
 * counting, while a screen scrolls, plays and is typed on for some hundred frames. */

#include "malloc-count.h"
#include "vnc-desk.h"

#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WIDTH     1024
#define HEIGHT    640
#define FRAMES    200
#define MAX_TRIES 6 /* rounds after which it must have settled */

typedef struct {
    int fd;
    gsize received;
    guint8 buffer[1 << 16];
} Peer;

/* What waits in the socket; does not block. */
static gsize
drain(Peer *peer)
{
    gsize all = 0;
    gssize n;

    while ((n = recv(peer->fd, peer->buffer, sizeof peer->buffer, MSG_DONTWAIT)) > 0)
        all += (gsize)n;
    peer->received += all;
    return all;
}

static void
turn(void)
{
    if (!g_main_context_iteration(NULL, FALSE))
        sched_yield();
}

/* Turns the main loop until n more bytes have come. */
static void
await_bytes(Peer *peer, gsize n)
{
    gint64 end = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    gsize want = peer->received + n;

    while (peer->received < want) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        turn();
        drain(peer);
    }
}

static void
put(Peer *peer, const void *data, gsize size)
{
    g_assert_cmpint(send(peer->fd, data, size, MSG_NOSIGNAL), ==, (gssize)size);
}

static void
ask(Peer *peer, gboolean incremental)
{
    const guint8 request[10] = {
        3, (guint8)incremental, 0, 0, 0, 0, WIDTH >> 8, WIDTH & 0xff, HEIGHT >> 8, HEIGHT & 0xff};

    put(peer, request, sizeof request);
}

static void
shake_hands(Peer *peer)
{
    /* Tight, CopyRect, JPEG quality 6. */
    static const guint8 encodings[] = {2, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xe6};

    await_bytes(peer, 12);
    put(peer, "RFB 003.008\n", 12);
    await_bytes(peer, 2);
    put(peer, "\001", 1); /* no password */
    await_bytes(peer, 4);
    put(peer, "\001", 1); /* shared */
    await_bytes(peer, 24);
    put(peer, encodings, sizeof encodings);
    ask(peer, FALSE);
    await_bytes(peer, 1);
}

static guint32
text_at(int x, int y, int shift)
{
    return (x * 7 + (y + shift) * 13 + x * (y + shift) / 5) % 11 < 3 ? 0x101010 : 0xf8f8f0;
}

static guint32
photo_at(int x, int y, int step)
{
    guint grain = (guint)(x * 31 + y * 17 + step * 7) * 2654435u >> 7;

    return (guint32)((x + step) / 2 & 0xff) << 16 | (guint32)(y & 0xff) << 8 |
           (guint32)((x + y) / 4 & 0xff) | (grain & 0x070707);
}

/* The frames repeat, so that after a while there is no new size of anything. */
static void
draw(VncDesk *desk, int frame)
{
    int step = frame % 20;

    for (int y = 0; y < 400; y++)
        for (int x = 0; x < 500; x++)
            desk->pixels[y * WIDTH + x] = text_at(x, y, step * 3);
    vnc_desk_show(desk, 0, 0, 500, 400);
    if (step < 12) {
        for (int y = 100; y < 420; y++)
            for (int x = 520; x < 1000; x++)
                desk->pixels[y * WIDTH + x] = photo_at(x, y, step);
        vnc_desk_show(desk, 520, 100, 480, 320);
    }
    for (int y = 500; y < 516; y++)
        for (int x = 16 * step; x < 16 * step + 8; x++)
            desk->pixels[y * WIDTH + x] ^= 0xffffff;
    vnc_desk_show(desk, 16 * step, 500, 8, 16);
}

static void
play(VncDesk *desk, Peer *peer, int frames)
{
    for (int i = 0; i < frames; i++) {
        draw(desk, i);
        ask(peer, TRUE);
        await_bytes(peer, 1);
        while (sink_vnc.busy(desk->sink)) {
            turn();
            drain(peer);
        }
    }
}

static void
test_steady(void)
{
    static Peer peer; /* large */
    VncDesk *desk;
    guint own = 1, pixman = 0;

    g_assert_true(malloc_count_works());
    desk = vnc_desk_new(WIDTH, HEIGHT);
    peer.fd = vnc_desk_connect(desk);
    shake_hands(&peer);
    play(desk, &peer, 2 * FRAMES);
    for (int i = 0; own && i < MAX_TRIES; i++) {
        g_autofree char *trace = NULL;

        malloc_count_begin();
        play(desk, &peer, FRAMES);
        own = malloc_count_end(&pixman, &trace);
        g_test_message("%d frames: %u allocations of ours, %u of regions", FRAMES, own, pixman);
        if (own && i == MAX_TRIES - 1)
            g_test_message("%s", trace);
    }
    g_assert_cmpint(own, ==, 0);
    close(peer.fd);
    vnc_desk_free(desk);
}

/* One worker: which of several takes a job, and so whose memory grows last, would be chance. */
static void
use_one_processor(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((size_t)MAX(sched_getcpu(), 0), &set);
    sched_setaffinity(0, sizeof set, &set);
}

int
main(int argc, char **argv)
{
    use_one_processor();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/steady/allocations", test_steady);
    return g_test_run();
}
