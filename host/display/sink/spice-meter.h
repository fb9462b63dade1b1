/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Reads along one SPICE connection and finds out how far away the client is: libspice-server pings
 * its clients, and tells nobody what came of it. The meter changes nothing and believes nothing: a
 * stream that it does not understand only has no figures.
 */

typedef enum { SPICE_METER_SERVER, SPICE_METER_CLIENT } SpiceMeterSide; /* who says it */

#define SPICE_METER_PINGS  4  /* under way at once: the main channel begins with three */
#define SPICE_METER_HEADER 18 /* bytes that are looked at, at most, of any part of the stream */

typedef struct {
    int state;
    gsize skip; /* bytes until the next part */
    gsize held; /* bytes of it in part */
    guint8 part[SPICE_METER_HEADER];
} SpiceMeterReader;

typedef struct {
    SpiceMeterReader readers[2]; /* by side */
    struct {
        guint32 id;
        gsize size; /* bytes of its filling */
        gint64 sent;
    } pings[SPICE_METER_PINGS];
    guint next_ping;
    gint64 round_trip; /* µs, of the last small ping; 0: none came back yet */
    guint64 bandwidth; /* bits a second, by the last large ping; 0: not known */
} SpiceMeter;

void spice_meter_init(SpiceMeter *meter);
/* The next bytes that side says, in pieces of any size. */
void spice_meter_feed(SpiceMeter *meter, SpiceMeterSide side, const guint8 *data, gsize size);
