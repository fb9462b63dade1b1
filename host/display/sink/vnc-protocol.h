/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "encode/pixel-format.h"

#include <glib.h>

/*
 * libvncserver, and everything that knows it. It speaks the protocol's handshake and messages over
 * one end of a socket pair of ours, never over the client's socket: so it is given whole, allowed
 * messages only, never waits for a peer, and what it writes goes through our own bounded queue.
 * Framebuffer updates are not its business. Main thread only.
 */

typedef struct VncProtocol VncProtocol; /* one a sink */
typedef struct VncPeer VncPeer;         /* one a client */

typedef struct {
    void (*write)(const guint8 *data, gsize size, gpointer user); /* to the client */
    void (*format)(const PixelFormat *format, gpointer user);
    void (*request)(gboolean incremental, int x, int y, int width, int height, gpointer user);
    void (*keysym)(guint32 keysym, gboolean down, gpointer user);
    void (*key)(guint qnum, gboolean down, gpointer user);
    void (*pointer)(int x, int y, guint buttons, gpointer user);
    void (*fence)(guint32 flags, const guint8 *payload, gsize size, gpointer user);
    void (*continuous)(gboolean on, int x, int y, int width, int height, gpointer user);
} VncPeerEvents;

#define VNC_VERSION        "RFB 003.008\n" /* the server's first word; the caller sends it */
#define VNC_VERSION_LENGTH 12

VncProtocol *vnc_protocol_new(const char *name);
void vnc_protocol_free(VncProtocol *protocol); /* after its peers */
void vnc_protocol_resize(VncProtocol *protocol, int width, int height);

/* version: the VNC_VERSION_LENGTH bytes the client answered. NULL when they are none or resources
 * lack. */
VncPeer *vnc_peer_new(VncProtocol *protocol, const guint8 *version, const VncPeerEvents *events,
                      gpointer user);
void vnc_peer_free(VncPeer *peer);
/* How many bytes its handshake wants next; 0 once messages flow. */
gsize vnc_peer_handshake(const VncPeer *peer);
/* One whole piece: the handshake's bytes, or a message as vnc_message_length() has it. Events come
 * from inside. FALSE: the connection has ended, free the peer. */
gboolean vnc_peer_feed(VncPeer *peer, const guint8 *data, gsize size);
