/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "socket-listener.h"

#include "common/acceptor.h"
#include "common/unix-socket.h"

#include <unistd.h>

struct SocketListener {
    Acceptor *acceptor;
    char *path;
};

SocketListener *
socket_listener_new(const char *path, void (*accepted)(int fd, gpointer user), gpointer user,
                    GError **error)
{
    int fd = oriel_listen_unix(path, 0600, (gid_t)-1, error);
    if (fd < 0)
        return NULL;
    SocketListener *listener = g_new0(SocketListener, 1);
    listener->path = g_strdup(path);
    listener->acceptor = acceptor_new(fd, "The display", accepted, user);
    return listener;
}

void
socket_listener_free(SocketListener *listener)
{
    if (!listener)
        return;
    unlink(listener->path);
    acceptor_free(listener->acceptor);
    g_free(listener->path);
    g_free(listener);
}
