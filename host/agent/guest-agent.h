/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Asks the agent inside a guest (qemu-guest-agent) whether the desktop stands, again and again
 * until it does. Everything the agent says is the guest's word: bounded, and believed only about
 * the guest itself. The connection is given up once the desktop stands.
 */
typedef struct GuestAgent GuestAgent;

typedef enum {
    GUEST_SILENT,  /* no agent has answered yet */
    GUEST_ANSWERS, /* the agent runs: the system is up, the desktop is not */
    GUEST_DESKTOP, /* the desktop stands; nothing more is asked */
    GUEST_FAILED,  /* it will not stand: guest_agent_failure(); nothing more is asked */
} GuestState;

typedef void (*GuestAgentChanged)(GuestAgent *agent, GuestState state, gpointer user);

/* path: the socket of QEMU's chardev for org.qemu.guest_agent.0. changed comes from the main loop;
 * the agent may be freed in it. */
GuestAgent *guest_agent_new(const char *path, GuestAgentChanged changed, gpointer user);
void guest_agent_free(GuestAgent *agent);

/* What the guest says why its desktop cannot stand, one line of valid UTF-8; the agent's. NULL
 * unless it has failed. */
const char *guest_agent_failure(const GuestAgent *agent);
