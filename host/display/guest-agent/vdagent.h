/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "clipboard.h"

/*
 * The guest's SPICE agent, spoken to through the Unix socket of QEMU's com.redhat.spice.0 port.
 * Connects by itself, and again when QEMU or the agent went away. Main thread only.
 */

typedef struct Vdagent Vdagent;

/* changed (may be NULL): vdagent_is_up() has changed. */
Vdagent *vdagent_new(const char *path, Clipboard *clipboard, void (*changed)(gpointer user),
                     gpointer user);
void vdagent_free(Vdagent *agent);

gboolean vdagent_is_up(const Vdagent *agent); /* the agent in the guest has answered */
/* The size that the desktop should have; kept for an agent that comes later. */
void vdagent_resize(Vdagent *agent, int width, int height);
