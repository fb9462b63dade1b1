/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rfb-address.h"
#include "rfb-input.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h> /* rather than GLib's locks: ThreadSanitizer follows these */
#include <unistd.h>

#define CONNECT_S      10   /* for a machine that does not answer */
#define FIRST_AGAIN    500  /* ms; between two tries, twice as long each time, … */
#define LAST_AGAIN     8000 /* … up to this */
#define OUTDATED_AGAIN 20   /* for a server that changes its mind again and again */
#define BLANK_WIDTH    1024 /* while nothing is known of its screen */
#define BLANK_HEIGHT   768

/*
 * A machine that shows its screen by VNC already: a physical one, or one of another hypervisor. A
 * thread of its own keeps a connection to it, and makes another one for as long as it takes.
 */
struct Source {
    RfbAddress address;
    Surface *surface;
    const SourceEvents *events;
    gpointer user;
    Outbox *outbox;
    RfbInput *input;
    GCancellable *cancellable; /* the end is wished for */
    GThread *thread;

    pthread_mutex_t lock; /* guards fd; a leaf lock */
    int fd;               /* of the connection, for shutdown(); -1: none */
};

/* Ends the connection there is; the thread sees that at once. Any thread. */
static void
hang_up(gpointer user)
{
    Source *source = user;
    pthread_mutex_lock(&source->lock);
    if (source->fd >= 0)
        shutdown(source->fd, SHUT_RDWR);
    pthread_mutex_unlock(&source->lock);
}

/* fd: the connection's, which is duplicated: who reads may close it any time. -1: none any more. */
static void
set_fd(Source *source, int fd)
{
    pthread_mutex_lock(&source->lock);
    if (source->fd >= 0)
        close(source->fd);
    source->fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    pthread_mutex_unlock(&source->lock);
    /* Whoever wished for the end before this could not hang up. */
    if (fd >= 0 && g_cancellable_is_cancelled(source->cancellable))
        hang_up(source);
}

/* The thread -------------------------------------------------------------------------------------
 */

/* A connected socket that is the caller's, or -1. */
static int
dial(Source *source, GError **error)
{
    g_autoptr(GSocketClient) dialler = g_socket_client_new();
    g_socket_client_set_timeout(dialler, CONNECT_S);
    g_socket_client_set_enable_proxy(dialler, FALSE);
    g_autoptr(GSocketConnection) connection = g_socket_client_connect_to_host(
        dialler, source->address.host, source->address.port, source->cancellable, error);
    if (!connection)
        return -1;
    GSocket *socket = g_socket_connection_get_socket(connection);
    g_socket_set_keepalive(socket, TRUE);
    g_socket_set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
    int fd = fcntl(g_socket_get_fd(socket), F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, g_strerror(errno));
    return fd;
}

static gboolean
send_orders(Source *source, RfbClient *client)
{
    RfbOrder order;
    gboolean sent = TRUE;
    while (sent && rfb_input_take(source->input, &order)) {
        sent = rfb_client_send(client, &order);
        rfb_order_clear(&order);
    }
    return sent;
}

/* Until the connection or everything is to end. */
static void
serve(Source *source, RfbClient *client, int fd)
{
    struct pollfd both[] = {{.fd = fd, .events = POLLIN},
                            {.fd = rfb_input_fd(source->input), .events = POLLIN}};
    gboolean good = TRUE;
    while (good && !g_cancellable_is_cancelled(source->cancellable)) {
        gboolean more = rfb_client_has_more(client);
        if (poll(both, G_N_ELEMENTS(both), more ? 0 : -1) < 0 && errno != EINTR)
            return;
        if (both[1].revents)
            good = send_orders(source, client);
        if (good && (more || both[0].revents))
            good = rfb_client_read(client);
    }
}

typedef enum { CALL_FAILED, CALL_ENDED, CALL_OUTDATED } Call;

/* One connection, from its beginning to its end. error is set unless it is CALL_OUTDATED: then
 * another one is wanted at once. */
static Call
connect_and_serve(Source *source, GError **error)
{
    Call call = CALL_FAILED;
    int fd = dial(source, error);
    if (fd < 0)
        return call;
    set_fd(source, fd);
    RfbClient *client =
        rfb_client_new(fd, source->address.password, source->surface, source->outbox, error);
    if (client) {
        rfb_input_clear(source->input);
        outbox_post_connected(source->outbox);
        serve(source, client, fd);
        call = rfb_client_is_outdated(client) ? CALL_OUTDATED : CALL_ENDED;
    }
    if (call == CALL_ENDED)
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_CLOSED, "Its connection has ended.");
    set_fd(source, -1);
    rfb_client_free(client);
    return call;
}

/* FALSE: the end is wished for. */
static gboolean
wait_before_again(Source *source, int ms)
{
    GPollFD wake;
    if (!g_cancellable_make_pollfd(source->cancellable, &wake))
        return FALSE;
    g_poll(&wake, 1, ms);
    g_cancellable_release_fd(source->cancellable);
    return !g_cancellable_is_cancelled(source->cancellable);
}

static void
tell_lost(Source *source, const char *why)
{
    int width, height;
    g_autofree char *reason = g_strdup_printf("The machine at %s:%u is not there: %s",
                                              source->address.host, source->address.port, why);
    outbox_post_lost(source->outbox, FALSE, reason);
    if (!surface_size(source->surface, &width, &height)) /* viewers may come nevertheless */
        surface_resize(source->surface, BLANK_WIDTH, BLANK_HEIGHT);
}

static gpointer
rfb_thread(gpointer user)
{
    Source *source = user;
    int again = FIRST_AGAIN;
    do {
        g_autoptr(GError) error = NULL;
        Call call = connect_and_serve(source, &error);
        if (g_cancellable_is_cancelled(source->cancellable))
            break;
        if (error)
            tell_lost(source, error->message);
        again = call == CALL_FAILED ? MIN(again * 2, LAST_AGAIN) : FIRST_AGAIN;
        if (call == CALL_OUTDATED)
            again = OUTDATED_AGAIN;
    } while (wait_before_again(source, again));
    return NULL;
}

/* The main thread's side -------------------------------------------------------------------------
 */

#define PASS_ON(name, parameters, ...)                                                             \
    static void on_##name parameters                                                               \
    {                                                                                              \
        Source *source = user;                                                                     \
        if (source->events->name)                                                                  \
            source->events->name(__VA_ARGS__);                                                     \
    }
PASS_ON(cursor, (Cursor * cursor, gpointer user), cursor, source->user)
PASS_ON(cursor_moved, (int x, int y, gboolean on, gpointer user), x, y, on, source->user)
PASS_ON(lost, (gboolean for_good, const char *reason, gpointer user), for_good, reason,
        source->user)
PASS_ON(connected, (gpointer user), source->user)
PASS_ON(text, (const char *text, gpointer user), text, source->user)

static const SourceEvents outbox_events = {.cursor = on_cursor,
                                           .cursor_moved = on_cursor_moved,
                                           .lost = on_lost,
                                           .connected = on_connected,
                                           .text = on_text};

static Source *
rfb_open(const char *text, Surface *surface, const SourceEvents *events, gpointer user,
         GError **error)
{
    RfbAddress address;
    if (!rfb_address_parse(text, &address, error))
        return NULL;
    Source *source = g_new0(Source, 1);
    source->address = address;
    source->surface = surface;
    source->events = events;
    source->user = user;
    source->fd = -1;
    pthread_mutex_init(&source->lock, NULL);
    source->cancellable = g_cancellable_new();
    source->outbox = outbox_new(&outbox_events, source);
    source->input = rfb_input_new(hang_up, source);
    source->thread = g_thread_new("rfb", rfb_thread, source);
    return source;
}

static void
rfb_close(Source *source)
{
    if (!source)
        return;
    g_cancellable_cancel(source->cancellable);
    hang_up(source);
    rfb_input_wake(source->input);
    g_thread_join(source->thread);
    outbox_free(source->outbox);
    rfb_input_free(source->input);
    g_object_unref(source->cancellable);
    pthread_mutex_destroy(&source->lock);
    rfb_address_clear(&source->address);
    g_free(source);
}

static const InputSink *
rfb_input(Source *source, gpointer *user)
{
    *user = source->input;
    return &rfb_input_sink;
}

static void
rfb_resize(Source *source, int width, int height)
{
    rfb_input_resize(source->input, width, height);
}

static void
rfb_clip(Source *source, const char *text)
{
    rfb_input_clip(source->input, text);
}

const SourceType source_rfb = {.scheme = "rfb",
                               .open = rfb_open,
                               .close = rfb_close,
                               .input = rfb_input,
                               .resize = rfb_resize,
                               .clip = rfb_clip};
