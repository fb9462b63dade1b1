/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-meter.h"

#include <spice/enums.h>
#include <spice/protocol.h>
#include <string.h>

#define LARGE_PING    (64 << 10)  /* the bandwidth test fills 250 KiB, the others nothing */
#define MAX_MESSAGE   (256 << 20) /* larger ones are none: this is no SPICE */
#define TICKET        128         /* bytes of an encrypted password: RSA with 1024 bits */
#define LINK_HEADER   16
#define MINI_HEADER   6
#define PING_HEAD     (MINI_HEADER + 12) /* with id and time; a pong begins in the same way */
#define MAX_LINK_SIZE 4096

/* What a stream is made of: the link message and its rest, then what says who one is (a result by
 * the server; a mechanism and a ticket by the client), then messages. */
enum { PART_LINK, PART_AUTH, PART_MESSAGE, PART_PING, PART_LOST };

static guint32
word(const guint8 *at)
{
    guint32 value;
    memcpy(&value, at, sizeof value);
    return GUINT32_FROM_LE(value);
}

static void
ping_sent(SpiceMeter *meter, guint32 id, gsize size)
{
    guint slot = meter->next_ping++ % SPICE_METER_PINGS;
    meter->pings[slot].id = id;
    meter->pings[slot].size = size;
    meter->pings[slot].sent = g_get_monotonic_time();
}

static void
pong_came(SpiceMeter *meter, guint32 id)
{
    for (guint i = 0; i < SPICE_METER_PINGS; i++) {
        if (!meter->pings[i].sent || meter->pings[i].id != id)
            continue;
        gint64 took = MAX(g_get_monotonic_time() - meter->pings[i].sent, 1);
        meter->pings[i].sent = 0;
        if (meter->pings[i].size < LARGE_PING)
            meter->round_trip = took;
        else
            meter->bandwidth = (guint64)meter->pings[i].size * 8 * G_USEC_PER_SEC /
                               (guint64)MAX(took - meter->round_trip, took / 8 + 1);
        return;
    }
}

/* How many bytes of the part that begins have to be seen. */
static gsize
wanted(const SpiceMeterReader *reader, SpiceMeterSide side)
{
    switch (reader->state) {
    case PART_LINK:
        return LINK_HEADER;
    case PART_AUTH:
        return sizeof(guint32);
    case PART_MESSAGE:
        return MINI_HEADER;
    default:
        return PING_HEAD;
    }
}

static void
read_message(SpiceMeter *meter, SpiceMeterReader *reader, SpiceMeterSide side)
{
    guint type = reader->part[0] | (guint)reader->part[1] << 8;
    gsize size = word(reader->part + 2);
    guint interesting = side == SPICE_METER_SERVER ? SPICE_MSG_PING : SPICE_MSGC_PONG;
    gboolean is_ping = type == interesting && size >= PING_HEAD - MINI_HEADER;
    if (size > MAX_MESSAGE) {
        reader->state = PART_LOST;
    } else if (reader->state == PART_MESSAGE && is_ping) {
        reader->state = PART_PING; /* what is held stays, and the rest of its head is added */
    } else if (reader->state == PART_PING) {
        guint32 id = word(reader->part + MINI_HEADER);
        if (side == SPICE_METER_SERVER)
            ping_sent(meter, id, size - (PING_HEAD - MINI_HEADER));
        else
            pong_came(meter, id);
        reader->state = PART_MESSAGE;
        reader->held = 0;
        reader->skip = size - (PING_HEAD - MINI_HEADER);
    } else {
        reader->held = 0;
        reader->skip = size;
    }
}

static void
read_part(SpiceMeter *meter, SpiceMeterReader *reader, SpiceMeterSide side)
{
    switch (reader->state) {
    case PART_LINK:
        reader->skip = word(reader->part + 12);
        reader->state = word(reader->part) == SPICE_MAGIC && reader->skip <= MAX_LINK_SIZE
                            ? PART_AUTH
                            : PART_LOST;
        reader->held = 0;
        break;
    case PART_AUTH:
        reader->state = PART_MESSAGE;
        if (side == SPICE_METER_CLIENT) {
            reader->skip = TICKET;
            if (word(reader->part) != SPICE_COMMON_CAP_AUTH_SPICE)
                reader->state = PART_LOST;
        }
        reader->held = 0;
        break;
    default:
        read_message(meter, reader, side);
    }
}

void
spice_meter_init(SpiceMeter *meter)
{
    *meter = (SpiceMeter){.readers = {{.state = PART_LINK}, {.state = PART_LINK}}};
}

void
spice_meter_feed(SpiceMeter *meter, SpiceMeterSide side, const guint8 *data, gsize size)
{
    SpiceMeterReader *reader = &meter->readers[side];
    while (size > 0 && reader->state != PART_LOST) {
        gsize part = MIN(size, reader->skip);
        if (part == 0) {
            part = MIN(size, wanted(reader, side) - reader->held);
            memcpy(reader->part + reader->held, data, part);
            reader->held += part;
            if (reader->held == wanted(reader, side))
                read_part(meter, reader, side);
        } else {
            reader->skip -= part;
        }
        data += part;
        size -= part;
    }
}
