/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-link.h"

#include <errno.h>
#include <glib-unix.h>
#include <spice/protocol.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEADLINE_MS 10000
#define AGAIN_MS    20 /* a socket with half a message stays readable: look again after this */

/* Up to and with SpiceLinkMess.connection_id. */
#define WANTED (sizeof(SpiceLinkHeader) + sizeof(guint32))

struct SpiceLink {
    int fd;
    SpiceLinkKnown known;
    gpointer user;
    guint source, deadline;
};

static void
finish(SpiceLink *link, gboolean good, guint32 connection)
{
    int fd = -1;
    if (good) {
        fd = link->fd;
        link->fd = -1;
    }
    link->known(link, fd, connection, link->user);
    spice_link_free(link);
}

static gboolean look_again(gpointer user);

static void
look(SpiceLink *link)
{
    guint8 head[WANTED];
    ssize_t size = recv(link->fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
    gboolean nothing_yet = size < 0 && (errno == EAGAIN || errno == EINTR);
    gboolean magic_fits = size <= 0 || memcmp(head, "REDQ", MIN(size, 4)) == 0;
    if (size == (ssize_t)sizeof head && magic_fits) {
        guint32 connection;
        memcpy(&connection, head + sizeof(SpiceLinkHeader), sizeof connection);
        finish(link, TRUE, GUINT32_FROM_LE(connection));
    } else if ((size <= 0 && !nothing_yet) || !magic_fits) {
        finish(link, FALSE, 0);
    } else {
        link->source = g_timeout_add(AGAIN_MS, look_again, link);
    }
}

static gboolean
look_again(gpointer user)
{
    SpiceLink *link = user;
    link->source = 0;
    look(link);
    return G_SOURCE_REMOVE;
}

static gboolean
readable(gint fd, GIOCondition condition, gpointer user)
{
    SpiceLink *link = user;
    link->source = 0;
    look(link);
    return G_SOURCE_REMOVE;
}

static gboolean
too_slow(gpointer user)
{
    SpiceLink *link = user;
    link->deadline = 0;
    finish(link, FALSE, 0);
    return G_SOURCE_REMOVE;
}

SpiceLink *
spice_link_new(int fd, SpiceLinkKnown known, gpointer user)
{
    SpiceLink *link = g_new0(SpiceLink, 1);
    link->fd = fd;
    link->known = known;
    link->user = user;
    link->deadline = g_timeout_add(DEADLINE_MS, too_slow, link);
    link->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, link);
    return link;
}

void
spice_link_free(SpiceLink *link)
{
    if (!link)
        return;
    g_clear_handle_id(&link->source, g_source_remove);
    g_clear_handle_id(&link->deadline, g_source_remove);
    if (link->fd >= 0)
        close(link->fd);
    g_free(link);
}
