/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sink.h"

/*
 * One VNC client: libvncserver is the protocol layer, with a screen of its own a client, so that
 * clipboard and input are the client's alone. Never its listeners. Main thread only.
 */

typedef struct VncClient VncClient;

typedef struct {
    void (*gone)(VncClient *client, gpointer user); /* from the main loop: free it */
} VncClientEvents;

/* Takes fd over in any case. frame: NULL before the first. */
VncClient *vnc_client_new(const SinkContext *context, int fd, const Frame *frame, Cursor *cursor,
                          const VncClientEvents *events, gpointer user);
void vnc_client_free(VncClient *client);

gboolean
vnc_client_ready(VncClient *client); /* it has asked for an update, and read the last one */
void vnc_client_update(VncClient *client, const Frame *frame); /* frame's damage is new */
void vnc_client_cursor(VncClient *client, Cursor *cursor);
gboolean vnc_client_is_up(const VncClient *client); /* past the handshake */
