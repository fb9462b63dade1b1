/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-relay.h"

#include "common/error.h"
#include "sink/spice-meter.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KERNEL_BUFFER (64 << 10)
#define MAX_STRANGERS 64  /* connections of others, before our own */
#define ACCEPT_MS     100 /* the kernel may be busy with its own half of our connection */
#define ROUNDS        16  /* of a full buffer at a time: others have their turn, too */

typedef struct {
    int fd;
    gpointer tag;       /* of its place in the poll; NULL: not polled any more */
    GIOCondition polls; /* what for, now */
} End;

/* One direction. */
typedef struct {
    End *from, *to;
    guint8 *buffer;
    gsize begin, end;
    gboolean drained; /* from has ended */
    guint64 bytes;    /* that to took */
    gint64 moved;     /* when it last took some; µs, monotonic */
    SpiceMeterSide side;
} Flow;

struct SpiceRelay {
    GSource source;
    End client, server;
    Flow down, up; /* to the client, to the server */
    SpiceMeter meter;
    gboolean held;
    gboolean closing; /* the client is gone, the server does not know yet */
    const SpiceRelayEvents *events;
    gpointer user;
};

/* A pair for libspice-server ----------------------------------------------------------------------
 */

static gboolean
is_ours(int accepted, const struct sockaddr_in *ours)
{
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    return getpeername(accepted, (struct sockaddr *)&peer, &size) == 0 &&
           peer.sin_port == ours->sin_port && peer.sin_addr.s_addr == ours->sin_addr.s_addr;
}

static void
bound_buffers(int fd)
{
    int size = KERNEL_BUFFER, on = 1;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a Unix socket has no need of it */
}

/* Our connection stands already, so this hardly waits. */
static int
accept_ours(int listener, int near)
{
    struct sockaddr_in ours;
    socklen_t size = sizeof ours;
    if (getsockname(near, (struct sockaddr *)&ours, &size) < 0)
        return -1;
    for (int i = 0; i < MAX_STRANGERS; i++) {
        struct pollfd waits = {.fd = listener, .events = POLLIN};
        if (poll(&waits, 1, ACCEPT_MS) != 1)
            return -1;
        int far = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (far < 0 || is_ours(far, &ours))
            return far;
        close(far);
    }
    return -1;
}

static int
listen_on_loopback(struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0)
        return -1;
    bound_buffers(listener); /* accepted sockets have them too, and windows are agreed on first */
    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (struct sockaddr *)address, sizeof *address) < 0 ||
        listen(listener, MAX_STRANGERS) < 0 ||
        getsockname(listener, (struct sockaddr *)address, &size) < 0) {
        close(listener);
        return -1;
    }
    return listener;
}

static gboolean
loopback_pair(int fds[2])
{
    struct sockaddr_in address;
    int listener = listen_on_loopback(&address);
    int near = listener < 0 ? -1 : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), far = -1;
    if (near >= 0) {
        bound_buffers(near);
        if (connect(near, (struct sockaddr *)&address, sizeof address) == 0)
            far = accept_ours(listener, near);
    }
    if (listener >= 0)
        close(listener);
    if (far < 0) {
        if (near >= 0)
            close(near);
        return FALSE;
    }
    fcntl(near, F_SETFL, fcntl(near, F_GETFL) | O_NONBLOCK);
    fds[0] = near;
    fds[1] = far;
    return TRUE;
}

/* Carrying ---------------------------------------------------------------------------------------
 */

static gboolean
would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

/* Moves what can be moved; FALSE: the receiving side is gone. */
static gboolean
pump(SpiceRelay *relay, Flow *flow)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (flow->begin == flow->end && !flow->drained) {
            ssize_t got = recv(flow->from->fd, flow->buffer, SPICE_RELAY_BUFFER, 0);
            if (got < 0 && would_block())
                return TRUE;
            flow->drained = got <= 0;
            flow->begin = 0;
            flow->end = (gsize)MAX(got, 0);
            spice_meter_feed(&relay->meter, flow->side, flow->buffer, flow->end);
        }
        if (flow->begin == flow->end)
            return TRUE;
        ssize_t sent =
            send(flow->to->fd, flow->buffer + flow->begin, flow->end - flow->begin, MSG_NOSIGNAL);
        if (sent < 0)
            return would_block();
        flow->begin += (gsize)sent;
        flow->bytes += (guint64)sent;
        flow->moved = g_get_monotonic_time();
        if (flow->begin < flow->end)
            return TRUE; /* it took less: ask again when it takes more */
    }
    return TRUE;
}

static gboolean
is_full(const Flow *flow)
{
    return flow->begin < flow->end;
}

static void
poll_for(SpiceRelay *relay, End *end, gboolean in, gboolean out)
{
    GIOCondition wanted = (in ? G_IO_IN : 0) | (out ? G_IO_OUT : 0);
    if (end->tag && end->polls != wanted)
        g_source_modify_unix_fd(&relay->source, end->tag, wanted);
    end->polls = wanted;
}

/* A hang-up is reported whether it is asked for or not: an end that waits for the other one's sake
 * leaves the poll. */
static void
stop_polling(SpiceRelay *relay, End *end)
{
    if (end->tag)
        g_source_remove_unix_fd(&relay->source, end->tag);
    end->tag = NULL;
}

/* The client is gone: what the server says is read, as only so its end is seen. FALSE: it is
 * closed. */
static gboolean
discard(SpiceRelay *relay)
{
    ssize_t got = 1;
    for (int i = 0; i < ROUNDS && got > 0; i++)
        got = recv(relay->server.fd, relay->down.buffer, SPICE_RELAY_BUFFER, 0);
    return got > 0 || (got < 0 && would_block());
}

gboolean
spice_relay_close(SpiceRelay *relay)
{
    if (!relay->server.tag || relay->down.drained)
        return TRUE;
    relay->closing = TRUE;
    stop_polling(relay, &relay->client);
    shutdown(relay->client.fd, SHUT_RDWR);
    if (!relay->held)
        shutdown(relay->server.fd, SHUT_WR);
    relay->down.begin = relay->down.end = 0;
    poll_for(relay, &relay->server, TRUE, FALSE);
    return FALSE;
}

void
spice_relay_hold(SpiceRelay *relay, gboolean hold)
{
    relay->held = hold;
}

/* FALSE: the relay has ended. */
static gboolean
carry(SpiceRelay *relay)
{
    GSource *source = &relay->source;
    if (relay->closing)
        return discard(relay);
    gboolean client_hung_up = g_source_query_unix_fd(source, relay->client.tag) & G_IO_HUP;
    if (relay->server.tag &&
        g_source_query_unix_fd(source, relay->server.tag) & (G_IO_HUP | G_IO_ERR))
        stop_polling(relay, &relay->server);
    gboolean goes_on = pump(relay, &relay->up) & pump(relay, &relay->down);
    if (relay->down.drained && !is_full(&relay->down))
        return FALSE; /* the server has ended, and the client has all that it said */
    /* Or the client has: a viewer without its half of a connection is of no use. */
    if (!goes_on || client_hung_up || relay->up.drained) {
        if (spice_relay_close(relay))
            return FALSE;
        if (relay->held)
            relay->events->left(relay->user);
        return TRUE;
    }
    poll_for(relay, &relay->client, !is_full(&relay->up), is_full(&relay->down));
    poll_for(relay, &relay->server, !is_full(&relay->down), is_full(&relay->up));
    return TRUE;
}

static gboolean
dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    SpiceRelay *relay = (SpiceRelay *)source;
    gboolean was_full = is_full(&relay->down);
    if (!carry(relay))
        relay->events->ended(relay,
                             relay->user); /* it may be freed by now, and is destroyed then */
    else if (was_full && !is_full(&relay->down))
        relay->events->drained(relay->user);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs relay_funcs = {.dispatch = dispatch};

static void
add_end(SpiceRelay *relay, End *end, int fd)
{
    end->fd = fd;
    end->polls = G_IO_IN;
    end->tag = g_source_add_unix_fd(&relay->source, fd, G_IO_IN);
}

SpiceRelay *
spice_relay_new(int client, int *server, const SpiceRelayEvents *events, gpointer user,
                GError **error)
{
    int pair[2];
    if (!loopback_pair(pair) &&
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_BUSY, "There is no socket for a viewer: %s.",
                    g_strerror(errno));
        close(client);
        return NULL;
    }
    SpiceRelay *relay = (SpiceRelay *)g_source_new(&relay_funcs, sizeof *relay);
    g_source_set_static_name(&relay->source, "spice relay");
    fcntl(client, F_SETFL, fcntl(client, F_GETFL) | O_NONBLOCK);
    bound_buffers(client);
    add_end(relay, &relay->client, client);
    add_end(relay, &relay->server, pair[0]);
    *server = pair[1];
    relay->down = (Flow){.from = &relay->server, .to = &relay->client, .side = SPICE_METER_SERVER};
    relay->up = (Flow){.from = &relay->client, .to = &relay->server, .side = SPICE_METER_CLIENT};
    relay->down.buffer = g_malloc(SPICE_RELAY_BUFFER);
    relay->up.buffer = g_malloc(SPICE_RELAY_BUFFER);
    relay->events = events;
    relay->user = user;
    spice_meter_init(&relay->meter);
    g_source_attach(&relay->source, g_main_context_get_thread_default());
    return relay;
}

void
spice_relay_free(SpiceRelay *relay)
{
    if (!relay)
        return;
    g_source_destroy(&relay->source);
    close(relay->client.fd);
    close(relay->server.fd);
    g_free(relay->down.buffer);
    g_free(relay->up.buffer);
    g_source_unref(&relay->source);
}

gint64
spice_relay_full_us(const SpiceRelay *relay)
{
    return is_full(&relay->down) ? MAX(g_get_monotonic_time() - relay->down.moved, 1) : 0;
}

void
spice_relay_stats(const SpiceRelay *relay, SpiceRelayStats *stats)
{
    *stats = (SpiceRelayStats){.to_client = relay->down.bytes,
                               .from_client = relay->up.bytes,
                               .queued = relay->down.end - relay->down.begin,
                               .round_trip = relay->meter.round_trip,
                               .bandwidth = relay->meter.bandwidth};
}
