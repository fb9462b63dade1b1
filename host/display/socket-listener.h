/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* An accept loop on a Unix socket that only our own user may connect to. Main thread only. */

typedef struct SocketListener SocketListener;

/* accepted takes the descriptor over. */
SocketListener *socket_listener_new(const char *path, void (*accepted)(int fd, gpointer user),
                                    gpointer user, GError **error);
void socket_listener_free(SocketListener *listener); /* removes the socket's file */
