/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest-agent/agent-link.h"

/* What a guest's agent, or a viewer, may send: the first byte chooses which. */

static void
drop(const guint8 *data, gsize size, gpointer user)
{
}

static void
resize(int width, int height, gpointer user)
{
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int
LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    static const AgentLinkEvents events = {.send = drop, .resize = resize};
    if (size == 0)
        return 0;
    Clipboard *clipboard = clipboard_new();
    AgentLink *link = agent_link_new(data[0] & 1 ? AGENT_LINK_VIEWER : AGENT_LINK_GUEST, clipboard,
                                     &events, NULL);
    agent_link_start(link);
    agent_link_receive(link, data + 1, size - 1);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    agent_link_free(link);
    clipboard_free(clipboard);
    return 0;
}
