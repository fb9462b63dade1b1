/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/net/frame-reader.h"
#include "host/net/net-link.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NANO  G_GINT64_CONSTANT(1000000000)
#define RATE  125000 /* a Mbit a second */
#define BURST (24 * 1024)
#define SIZE  1000

/* QEMU's end, and a clock that is turned by hand. */
typedef struct {
    NetLink *link;
    NetCounters counters;
    int qemu;
    gint64 now;
    gsize got; /* what QEMU has read */
} Fixture;

static void
set_up(Fixture *fixture, guint64 rate)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    *fixture = (Fixture){.qemu = pair[1], .now = 7 * NANO};
    fixture->link = net_link_new(pair[0], rate, &fixture->counters, fixture->now);
}

static void
clear(Fixture *fixture)
{
    net_link_free(fixture->link);
    if (fixture->qemu >= 0)
        close(fixture->qemu);
}

static void
guest_sends(Fixture *fixture, guint count)
{
    guint8 frame[4 + SIZE] = {0, 0, SIZE >> 8, SIZE & 0xff};
    for (guint i = 0; i < count; i++)
        g_assert_cmpint(send(fixture->qemu, frame, sizeof frame, MSG_DONTWAIT), ==, sizeof frame);
}

static gint64
wait_of(Fixture *fixture, short *events)
{
    gint64 wait = G_MAXINT64;
    *events = net_link_events(fixture->link, fixture->now, &wait);
    return wait;
}

static gboolean
is_readable(Fixture *fixture)
{
    struct pollfd socket = {.fd = net_link_fd(fixture->link), .events = POLLIN};
    return poll(&socket, 1, 0) == 1;
}

/* Bytes of whole frames that come through now. */
static gsize
carried(Fixture *fixture)
{
    const guint8 *frame;
    gboolean broken;
    gsize bytes = 0;
    guint length;
    short events;
    do {
        while (net_link_next(fixture->link, fixture->now, &frame, &length, &broken))
            bytes += length;
        g_assert_false(broken);
        wait_of(fixture, &events);
    } while ((events & POLLIN) && is_readable(fixture) && net_link_read(fixture->link));
    return bytes;
}

static void
test_from_guest(void)
{
    Fixture fixture;
    short events;
    set_up(&fixture, RATE);
    g_assert_cmpint(wait_of(&fixture, &events), ==, G_MAXINT64);
    g_assert_cmpint(events, ==, POLLIN);
    guest_sends(&fixture, 50);
    gsize bytes = carried(&fixture);
    g_assert_cmpuint(bytes, <=, BURST);
    g_assert_cmpuint(bytes, >, BURST - SIZE);
    /* It does not look at the socket until there is room, and then goes on where it stood. */
    gint64 wait = wait_of(&fixture, &events);
    g_assert_cmpint(events, ==, 0);
    g_assert_cmpint(wait, <=, SIZE * NANO / RATE);
    g_assert_cmpint(wait, >, 0);
    fixture.now += wait;
    g_assert_cmpuint(carried(&fixture), ==, SIZE);
    fixture.now += NANO;
    bytes += SIZE + carried(&fixture);
    g_assert_cmpuint(bytes, <, 50 * SIZE);
    fixture.now += NANO;
    bytes += carried(&fixture);
    g_assert_cmpuint(bytes, ==, 50 * SIZE);
    g_assert_cmpuint(fixture.counters.sent_bytes, ==, 50 * SIZE);
    g_assert_cmpuint(fixture.counters.sent_frames, ==, 50);
    g_assert_cmpint(wait_of(&fixture, &events), ==, G_MAXINT64);
    clear(&fixture);
}

static void
qemu_reads(Fixture *fixture)
{
    guint8 buffer[65536];
    ssize_t size;
    while ((size = recv(fixture->qemu, buffer, sizeof buffer, MSG_DONTWAIT)) > 0)
        fixture->got += (gsize)size;
}

static void
test_to_guest(void)
{
    static const guint8 frame[SIZE];
    Fixture fixture;
    short events;
    set_up(&fixture, RATE);
    for (guint i = 0; i < 200; i++)
        net_link_send(fixture.link, frame, sizeof frame);
    g_assert_true(net_link_is_full(fixture.link));
    g_assert_cmpuint(fixture.counters.dropped_frames, >, 0);
    gint64 began = fixture.now;
    while (fixture.counters.received_frames + fixture.counters.dropped_frames < 200) {
        g_assert_true(net_link_flush(fixture.link, fixture.now));
        qemu_reads(&fixture);
        g_assert_cmpuint(fixture.counters.received_bytes, <=,
                         BURST + (guint64)(fixture.now - began) * RATE / NANO);
        gint64 wait = wait_of(&fixture, &events);
        g_assert_cmpint(events, ==, POLLIN);
        if (wait == G_MAXINT64)
            break;
        fixture.now += wait;
    }
    g_assert_cmpuint(fixture.counters.received_frames + fixture.counters.dropped_frames, ==, 200);
    g_assert_cmpuint(fixture.got, ==, fixture.counters.received_frames * (4 + SIZE));
    g_assert_false(net_link_is_full(fixture.link));
    clear(&fixture);
}

/* A guest that does not read: no limit, and yet a bound; and no timer, for the socket tells. */
static void
test_slow_guest(void)
{
    static const guint8 frame[SIZE];
    Fixture fixture;
    short events;
    set_up(&fixture, 0);
    for (guint i = 0; i < 1000; i++) {
        net_link_send(fixture.link, frame, sizeof frame);
        g_assert_true(net_link_flush(fixture.link, fixture.now));
    }
    g_assert_true(net_link_is_full(fixture.link));
    g_assert_cmpuint(fixture.counters.dropped_frames, >, 0);
    g_assert_cmpint(wait_of(&fixture, &events), ==, G_MAXINT64);
    g_assert_cmpint(events, ==, POLLIN | POLLOUT);
    for (guint i = 0; i < 10; i++) {
        qemu_reads(&fixture);
        g_assert_true(net_link_flush(fixture.link, fixture.now));
    }
    qemu_reads(&fixture);
    g_assert_cmpuint(fixture.got, ==, (1000 - fixture.counters.dropped_frames) * (4 + SIZE));
    close(fixture.qemu);
    fixture.qemu = -1;
    g_assert_false(net_link_read(fixture.link));
    net_link_send(fixture.link, frame, sizeof frame);
    g_assert_false(net_link_flush(fixture.link, fixture.now));
    clear(&fixture);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/link/from-guest", test_from_guest);
    g_test_add_func("/link/to-guest", test_to_guest);
    g_test_add_func("/link/slow-guest", test_slow_guest);
    return g_test_run();
}
