/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../surface.h"
#include "dbus-outbox.h"
#include <gio/gio.h>

/*
 * QEMU's org.qemu.Display1.Listener, with its Unix.Map (shared memory): a connection on which QEMU
 * tells us what its console shows. All that comes is checked against the surface; shared memory is
 * read by pread(), so that a peer that shrinks it cannot kill us.
 *
 * What has arrived and was not drawn yet is bounded: beyond LISTENER_MAX_QUEUE bytes everything is
 * dropped, and stale is called: then the picture is stale, and whoever owns the listener makes a
 * new one. Capture thread only.
 */

#define LISTENER_MAX_QUEUE (256 * 1024 * 1024)

typedef struct DbusListener DbusListener;

DbusListener *dbus_listener_new(Surface *surface, Outbox *outbox, void (*stale)(gpointer user),
                                gpointer user);
void dbus_listener_free(DbusListener *listener); /* closes its connection first */
/* Exports the objects on a connection that does not process messages yet. */
gboolean dbus_listener_export(DbusListener *listener, GDBusConnection *connection, GError **error);
