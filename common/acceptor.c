/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/acceptor.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#define REST_MS 100

struct Acceptor {
    int socket;
    const char *what;
    Accepted accepted;
    gpointer user;
    guint source; /* accepting, or resting */
};

static gboolean on_connection(int socket, GIOCondition condition, gpointer user);

static gboolean
on_rested(gpointer user)
{
    Acceptor *acceptor = user;

    acceptor->source = g_unix_fd_add(acceptor->socket, G_IO_IN, on_connection, acceptor);
    return G_SOURCE_REMOVE;
}

static gboolean
on_connection(int socket, GIOCondition condition, gpointer user)
{
    Acceptor *acceptor = user;
    int fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd >= 0) {
        acceptor->accepted(fd, acceptor->user);
        return G_SOURCE_CONTINUE;
    }
    /* Others are the one connection's: it is gone. */
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
        return G_SOURCE_CONTINUE;
    g_warning("%s takes no connections for a moment: %s.", acceptor->what, g_strerror(errno));
    acceptor->source = g_timeout_add(REST_MS, on_rested, acceptor);
    return G_SOURCE_REMOVE;
}

Acceptor *
acceptor_new(int socket, const char *what, Accepted accepted, gpointer user)
{
    Acceptor *acceptor = g_new0(Acceptor, 1);

    g_unix_set_fd_nonblocking(socket, TRUE, NULL);
    acceptor->socket = socket;
    acceptor->what = what;
    acceptor->accepted = accepted;
    acceptor->user = user;
    on_rested(acceptor);
    return acceptor;
}

void
acceptor_free(Acceptor *acceptor)
{
    if (!acceptor)
        return;
    g_source_remove(acceptor->source);
    close(acceptor->socket);
    g_free(acceptor);
}
