/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../guest-agent/clipboard.h"
#include "spice-core.h"

/*
 * The agent that a SPICE viewer sees: libspice-server's agent device, answered by the display
 * itself. Main thread only.
 */

typedef struct SpiceAgent SpiceAgent;
typedef void (*SpiceAgentResize)(int width, int height, gpointer user);

SpiceAgent *spice_agent_new(SpiceServer *server, SpiceScope *scope, Clipboard *clipboard,
                            SpiceAgentResize resize, gpointer user);
void spice_agent_stop(SpiceAgent *agent); /* before spice_server_destroy() */
void spice_agent_free(SpiceAgent *agent); /* after it */
