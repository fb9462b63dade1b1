/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest-agent/vdagent.h"

#include "common/unix-socket.h"
#include "guest-agent/agent-link.h"

#include <errno.h>
#include <glib-unix.h>
#include <unistd.h>

#define AGAIN_MS  1000       /* between tries to connect */
#define MAX_QUEUE (4u << 20) /* bytes to a guest that does not read: two clipboards and some more  \
                              */
#define READ_SIZE 16384

struct Vdagent {
    char *path;
    void (*changed)(gpointer user);
    gpointer user;
    AgentLink *link;
    int fd; /* -1: not connected */
    guint reading, writing, again;
    GByteArray *out;
    gboolean up;
    int width, height; /* the last wish; 0: none */
};

static gboolean connect_again(gpointer user);

static void
set_up(Vdagent *agent, gboolean up)
{
    if (agent->up == up)
        return;
    agent->up = up;
    if (agent->changed)
        agent->changed(agent->user);
}

static void
disconnect(Vdagent *agent)
{
    g_clear_handle_id(&agent->reading, g_source_remove);
    g_clear_handle_id(&agent->writing, g_source_remove);
    g_byte_array_set_size(agent->out, 0);
    agent_link_stop(agent->link);
    if (agent->fd >= 0)
        close(agent->fd);
    agent->fd = -1;
}

static void
lose(Vdagent *agent)
{
    disconnect(agent);
    set_up(agent, FALSE);
    if (!agent->again)
        agent->again = g_timeout_add(AGAIN_MS, connect_again, agent);
}

static gboolean
readable(gint fd, GIOCondition condition, gpointer user)
{
    Vdagent *agent = user;
    guint8 data[READ_SIZE];
    ssize_t size = read(fd, data, sizeof data);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    if (size > 0 && agent_link_receive(agent->link, data, (gsize)size))
        return G_SOURCE_CONTINUE;
    if (size > 0)
        g_message("The guest's agent broke its protocol; its connection is made anew.");
    lose(agent);
    return G_SOURCE_REMOVE; /* lose() has removed it already */
}

static gboolean
writable(gint fd, GIOCondition condition, gpointer user)
{
    Vdagent *agent = user;
    ssize_t size = write(fd, agent->out->data, agent->out->len);
    if (size > 0)
        g_byte_array_remove_range(agent->out, 0, (guint)size);
    if (agent->out->len > 0)
        return G_SOURCE_CONTINUE; /* an error shows in readable() */
    agent->writing = 0;
    return G_SOURCE_REMOVE;
}

static void
link_send(const guint8 *data, gsize size, gpointer user)
{
    Vdagent *agent = user;
    if (agent->fd < 0 || agent->out->len + size > MAX_QUEUE)
        return; /* whole messages are dropped, so the stream stays sound */
    g_byte_array_append(agent->out, data, (guint)size);
    if (!agent->writing)
        agent->writing = g_unix_fd_add(agent->fd, G_IO_OUT, writable, agent);
}

static void
send_size(Vdagent *agent)
{
    if (agent->up && agent->width && agent_link_can_resize(agent->link))
        agent_link_resize(agent->link, agent->width, agent->height);
}

static void
link_up(gpointer user)
{
    Vdagent *agent = user;
    set_up(agent, TRUE);
    send_size(agent); /* the wish may be older than the agent */
}

static const AgentLinkEvents link_events = {.send = link_send, .up = link_up};

static gboolean
connect_again(gpointer user)
{
    Vdagent *agent = user;
    g_autoptr(GError) error = NULL;
    agent->fd = oriel_connect_unix(agent->path, &error);
    if (agent->fd < 0)
        return G_SOURCE_CONTINUE;
    agent->again = 0;
    g_unix_set_fd_nonblocking(agent->fd, TRUE, NULL);
    agent->reading = g_unix_fd_add(agent->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, agent);
    agent_link_start(agent->link);
    return G_SOURCE_REMOVE;
}

Vdagent *
vdagent_new(const char *path, Clipboard *clipboard, void (*changed)(gpointer user), gpointer user)
{
    Vdagent *agent = g_new0(Vdagent, 1);
    agent->path = g_strdup(path);
    agent->changed = changed;
    agent->user = user;
    agent->fd = -1;
    agent->out = g_byte_array_new();
    agent->link = agent_link_new(AGENT_LINK_GUEST, clipboard, &link_events, agent);
    if (connect_again(agent))
        agent->again = g_timeout_add(AGAIN_MS, connect_again, agent);
    return agent;
}

void
vdagent_free(Vdagent *agent)
{
    if (!agent)
        return;
    g_clear_handle_id(&agent->again, g_source_remove);
    disconnect(agent);
    agent_link_free(agent->link);
    g_byte_array_unref(agent->out);
    g_free(agent->path);
    g_free(agent);
}

gboolean
vdagent_is_up(const Vdagent *agent)
{
    return agent && agent->up;
}

void
vdagent_resize(Vdagent *agent, int width, int height)
{
    agent->width = width;
    agent->height = height;
    send_size(agent);
}
