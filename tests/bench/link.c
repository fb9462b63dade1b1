/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A link between two sockets with a rate, a delay and losses, each way: where the kernel has no
 * netem. Bytes leave at the rate, arrive a delay later, and in order; a packet that is lost comes
 * by a repetition one round trip later, and holds up those behind it, as in TCP. (The sender's
 * window is not halved: that part of TCP is not here.)
 *
 *     bench-link LISTEN CONNECT KBIT_S ROUND_TRIP_MS LOSS_PER_MILLE
 *
 * Both are paths of Unix sockets, or ports on loopback; LISTEN may be 0. It says the port or the
 * path where it listens, and serves one connection.
 */
#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PACKET  1448
#define BACKLOG (64 * 1024) /* bytes that wait for their turn; beyond it the sender waits */

typedef struct {
    gint64 leaves, arrives; /* µs */
    gsize size, written;
    guint8 data[PACKET];
} Packet;

typedef struct {
    int from, to;
    GQueue packets; /* of Packet */
    gint64 last_leave, last_arrival;
    gboolean over;
} Way;

typedef struct {
    double bytes_per_us;
    gint64 delay_us;
    guint loss; /* of 1000 */
    GRand *rand;
} Link;

typedef union {
    struct sockaddr any;
    struct sockaddr_un path;
    struct sockaddr_in port;
} Address;

static socklen_t
parse_address(const char *text, Address *address)
{
    memset(address, 0, sizeof *address);
    if (g_ascii_isdigit(*text)) {
        address->port.sin_family = AF_INET;
        address->port.sin_port = htons((uint16_t)atoi(text));
        address->port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return sizeof address->port;
    }
    address->path.sun_family = AF_UNIX;
    g_strlcpy(address->path.sun_path, text, sizeof address->path.sun_path);
    return sizeof address->path;
}

/* What is written is sent at once. Unix sockets do that anyway, and refuse to be told. */
static int
prompt(int fd)
{
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static int
take_one(const char *text)
{
    Address address;
    socklen_t size = parse_address(text, &address);
    int listener = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, &address.any, size) || listen(listener, 1) ||
        getsockname(listener, &address.any, &size))
        return -1;
    if (address.any.sa_family == AF_INET)
        printf("%d\n", ntohs(address.port.sin_port));
    else
        puts(text);
    fflush(stdout);
    int fd = accept(listener, NULL, NULL);
    close(listener);
    return fd < 0 ? fd : prompt(fd);
}

static int
reach(const char *text)
{
    Address address;
    socklen_t size = parse_address(text, &address);
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(fd, &address.any, size) ? -1 : prompt(fd);
}

static gsize
waiting(const Way *way, gint64 now)
{
    gsize sum = 0;
    for (GList *at = way->packets.tail; at && ((Packet *)at->data)->leaves > now; at = at->prev)
        sum += ((Packet *)at->data)->size;
    return sum;
}

static void
take(Link *link, Way *way, gint64 now)
{
    Packet *packet = g_new(Packet, 1);
    gssize n = recv(way->from, packet->data, PACKET, MSG_DONTWAIT);
    if (n <= 0) {
        way->over = n == 0 || (errno != EAGAIN && errno != EINTR);
        g_free(packet);
        return;
    }
    gboolean lost = (guint)g_rand_int_range(link->rand, 0, 1000) < link->loss;
    packet->size = (gsize)n;
    packet->written = 0;
    packet->leaves = MAX(now, way->last_leave) + (gint64)((double)n / link->bytes_per_us);
    packet->arrives = MAX(way->last_arrival, packet->leaves + link->delay_us * (lost ? 3 : 1));
    way->last_leave = packet->leaves;
    way->last_arrival = packet->arrives;
    g_queue_push_tail(&way->packets, packet);
}

/* Writes what has arrived; returns when the next does, or -1. */
static gint64
deliver(Way *way, gint64 now)
{
    Packet *packet;
    while ((packet = g_queue_peek_head(&way->packets)) && packet->arrives <= now) {
        gssize n = send(way->to, packet->data + packet->written, packet->size - packet->written,
                        MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            way->over = TRUE;
        if (n < 0)
            return now + 1000;
        packet->written += (gsize)n;
        if (packet->written == packet->size)
            g_free(g_queue_pop_head(&way->packets));
    }
    return packet ? packet->arrives : -1;
}

static gint64
earlier(gint64 a, gint64 b)
{
    return a < 0 ? b : b < 0 ? a : MIN(a, b);
}

static void
run(Link *link, Way *ways)
{
    while (!ways[0].over && !ways[1].over) {
        struct pollfd fds[2];
        gint64 next = -1, now = g_get_monotonic_time();
        for (int i = 0; i < 2; i++) {
            next = earlier(next, deliver(&ways[i], now));
            gboolean full = waiting(&ways[i], now) >= BACKLOG;
            fds[i] = (struct pollfd){.fd = full ? -1 : ways[i].from, .events = POLLIN};
            next = full ? earlier(next, now + 1000) : next;
        }
        struct timespec time = {0};
        if (next > now)
            time = (struct timespec){(next - now) / G_USEC_PER_SEC,
                                     (next - now) % G_USEC_PER_SEC * 1000};
        if (ppoll(fds, 2, next < 0 ? NULL : &time, NULL) <= 0)
            continue;
        for (int i = 0; i < 2; i++)
            if (fds[i].revents)
                take(link, &ways[i], g_get_monotonic_time());
    }
}

int
main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    Link link = {.bytes_per_us = atof(argv[3]) / 8000,
                 .delay_us = atoi(argv[4]) * 500,
                 .loss = (guint)atoi(argv[5]),
                 .rand = g_rand_new_with_seed(1)};
    int near = take_one(argv[1]), far = reach(argv[2]);
    Way ways[2] = {{.from = near, .to = far}, {.from = far, .to = near}};
    if (near < 0 || far < 0)
        return 1;
    run(&link, ways);
    g_rand_free(link.rand);
    return 0;
}
