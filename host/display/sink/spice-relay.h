/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Stands between one connection of a SPICE client and libspice-server, and carries its bytes.
 *
 * libspice-server takes a Unix socket for a client on the same machine: it neither compresses
 * pictures for it nor measures its bandwidth. Our clients come over a gateway, so the server gets
 * one end of a loopback TCP connection instead (nothing stays open to others: the listening socket
 * lives until our own connection is accepted, and takes no other). Where there is no loopback, a
 * Unix socket pair does, without compression.
 *
 * It holds at most SPICE_RELAY_BUFFER bytes a direction, and the kernel as much again: what a slow
 * client does not take stays with libspice-server, where newer pictures replace older ones. It
 * sleeps when nothing moves. Main thread only.
 */

#define SPICE_RELAY_BUFFER (32 << 10)

typedef struct SpiceRelay SpiceRelay;

typedef struct {
    guint64 to_client, from_client; /* bytes that the client's socket took and gave */
    gsize queued;                   /* bytes that it has not taken yet */
    /* Round trip as libspice-server's pings find it (it asks every few seconds), the time in queues
     * and in the client's own work included; 0: not known. µs */
    gint64 round_trip;
    /* What the large ping at the start of the main channel found; 0: not known. Bits a second. */
    guint64 bandwidth;
} SpiceRelayStats;

typedef struct {
    /* libspice-server has closed its end (so it has forgotten the connection), and what it had to
     * say was sent; free the relay then (inside the call, too). */
    void (*ended)(SpiceRelay *relay, gpointer user);
    void (*drained)(gpointer user); /* it is not full any more */
    void (*left)(gpointer user);    /* the client has gone, and the relay is held */
} SpiceRelayEvents;

/* Takes client over in any case; *server is the end for libspice-server. NULL when the system has
 * no socket left. */
SpiceRelay *spice_relay_new(int client, int *server, const SpiceRelayEvents *events, gpointer user,
                            GError **error);
/* Cuts the client off, and tells the server. TRUE: the server has closed its end already, free the
 * relay; else ended() follows. A server is not to be destroyed before: it forgets connections that
 * have not said yet who they are, and falls over them later. */
gboolean spice_relay_close(SpiceRelay *relay);
/* From now on, or no longer: the server does not learn that the client is gone. For a viewer's
 * first connection: when it ends, libspice-server forgets the viewer, and must not be opening
 * another channel for it in that moment. */
void spice_relay_hold(SpiceRelay *relay, gboolean hold);
void spice_relay_free(SpiceRelay *relay);
/* The client has not taken yet what the server sent: for how long it has taken nothing, at least 1
 * µs; 0: there is nothing to take. */
gint64 spice_relay_full_us(const SpiceRelay *relay);
void spice_relay_stats(const SpiceRelay *relay, SpiceRelayStats *stats);
