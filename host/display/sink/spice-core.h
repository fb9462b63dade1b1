/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <spice.h>

/*
 * The main loop for libspice-server: timers and watches on the default main context.
 *
 * libspice-server gives its callbacks no word about which server they are for, and we run one
 * server a viewer. So whoever calls into a server enters its scope first; watches and timers made
 * in a scope run in it again, and channel events go to the scope that they arise in. Main thread
 * only.
 */

typedef struct {
    void (*channel_event)(int event, const SpiceChannelEventInfo *info, gpointer user);
    gpointer user;
} SpiceScope;

/* Scopes nest: leave with what enter returned. A scope lives longer than its server. */
SpiceScope *spice_scope_enter(SpiceScope *scope);
void spice_scope_leave(SpiceScope *previous);

/* What spice_server_init() wants; constant, its type only is not. */
SpiceCoreInterface *spice_core(void);
