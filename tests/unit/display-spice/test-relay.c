/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-meter.h"
#include "sink/spice-relay.h"

#include <netinet/in.h>
#include <spice/enums.h>
#include <spice/protocol.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The relay --------------------------------------------------------------------------------------
 */

typedef struct {
    int client, server; /* the ends outside */
    SpiceRelay *relay;
    gboolean ended;
} Line;

static void
on_ended(SpiceRelay *relay, gpointer user)
{
    Line *line = user;
    line->ended = TRUE;
    g_clear_pointer(&line->relay, spice_relay_free);
}

static void
on_drained(gpointer user)
{
}

static const SpiceRelayEvents events = {
    .ended = on_ended, .drained = on_drained, .left = on_drained};

static void
line_open(Line *line)
{
    int pair[2];
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), ==,
                    0);
    *line = (Line){.client = pair[0]};
    line->relay = spice_relay_new(pair[1], &line->server, &events, line, &error);
    g_assert_no_error(error);
}

static void
line_close(Line *line)
{
    spice_relay_free(line->relay);
    close(line->client);
    close(line->server);
}

static void
turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

/* Sends size bytes of a pattern and reads them at the other end, as the loop turns. */
static void
carry(int from, int to, gsize size)
{
    guint8 chunk[5000];
    gsize sent = 0, got = 0;
    gint64 deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    while (got < size && g_get_monotonic_time() < deadline) {
        gsize part = MIN(sizeof chunk, size - sent);
        for (gsize i = 0; i < part; i++)
            chunk[i] = (guint8)((sent + i) * 7 >> 3);
        ssize_t n = part ? send(from, chunk, part, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
        sent += (gsize)MAX(n, 0);
        turn();
        n = recv(to, chunk, sizeof chunk, MSG_DONTWAIT);
        for (gssize i = 0; i < n; i++)
            g_assert_cmpuint(chunk[i], ==, (guint8)((got + (gsize)i) * 7 >> 3));
        got += (gsize)MAX(n, 0);
    }
    g_assert_cmpuint(got, ==, size);
}

static void
test_carries(void)
{
    Line line;
    SpiceRelayStats stats;
    line_open(&line);
    carry(line.server, line.client, 3000000);
    carry(line.client, line.server, 100000);
    spice_relay_stats(line.relay, &stats);
    g_assert_cmpuint(stats.to_client, ==, 3000000);
    g_assert_cmpuint(stats.from_client, ==, 100000);
    line_close(&line);
}

/* libspice-server compresses for what is no Unix socket. */
static void
test_server_sees_tcp(void)
{
    Line line;
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    line_open(&line);
    g_assert_cmpint(getsockname(line.server, (struct sockaddr *)&address, &size), ==, 0);
    g_assert_cmpint(address.ss_family, ==, AF_INET);
    line_close(&line);
}

/* A client that does not read: what is taken from the server stays bounded, and nothing spins. */
static void
test_stalled(void)
{
    Line line;
    guint8 chunk[4096] = {0};
    gsize taken = 0;
    line_open(&line);
    for (int idle = 0; idle < 100;) {
        ssize_t n = send(line.server, chunk, sizeof chunk, MSG_DONTWAIT | MSG_NOSIGNAL);
        taken += (gsize)MAX(n, 0);
        idle = n > 0 ? 0 : idle + 1;
        turn();
    }
    g_assert_cmpuint(taken, <, 2u << 20);
    g_assert_false(g_main_context_pending(NULL));
    line_close(&line);
}

static void
wait_for_end(Line *line)
{
    gint64 deadline = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    while (!line->ended && g_get_monotonic_time() < deadline)
        g_main_context_iteration(NULL, FALSE);
    g_assert_true(line->ended);
}

/* What the server said before it left is delivered: a refusal, for one. */
static void
test_last_words(void)
{
    Line line;
    guint8 all[1000];
    line_open(&line);
    memset(all, 9, sizeof all);
    g_assert_cmpint(send(line.server, all, sizeof all, 0), ==, sizeof all);
    shutdown(line.server, SHUT_RDWR);
    wait_for_end(&line);
    g_assert_cmpint(recv(line.client, all, sizeof all, MSG_WAITALL), ==, sizeof all);
    g_assert_cmpint(recv(line.client, all, 1, 0), ==, 0);
    line_close(&line);
}

static void
wait_for_server_end(Line *line)
{
    guint8 bytes[4096];
    ssize_t got;
    gint64 deadline = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    do {
        turn();
        got = recv(line->server, bytes, sizeof bytes, MSG_DONTWAIT);
    } while (got != 0 && g_get_monotonic_time() < deadline);
    g_assert_cmpint(got, ==, 0);
}

/* The server is told, and the relay ends only when it has closed its end. */
static void
test_client_leaves(void)
{
    Line line;
    line_open(&line);
    shutdown(line.client, SHUT_RDWR);
    wait_for_server_end(&line);
    turn();
    g_assert_false(line.ended);
    g_assert_cmpint(send(line.server, "late", 4, MSG_NOSIGNAL), ==, 4);
    shutdown(line.server, SHUT_RDWR);
    wait_for_end(&line);
    line_close(&line);
}

/* Cut off in the midst of what the client does not read. */
static void
test_closed(void)
{
    Line line;
    guint8 chunk[4096] = {0};
    line_open(&line);
    for (int i = 0; i < 200; i++) {
        send(line.server, chunk, sizeof chunk, MSG_DONTWAIT | MSG_NOSIGNAL);
        turn();
    }
    g_assert_cmpint(spice_relay_full_us(line.relay), >, 0);
    g_assert_false(spice_relay_close(line.relay));
    g_assert_cmpint(spice_relay_full_us(line.relay), ==, 0);
    wait_for_server_end(&line);
    g_assert_false(line.ended);
    shutdown(line.server, SHUT_RDWR);
    wait_for_end(&line);
    line_close(&line);
}

/* The meter --------------------------------------------------------------------------------------
 */

static void
add_word(GByteArray *to, guint32 value, guint bytes)
{
    guint32 word = GUINT32_TO_LE(value);
    g_byte_array_append(to, (guint8 *)&word, bytes);
}

static void
add_zeros(GByteArray *to, guint n)
{
    guint at = to->len;
    g_byte_array_set_size(to, at + n);
    memset(to->data + at, 0, n);
}

static void
add_link(GByteArray *to, gboolean client)
{
    add_word(to, SPICE_MAGIC, 4);
    add_word(to, 2, 4);
    add_word(to, 2, 4);
    add_word(to, 30, 4);
    add_zeros(to, 30);
    add_word(to, client ? SPICE_COMMON_CAP_AUTH_SPICE : SPICE_LINK_ERR_OK, 4);
    if (client)
        add_zeros(to, 128);
}

static void
add_message(GByteArray *to, guint type, guint size)
{
    add_word(to, type, 2);
    add_word(to, size, 4);
    add_zeros(to, size);
}

static void
add_ping(GByteArray *to, gboolean client, guint32 id, guint filling)
{
    add_word(to, client ? SPICE_MSGC_PONG : SPICE_MSG_PING, 2);
    add_word(to, 12 + filling, 4);
    add_word(to, id, 4);
    add_zeros(to, 8 + filling);
}

static void
feed_in_pieces(SpiceMeter *meter, SpiceMeterSide side, GByteArray *bytes)
{
    for (gsize at = 0; at < bytes->len;) {
        gsize part = (gsize)g_test_rand_int_range(1, 90);
        part = MIN(part, bytes->len - at);
        spice_meter_feed(meter, side, bytes->data + at, part);
        at += part;
    }
    g_byte_array_set_size(bytes, 0);
}

static void
test_meter(void)
{
    SpiceMeter meter;
    g_autoptr(GByteArray) server = g_byte_array_new();
    g_autoptr(GByteArray) client = g_byte_array_new();
    spice_meter_init(&meter);
    add_link(server, FALSE);
    add_message(server, 103, 32);
    add_ping(server, FALSE, 1, 0);
    add_message(server, 304, 70000);
    add_ping(server, FALSE, 2, 250 << 10);
    add_link(client, TRUE);
    add_message(client, SPICE_MSGC_ACK, 0);
    feed_in_pieces(&meter, SPICE_METER_SERVER, server);
    feed_in_pieces(&meter, SPICE_METER_CLIENT, client);
    g_assert_cmpint(meter.round_trip, ==, 0);
    add_ping(client, TRUE, 77, 0); /* nobody asked */
    feed_in_pieces(&meter, SPICE_METER_CLIENT, client);
    g_assert_cmpint(meter.round_trip, ==, 0);
    add_ping(client, TRUE, 1, 0);
    feed_in_pieces(&meter, SPICE_METER_CLIENT, client);
    g_assert_cmpint(meter.round_trip, >, 0);
    g_assert_cmpuint(meter.bandwidth, ==, 0);
    add_ping(client, TRUE, 2, 0);
    feed_in_pieces(&meter, SPICE_METER_CLIENT, client);
    g_assert_cmpuint(meter.bandwidth, >, 0);
}

/* Whatever comes, the meter only loses its way. */
static void
test_meter_noise(void)
{
    for (int round = 0; round < 2000; round++) {
        SpiceMeter meter;
        guint8 noise[400];
        spice_meter_init(&meter);
        for (gsize i = 0; i < sizeof noise; i++)
            noise[i] = (guint8)(g_test_rand_int_range(0, 4) ? 0 : g_test_rand_int());
        if (round % 2)
            memcpy(noise, "REDQ\2\0\0\0\2\0\0\0\4\0\0", 16);
        for (gsize at = 0, part; at < sizeof noise; at += part) {
            part = (gsize)g_test_rand_int_range(1, 50);
            part = MIN(part, sizeof noise - at);
            spice_meter_feed(&meter, (SpiceMeterSide)g_test_rand_int_range(0, 2), noise + at, part);
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spice-relay/carries", test_carries);
    g_test_add_func("/spice-relay/server-sees-tcp", test_server_sees_tcp);
    g_test_add_func("/spice-relay/stalled", test_stalled);
    g_test_add_func("/spice-relay/last-words", test_last_words);
    g_test_add_func("/spice-relay/client-leaves", test_client_leaves);
    g_test_add_func("/spice-relay/closed", test_closed);
    g_test_add_func("/spice-meter/pings", test_meter);
    g_test_add_func("/spice-meter/noise", test_meter_noise);
    return g_test_run();
}
