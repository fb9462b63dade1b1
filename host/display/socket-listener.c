/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "socket-listener.h"

#include "common/unix-socket.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAUSE_MS 100 /* when there are no descriptors left */

struct SocketListener {
    int fd;
    char *path;
    guint source;
    void (*accepted)(int fd, gpointer user);
    gpointer user;
};

static gboolean connection_waits(gint fd, GIOCondition condition, gpointer user);

static gboolean
listen_again(gpointer user)
{
    SocketListener *listener = user;
    listener->source = g_unix_fd_add(listener->fd, G_IO_IN, connection_waits, listener);
    return G_SOURCE_REMOVE;
}

static gboolean
connection_waits(gint fd, GIOCondition condition, gpointer user)
{
    SocketListener *listener = user;
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client >= 0) {
        listener->accepted(client, listener->user);
        return G_SOURCE_CONTINUE;
    }
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
        return G_SOURCE_CONTINUE;
    g_warning("A connection was not accepted: %s.", g_strerror(errno));
    listener->source = g_timeout_add(PAUSE_MS, listen_again, listener);
    return G_SOURCE_REMOVE;
}

SocketListener *
socket_listener_new(const char *path, void (*accepted)(int fd, gpointer user), gpointer user,
                    GError **error)
{
    int fd = oriel_listen_unix(path, 0600, (gid_t)-1, error);
    if (fd < 0)
        return NULL;
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    SocketListener *listener = g_new0(SocketListener, 1);
    listener->fd = fd;
    listener->path = g_strdup(path);
    listener->accepted = accepted;
    listener->user = user;
    listen_again(listener);
    return listener;
}

void
socket_listener_free(SocketListener *listener)
{
    if (!listener)
        return;
    g_clear_handle_id(&listener->source, g_source_remove);
    unlink(listener->path);
    close(listener->fd);
    g_free(listener->path);
    g_free(listener);
}
