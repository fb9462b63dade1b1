/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "clipboard.h"

/*
 * One conversation in the SPICE agent protocol, in either role: towards the guest's agent we are
 * the client, towards a SPICE viewer we are the agent. The display is the only one that talks to
 * the guest's agent; nothing of a viewer's is passed on unread. The link is a party of the
 * clipboard. Main thread only; not to be freed from inside an event.
 */

typedef enum { AGENT_LINK_GUEST, AGENT_LINK_VIEWER } AgentLinkPeer;

typedef struct {
    void (*send)(const guint8 *data, gsize size, gpointer user); /* whole messages, framed */
    void (*up)(gpointer user); /* the peer told what it can; may come again */
    void (*resize)(int width, int height,
                   gpointer user); /* a viewer's window has this size; NULL for the guest */
} AgentLinkEvents;

typedef struct AgentLink AgentLink;

AgentLink *agent_link_new(AgentLinkPeer peer, Clipboard *clipboard, const AgentLinkEvents *events,
                          gpointer user);
void agent_link_free(AgentLink *link);

void agent_link_start(AgentLink *link); /* a new connection: says what we can, asks the same */
void agent_link_stop(AgentLink *link);  /* the peer is gone: its text stays with the clipboard, an
                                           unanswered offer goes */
gboolean agent_link_receive(AgentLink *link, const guint8 *data, gsize size); /* FALSE: broken */
gboolean agent_link_can_resize(const AgentLink *link);
void agent_link_resize(AgentLink *link, int width, int height); /* to the guest */
