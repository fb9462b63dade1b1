/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-socket.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE (64 * 1024) /* bytes taken at once: no client keeps the main loop for long */

struct VncSocket {
    int fd;
    const VncSocketEvents *events;
    gpointer user;
    GSource *watch;
    gpointer watch_tag;
    guint ended_idle;
    gboolean over;
    GByteArray *in;
    gsize used; /* bytes of what is in, or still comes, that nobody needs any more */
    VncOutput *out;
};

static gboolean
tell_ended(gpointer user)
{
    VncSocket *socket = user;

    socket->ended_idle = 0;
    socket->events->ended(socket->user);
    return G_SOURCE_REMOVE;
}

/* The end is told from the main loop, so nobody frees the socket under its own feet. */
void
vnc_socket_end(VncSocket *socket)
{
    if (socket->over)
        return;
    socket->over = TRUE;
    socket->ended_idle = g_idle_add_full(G_PRIORITY_DEFAULT, tell_ended, socket, NULL);
    g_source_destroy(socket->watch);
}

gboolean
vnc_socket_is_over(const VncSocket *socket)
{
    return socket->over;
}

VncOutput *
vnc_socket_output(VncSocket *socket)
{
    return socket->out;
}

void
vnc_socket_flush(VncSocket *socket)
{
    if (socket->over)
        return;
    if (!vnc_output_flush(socket->out)) {
        vnc_socket_end(socket);
        return;
    }
    g_source_modify_unix_fd(socket->watch, socket->watch_tag,
                            vnc_output_wants_write(socket->out) ? G_IO_IN | G_IO_OUT : G_IO_IN);
}

static void
take_input(VncSocket *socket)
{
    gsize at = 0;

    while (!socket->over && at < socket->in->len) {
        gsize size = socket->in->len - at;

        if (!socket->used) {
            gssize n = socket->events->take(socket->in->data + at, size, socket->user);

            if (n < 0)
                vnc_socket_end(socket);
            if (n <= 0)
                break;
            socket->used = (gsize)n;
        }
        size = MIN(size, socket->used);
        socket->used -= size;
        at += size;
    }
    g_byte_array_remove_range(socket->in, 0, (guint)at);
}

static gboolean
read_input(VncSocket *socket)
{
    guint had = socket->in->len;
    gssize n;

    g_byte_array_set_size(socket->in, had + READ_SIZE);
    n = recv(socket->fd, socket->in->data + had, READ_SIZE, MSG_DONTWAIT);
    g_byte_array_set_size(socket->in, had + (guint)MAX(n, 0));
    if (n > 0)
        take_input(socket);
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static gboolean
dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    VncSocket *socket = user;
    GIOCondition condition = g_source_query_unix_fd(source, socket->watch_tag);

    if (socket->over)
        return G_SOURCE_CONTINUE;
    if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR) && !read_input(socket))
        vnc_socket_end(socket);
    vnc_socket_flush(socket);
    socket->events->turn(socket->user);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs watch_funcs = {.dispatch = dispatch};

static gboolean
unused(gpointer user)
{
    return G_SOURCE_CONTINUE;
}

VncSocket *
vnc_socket_new(int fd, const VncSocketEvents *events, gpointer user)
{
    VncSocket *socket = g_new0(VncSocket, 1);

    socket->fd = fd;
    socket->events = events;
    socket->user = user;
    socket->in = g_byte_array_new();
    socket->out = vnc_output_new(fd);
    socket->watch = g_source_new(&watch_funcs, sizeof(GSource));
    socket->watch_tag = g_source_add_unix_fd(socket->watch, fd, G_IO_IN);
    g_source_set_callback(socket->watch, unused, socket, NULL);
    g_source_set_static_name(socket->watch, "VNC client");
    g_source_attach(socket->watch, NULL);
    return socket;
}

void
vnc_socket_free(VncSocket *socket)
{
    if (!socket)
        return;
    g_clear_handle_id(&socket->ended_idle, g_source_remove);
    g_source_destroy(socket->watch);
    g_source_unref(socket->watch);
    vnc_output_free(socket->out);
    g_byte_array_unref(socket->in);
    close(socket->fd);
    g_free(socket);
}
