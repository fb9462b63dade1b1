/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vnc-output.h"

/* One client's socket: what it says is handed on as it comes, what it is told waits in its output.
 * Never blocks. Main thread only. */

typedef struct VncSocket VncSocket;

typedef struct {
    /* What the client said and nobody has used yet, size bytes. Returns how much of it is used now;
     * more than size: what comes next is passed over, too. 0: more bytes are needed; -1: the client
     * broke the protocol. */
    gssize (*take)(const guint8 *data, gsize size, gpointer user);
    void (*turn)(gpointer user);  /* it was read from and written to: there may be room again */
    void (*ended)(gpointer user); /* once, and from the main loop: free it */
} VncSocketEvents;

/* Takes over the connected stream socket. */
VncSocket *vnc_socket_new(int fd, const VncSocketEvents *events, gpointer user);
void vnc_socket_free(VncSocket *socket); /* takes NULL */

VncOutput *vnc_socket_output(VncSocket *socket); /* its own */
/* Writes what the socket takes of the output now, and the rest when it takes more. */
void vnc_socket_flush(VncSocket *socket);
/* Nothing is read or written any more; ended() follows. */
void vnc_socket_end(VncSocket *socket);
/* It has ended, though that may not be told yet. */
gboolean vnc_socket_is_over(const VncSocket *socket);
