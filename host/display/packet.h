/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Encoded bytes of one rectangle, made once by a worker and then sent to every client with the same
 * settings: reference counted, immutable once published, any thread. The bytes begin with the
 * rectangle's RFB header (x, y, w, h, encoding: PACKET_HEADER bytes).
 */

#define PACKET_HEADER 12

typedef enum {
    PACKET_WHOLE, /* send as it is */
    /* ZRLE and Zlib run one deflate stream a client. data is the header, 4 bytes length, and
     * self-contained deflate blocks; the client's first such packet needs the zlib header (2 bytes,
     * counted in the length) before the blocks. */
    PACKET_STREAM,
} PacketKind;

/* Packets that keep their memory from one use to the next, so that a steady state allocates
 * nothing: whoever makes packets has a pool. Taken on one thread, given back on any. */
typedef struct PacketPool PacketPool;

typedef struct Packet {
    gatomicrefcount refs;
    PacketKind kind;
    gboolean lossy;
    int x, y, width, height;
    gsize size;
    guint8 *data;
    /* the pool's */
    PacketPool *pool; /* NULL: none, memory is returned to the system */
    struct Packet *next;
    guint size_class;
} Packet;

PacketPool *packet_pool_new(void);
/* The owner's end: packets that are still out keep what they need. Takes NULL. */
void packet_pool_free(PacketPool *pool);
/* A packet with room for size bytes, which are not set. pool NULL: from the system. */
Packet *packet_pool_take(PacketPool *pool, PacketKind kind, gsize size);

/* Copies the bytes; from the system. */
Packet *packet_new(PacketKind kind, const guint8 *data, gsize size);
Packet *packet_ref(Packet *packet);
void packet_unref(Packet *packet);
/* Writes the RFB rectangle header. */
void packet_put_header(guint8 *to, int x, int y, int width, int height, gint32 encoding);
