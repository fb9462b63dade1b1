/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/gateway/listener.h"

#include "common/acceptor.h"
#include "common/error.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG            512
#define TLS_HANDSHAKE_BYTE 0x16

struct Listener {
    GPtrArray *ports; /* of Acceptor */
    GQueue silent;    /* of Silent, oldest first */
    ListenerOptions options;
    ListenerEvents events;
    gpointer user;
    guint16 port;
};

/* A connection that has sent nothing yet. */
typedef struct {
    Listener *listener;
    int fd;
    char *peer;
    guint readable;
    guint deadline;
} Silent;

static void
silent_free(Silent *silent)
{
    g_queue_remove(&silent->listener->silent, silent);
    g_clear_handle_id(&silent->readable, g_source_remove);
    g_clear_handle_id(&silent->deadline, g_source_remove);
    if (silent->fd >= 0)
        close(silent->fd);
    g_free(silent->peer);
    g_free(silent);
}

static gboolean
silent_expired(gpointer data)
{
    Silent *silent = data;

    silent->deadline = 0;
    silent_free(silent);
    return G_SOURCE_REMOVE;
}

static void
silent_refuse_plain_http(Silent *silent)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n"
                                 "Content-Type: text/plain; charset=utf-8\r\n"
                                 "Content-Length: 25\r\n"
                                 "Connection: close\r\n"
                                 "\r\n"
                                 "This port speaks HTTPS.\r\n";
    char dropped[4096];

    /* what was sent is taken, else closing would reset the connection before the answer is read */
    while (recv(silent->fd, dropped, sizeof dropped, MSG_DONTWAIT) == sizeof dropped)
        ;
    if (send(silent->fd, answer, sizeof answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        shutdown(silent->fd, SHUT_WR);
}

static gboolean
silent_readable(gint fd, GIOCondition condition, gpointer data)
{
    Silent *silent = data;
    Listener *listener = silent->listener;
    guint8 first = 0;

    gssize got = recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;

    silent->readable = 0;
    if (got == 1 && (first == TLS_HANDSHAKE_BYTE || first == 'C')) {
        g_autofree char *peer = g_steal_pointer(&silent->peer);
        silent->fd = -1;
        silent_free(silent);
        if (first == 'C')
            listener->events.connect(fd, peer, listener->user);
        else
            listener->events.tls(fd, peer, listener->user);
        return G_SOURCE_REMOVE;
    }
    if (got == 1 && g_ascii_isupper(first))
        silent_refuse_plain_http(silent);
    silent_free(silent);
    return G_SOURCE_REMOVE;
}

/* Makes room for one more of this address. */
static void
listener_evict(Listener *listener, const char *peer)
{
    Silent *oldest = NULL;
    guint of_address = 0;

    for (GList *l = listener->silent.tail; l; l = l->prev) {
        Silent *silent = l->data;
        if (g_str_equal(silent->peer, peer)) {
            of_address++;
            oldest = silent;
        }
    }
    if (of_address >= listener->options.max_silent_of_address)
        silent_free(oldest);
    else if (listener->silent.length >= listener->options.max_silent)
        silent_free(listener->silent.head->data);
}

static void
port_accepted(int fd, gpointer user)
{
    Listener *listener = user;
    struct sockaddr_storage native;
    socklen_t size = sizeof native;
    int on = 1;

    if (getpeername(fd, (struct sockaddr *)&native, &size) < 0) {
        close(fd); /* it is gone already */
        return;
    }
    g_autoptr(GSocketAddress) address = g_socket_address_new_from_native(&native, size);
    if (!address || !G_IS_INET_SOCKET_ADDRESS(address)) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);

    Silent *silent = g_new0(Silent, 1);
    silent->listener = listener;
    silent->fd = fd;
    silent->peer =
        g_inet_address_to_string(g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address)));
    listener_evict(listener, silent->peer);
    silent->readable = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, silent_readable, silent);
    silent->deadline =
        g_timeout_add_seconds(listener->options.silent_seconds, silent_expired, silent);
    g_queue_push_tail(&listener->silent, silent);
}

/* Returns the bound and listening descriptor, or -1. */
static int
port_listen(GSocketAddress *address, GError **error)
{
    struct sockaddr_storage native;
    gssize size = g_socket_address_get_native_size(address);
    int on = 1;

    if (!g_socket_address_to_native(address, &native, sizeof native, error))
        return -1;
    int fd = socket(native.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (native.ss_family == AF_INET6)
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        if (bind(fd, (struct sockaddr *)&native, size) == 0 && listen(fd, BACKLOG) == 0)
            return fd;
    }
    int failure = errno;
    g_autofree char *text = g_socket_connectable_to_string(G_SOCKET_CONNECTABLE(address));
    g_set_error(error, ORIEL_ERROR, failure == EADDRINUSE ? ORIEL_ERROR_EXISTS : ORIEL_ERROR_FAILED,
                "Cannot listen on %s: %s.", text, g_strerror(failure));
    if (fd >= 0)
        close(fd);
    return -1;
}

static gboolean
listener_add(Listener *listener, const char *text, GError **error)
{
    g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string(text, listener->port);
    struct sockaddr_storage native;
    socklen_t size = sizeof native;

    if (!address) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                    "“%s” is not a numeric address to listen on.", text);
        return FALSE;
    }
    int fd = port_listen(address, error);
    if (fd < 0)
        return FALSE;
    g_ptr_array_add(listener->ports, acceptor_new(fd, "The gateway", port_accepted, listener));

    if (listener->port == 0 && getsockname(fd, (struct sockaddr *)&native, &size) == 0) {
        g_autoptr(GSocketAddress) bound = g_socket_address_new_from_native(&native, size);
        listener->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
    }
    return TRUE;
}

Listener *
listener_new(const ListenerOptions *options, const ListenerEvents *events, gpointer user,
             GError **error)
{
    g_autoptr(Listener) listener = g_new0(Listener, 1);

    listener->ports = g_ptr_array_new_with_free_func((GDestroyNotify)acceptor_free);
    g_queue_init(&listener->silent);
    listener->options = *options;
    listener->events = *events;
    listener->user = user;
    listener->port = options->port;
    for (guint i = 0; options->addresses[i]; i++)
        if (!listener_add(listener, options->addresses[i], error))
            return NULL;
    listener->options.addresses = NULL; /* the caller's */
    return g_steal_pointer(&listener);
}

guint16
listener_port(Listener *listener)
{
    return listener->port;
}

void
listener_free(Listener *listener)
{
    if (!listener)
        return;
    g_ptr_array_unref(listener->ports);
    while (listener->silent.head)
        silent_free(listener->silent.head->data);
    g_free(listener);
}
