/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/*
 * A connection on which QEMU calls us: one end of a socket pair goes to QEMU with a
 * Register…Listener call, on the other we export an object. Everything is asynchronous, on the
 * thread's default main context, as QEMU calls back before it answers.
 */

typedef struct DbusPeer DbusPeer;

typedef struct {
    gboolean (*export)(GDBusConnection *connection, gpointer user,
                       GError **error);                     /* before the first message */
    void (*registered)(const GError *error, gpointer user); /* QEMU's answer, NULL for yes; once */
    void (*closed)(gpointer user); /* the connection has ended, after a yes */
} DbusPeerEvents;

/* method of interface on path of owner (a unique name) takes the descriptor as its only argument.
 */
DbusPeer *dbus_peer_new(GDBusConnection *bus, const char *owner, const char *path,
                        const char *interface, const char *method, const DbusPeerEvents *events,
                        gpointer user);
/* Closes the connection; no event comes after it. May be called from an event. */
void dbus_peer_free(DbusPeer *peer);
