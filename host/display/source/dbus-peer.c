/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "source/dbus-peer.h"

#include "common/error.h"

#include <errno.h>
#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MS 10000

struct DbusPeer {
    guint refs;                   /* the owner's, and one for each operation under way */
    const DbusPeerEvents *events; /* NULL once freed */
    gpointer user;
    GCancellable *cancellable;
    GDBusConnection *connection;
    gulong closed_handler;
    gboolean answered; /* registered() was called */
    gboolean accepted; /* QEMU said yes */
};

static void
unref(DbusPeer *peer)
{
    if (--peer->refs > 0)
        return;
    g_object_unref(peer->cancellable);
    g_free(peer);
}

static void
answer(DbusPeer *peer, const GError *error)
{
    if (!peer->events || peer->answered)
        return;
    peer->answered = TRUE;
    peer->accepted = error == NULL;
    peer->events->registered(error, peer->user);
}

static void
on_registered(GObject *object, GAsyncResult *result, gpointer user)
{
    DbusPeer *peer = user;
    g_autoptr(GError) error = NULL;
    GVariant *value = g_dbus_connection_call_with_unix_fd_list_finish(G_DBUS_CONNECTION(object),
                                                                      NULL, result, &error);
    g_clear_pointer(&value, g_variant_unref);
    answer(peer, error);
    unref(peer);
}

static void
on_closed(GDBusConnection *connection, gboolean remote, GError *error, gpointer user)
{
    DbusPeer *peer = user;
    if (peer->events && peer->accepted)
        peer->events->closed(peer->user);
}

static void
on_connected(GObject *object, GAsyncResult *result, gpointer user)
{
    DbusPeer *peer = user;
    g_autoptr(GError) error = NULL;
    g_autoptr(GDBusConnection) connection = g_dbus_connection_new_finish(result, &error);
    if (connection && !peer->events) {
        g_dbus_connection_close(connection, NULL, NULL, NULL);
    } else if (connection && peer->events->export(connection, peer->user, &error)) {
        peer->connection = g_object_ref(connection);
        peer->closed_handler = g_signal_connect(connection, "closed", G_CALLBACK(on_closed), peer);
        g_dbus_connection_start_message_processing(connection);
    } else {
        answer(peer, error);
    }
    unref(peer);
}

/* Our end of the pair speaks D-Bus as a client; QEMU's is the server. */
static gboolean
begin_connection(DbusPeer *peer, int fd, GError **error)
{
    g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, error);
    if (!socket) {
        close(fd);
        return FALSE;
    }
    g_autoptr(GSocketConnection) stream = g_socket_connection_factory_create_connection(socket);
    peer->refs++;
    g_dbus_connection_new(G_IO_STREAM(stream), NULL,
                          G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                              G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                          NULL, peer->cancellable, on_connected, peer);
    return TRUE;
}

typedef struct {
    DbusPeer *peer;
    GError *error;
} Failure;

static gboolean
report_failure(gpointer user)
{
    Failure *failure = user;
    answer(failure->peer, failure->error);
    unref(failure->peer);
    g_error_free(failure->error);
    g_free(failure);
    return G_SOURCE_REMOVE;
}

/* As an event: never from inside dbus_peer_new(). Takes error. */
static void
fail_later(DbusPeer *peer, GError *error)
{
    Failure *failure = g_new(Failure, 1);
    *failure = (Failure){peer, error};
    peer->refs++;
    g_autoptr(GSource) idle = g_idle_source_new();
    g_source_set_callback(idle, report_failure, failure, NULL);
    g_source_attach(idle, g_main_context_get_thread_default());
}

DbusPeer *
dbus_peer_new(GDBusConnection *bus, const char *owner, const char *path, const char *interface,
              const char *method, const DbusPeerEvents *events, gpointer user)
{
    DbusPeer *peer = g_new0(DbusPeer, 1);
    peer->refs = 1;
    peer->events = events;
    peer->user = user;
    peer->cancellable = g_cancellable_new();

    int pair[2];
    GError *error = NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        fail_later(peer,
                   g_error_new(ORIEL_ERROR, ORIEL_ERROR_FAILED,
                               "There is no socket pair for the display: %s.", g_strerror(errno)));
        return peer;
    }
    if (!begin_connection(peer, pair[0], &error)) {
        close(pair[1]);
        fail_later(peer, error);
        return peer;
    }
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&pair[1], 1); /* takes it */
    peer->refs++;
    g_dbus_connection_call_with_unix_fd_list(
        bus, owner, path, interface, method, g_variant_new("(h)", 0), NULL,
        G_DBUS_CALL_FLAGS_NO_AUTO_START, ANSWER_MS, fds, peer->cancellable, on_registered, peer);
    return peer;
}

void
dbus_peer_free(DbusPeer *peer)
{
    if (!peer)
        return;
    peer->events = NULL;
    g_cancellable_cancel(peer->cancellable);
    if (peer->connection) {
        g_signal_handler_disconnect(peer->connection, peer->closed_handler);
        g_dbus_connection_close(peer->connection, NULL, NULL, NULL);
        g_clear_object(&peer->connection);
    }
    unref(peer);
}
