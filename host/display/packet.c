/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet.h"

#include <string.h>

Packet *
packet_new(PacketKind kind, const guint8 *data, gsize size)
{
    Packet *packet = g_malloc(sizeof *packet + size);

    memset(packet, 0, sizeof *packet);
    g_atomic_ref_count_init(&packet->refs);
    packet->kind = kind;
    packet->size = size;
    packet->data = (guint8 *)(packet + 1);
    if (size)
        memcpy(packet->data, data, size);
    return packet;
}

Packet *
packet_ref(Packet *packet)
{
    g_atomic_ref_count_inc(&packet->refs);
    return packet;
}

void
packet_unref(Packet *packet)
{
    if (packet && g_atomic_ref_count_dec(&packet->refs))
        g_free(packet);
}

static guint8 *
put16(guint8 *to, int value)
{
    to[0] = (guint8)(value >> 8);
    to[1] = (guint8)value;
    return to + 2;
}

void
packet_put_header(guint8 *to, int x, int y, int width, int height, gint32 encoding)
{
    guint32 code = GUINT32_TO_BE((guint32)encoding);

    to = put16(put16(put16(put16(to, x), y), width), height);
    memcpy(to, &code, sizeof code);
}
