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
    /* Either side is gone and what the server had to say was sent; free the relay then (inside the
     * call, too). */
    void (*ended)(SpiceRelay *relay, gpointer user);
    void (*drained)(gpointer user); /* it is not full any more */
} SpiceRelayEvents;

/* Takes client over in any case; *server is the end for libspice-server. NULL when the system has
 * no socket left. */
SpiceRelay *spice_relay_new(int client, int *server, const SpiceRelayEvents *events, gpointer user,
                            GError **error);
void spice_relay_free(SpiceRelay *relay); /* cuts the connection on both sides */
/* The client has not taken yet what the server sent: for how long it has taken nothing, at least 1
 * µs; 0: there is nothing to take. */
gint64 spice_relay_full_us(const SpiceRelay *relay);
void spice_relay_stats(const SpiceRelay *relay, SpiceRelayStats *stats);
