/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-agent.h"

#include "guest-agent/agent-link.h"

#include <string.h>

#define MAX_QUEUE (4u << 20) /* bytes to a viewer that does not read its clipboard */

struct SpiceAgent {
    SpiceCharDeviceInstance instance;
    SpiceScope *scope;
    AgentLink *link;
    SpiceAgentResize resize;
    gpointer user;
    GByteArray *out;
    gsize out_read; /* bytes of out that are gone already */
    guint wakeup;
};

static SpiceAgent *
agent_of(SpiceCharDeviceInstance *instance)
{
    return (SpiceAgent *)((char *)instance - G_STRUCT_OFFSET(SpiceAgent, instance));
}

/* connected: the first viewer's main channel has started its agent, or the last has left. */
static void
device_state(SpiceCharDeviceInstance *instance, int connected)
{
    SpiceAgent *agent = agent_of(instance);
    if (!agent->link)
        return; /* the server is going */
    if (connected)
        agent_link_start(agent->link);
    else
        agent_link_stop(agent->link);
}

static int
device_write(SpiceCharDeviceInstance *instance, const uint8_t *data, int size)
{
    SpiceAgent *agent = agent_of(instance);
    if (size > 0 && agent->link)
        agent_link_receive(agent->link, data, (gsize)size);
    return size;
}

static int
device_read(SpiceCharDeviceInstance *instance, uint8_t *data, int size)
{
    SpiceAgent *agent = agent_of(instance);
    gsize part = MIN((gsize)MAX(size, 0), agent->out->len - agent->out_read);
    memcpy(data, agent->out->data + agent->out_read, part);
    agent->out_read += part;
    if (agent->out_read == agent->out->len) {
        g_byte_array_set_size(agent->out, 0);
        agent->out_read = 0;
    }
    return (int)part;
}

static const SpiceCharDeviceInterface device_interface = {
    .base = {SPICE_INTERFACE_CHAR_DEVICE, "oriel agent", SPICE_INTERFACE_CHAR_DEVICE_MAJOR,
             SPICE_INTERFACE_CHAR_DEVICE_MINOR},
    .state = device_state,
    .write = device_write,
    .read = device_read,
};

static gboolean
wake(gpointer user)
{
    SpiceAgent *agent = user;
    agent->wakeup = 0;
    SpiceScope *previous = spice_scope_enter(agent->scope);
    spice_server_char_device_wakeup(&agent->instance);
    spice_scope_leave(previous);
    return G_SOURCE_REMOVE;
}

static void
link_send(const guint8 *data, gsize size, gpointer user)
{
    SpiceAgent *agent = user;
    if (agent->out->len + size > MAX_QUEUE)
        return;
    g_byte_array_append(agent->out, data, (guint)size);
    /* From the loop: the device must not be read again from inside its own write(). */
    if (!agent->wakeup)
        agent->wakeup = g_idle_add_full(G_PRIORITY_DEFAULT, wake, agent, NULL);
}

static void
link_resize(int width, int height, gpointer user)
{
    SpiceAgent *agent = user;
    agent->resize(width, height, agent->user);
}

static const AgentLinkEvents link_events = {.send = link_send, .resize = link_resize};

SpiceAgent *
spice_agent_new(SpiceServer *server, SpiceScope *scope, Clipboard *clipboard,
                SpiceAgentResize resize, gpointer user)
{
    SpiceAgent *agent = g_new0(SpiceAgent, 1);
    agent->scope = scope;
    agent->resize = resize;
    agent->user = user;
    agent->out = g_byte_array_new();
    agent->link = agent_link_new(AGENT_LINK_VIEWER, clipboard, &link_events, agent);
    agent->instance.base.sif = &device_interface.base;
    agent->instance.subtype = "vdagent";
    spice_server_add_interface(server, &agent->instance.base);
    return agent;
}

void
spice_agent_stop(SpiceAgent *agent)
{
    if (!agent)
        return;
    g_clear_handle_id(&agent->wakeup, g_source_remove);
    g_clear_pointer(&agent->link, agent_link_free);
}

void
spice_agent_free(SpiceAgent *agent)
{
    if (!agent)
        return;
    g_byte_array_unref(agent->out);
    g_free(agent);
}
