/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sink.h"
#include "stats.h"
#include "vnc-protocol.h"
#include "vnc-update.h"

/* One VNC client: its socket, what it says, and what it is sent. Never blocks, whatever the other
 * side does or leaves. Main thread only. */

typedef struct VncClient VncClient;

typedef struct {
    void (*gone)(VncClient *client, gpointer user); /* from the main loop; free it */
    void (*wants_frame)(gpointer user);
    void (*resize_wanted)(int width, int height, gpointer user);
    void (*entered)(VncClient *client, gpointer user); /* its handshake is done */
} VncClientEvents;

/* Takes the connected, non-blocking or not, stream socket. */
VncClient *vnc_client_new(int fd, VncProtocol *protocol, Input *input, Clipboard *clipboard,
                          const VncClientEvents *events, gpointer user);
void vnc_client_free(VncClient *client);

void vnc_client_resized(VncClient *client, int width, int height);
VncUpdate *vnc_client_update(VncClient *client); /* what it has still to be sent */
/* Handshake done, a request open, and room on its link for another update? When the room comes by
 * time alone, wants_frame tells. */
gboolean vnc_client_ready(const VncClient *client);
SinkProgress vnc_client_progress(const VncClient *client);
gboolean vnc_client_entered(const VncClient *client);
/* What to send now, as vnc_update_take() says. */
gboolean vnc_client_take(VncClient *client, const Frame *frame, VncWork *work);
/* Begins with an update that was taken, or goes on with it: where the client and its link can make
 * use of parts (vnc_update_in_parts()), these packets; else nothing. */
void vnc_client_send_part(VncClient *client, Packet *const *packets, guint n_packets);
/* Sends an update that was taken, or what is left of it. encode_us: what making it took, for the
 * figures. Returns as vnc_update_send() does. */
guint vnc_client_send(VncClient *client, Packet *const *packets, guint n_packets, gint64 encode_us);
void vnc_client_stats(const VncClient *client, ClientStats *stats);
