/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

/*
 * What the display counts, in one shape whatever the protocol: for the host, for metrics, and for
 * the figures that a viewer shows. Counters are since the display (or the connection) began.
 */

typedef struct {
    const char
        *encoding; /* the best that was negotiated: "tight", "h264", "spice", …; NULL: not known */
    guint64 bytes;       /* to the client */
    guint64 lossy_bytes; /* of these, with loss */
    guint64 updates;     /* frames sent, whole or in part */
    guint64 merged;      /* changes that a newer one overtook before they were sent */
    gint64 encode_us,
        send_us; /* wall time until updates were made; processor time of handing them out */
    gint64 round_trip_us;    /* of late; 0: not known */
    gint64 base_us;          /* with nothing in the way; 0: not known */
    guint64 bandwidth;       /* bytes a second; 0: not known */
    gsize queued, in_flight; /* bytes: not yet taken by the socket; sent, and not yet shown */
    int wish, quality;       /* JPEG level 0 to 9: the client's, and the one in use; -1: lossless */
    gboolean settled;        /* it was sent every pixel as it is */
} ClientStats;

/* A client among others of its protocol: {protocol, encoding, bytes, …}. */
json_t *client_stats_to_json(const ClientStats *stats, const char *protocol);
/* Adds a client's counters to the desktop's: bytes, updates, merged, encode_us, send_us. */
void client_stats_sum(ClientStats *sum, const ClientStats *stats);
/* Adds the same to the numbers that object has already (another sink's). */
void client_stats_add_to_json(const ClientStats *sum, json_t *object);
