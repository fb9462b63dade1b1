/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet.h"

#include <pthread.h> /* rather than GLib's locks: ThreadSanitizer follows these */
#include <string.h>

/* Rooms are powers of two. The smallest holds a fill or a line of text; one larger than the largest
 * (some hundred thousand pixels that did not shrink at all) comes from the system each time. */
#define SMALLEST_BITS 8
#define LARGEST_BITS  20
#define CLASSES       (LARGEST_BITS - SMALLEST_BITS + 1)

/* Bytes that wait in a pool. What is out at a time is bounded by the clients' queues (8 MiB each);
 * one full queue's worth is kept, as a steady state that needs more has a full queue. */
#define MAX_KEPT (8 * 1024 * 1024)

struct PacketPool {
    gatomicrefcount refs; /* the owner's, and one for each packet that is out */
    pthread_mutex_t mutex;
    /* under mutex */
    Packet *kept[CLASSES];
    gsize kept_bytes;
    gboolean closed;
};

PacketPool *
packet_pool_new(void)
{
    PacketPool *pool = g_new0(PacketPool, 1);

    g_atomic_ref_count_init(&pool->refs);
    pthread_mutex_init(&pool->mutex, NULL);
    return pool;
}

static void
pool_unref(PacketPool *pool)
{
    if (!g_atomic_ref_count_dec(&pool->refs))
        return;
    pthread_mutex_destroy(&pool->mutex);
    g_free(pool);
}

void
packet_pool_free(PacketPool *pool)
{
    Packet *kept[CLASSES];

    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    memcpy(kept, pool->kept, sizeof kept);
    pool->closed = TRUE;
    pthread_mutex_unlock(&pool->mutex);
    for (guint i = 0; i < CLASSES; i++)
        while (kept[i]) {
            Packet *packet = kept[i];

            kept[i] = packet->next;
            g_free(packet);
        }
    pool_unref(pool);
}

static guint
class_of(gsize size)
{
    guint bits = size > 1 ? g_bit_storage(size - 1) : 0;

    return bits <= SMALLEST_BITS ? 0 : bits - SMALLEST_BITS;
}

static gsize
class_room(guint size_class)
{
    return (gsize)1 << (SMALLEST_BITS + size_class);
}

static Packet *
take_kept(PacketPool *pool, guint size_class)
{
    Packet *packet;

    pthread_mutex_lock(&pool->mutex);
    packet = pool->kept[size_class];
    if (packet) {
        pool->kept[size_class] = packet->next;
        pool->kept_bytes -= class_room(size_class);
    }
    pthread_mutex_unlock(&pool->mutex);
    return packet;
}

Packet *
packet_pool_take(PacketPool *pool, PacketKind kind, gsize size)
{
    guint size_class = class_of(size);
    Packet *packet = NULL;

    if (size_class >= CLASSES)
        pool = NULL;
    if (pool) {
        packet = take_kept(pool, size_class);
        g_atomic_ref_count_inc(&pool->refs);
    }
    if (!packet)
        packet = g_malloc(sizeof *packet + (pool ? class_room(size_class) : size));
    *packet = (Packet){.kind = kind, .size = size, .pool = pool, .size_class = size_class};
    packet->data = (guint8 *)(packet + 1);
    g_atomic_ref_count_init(&packet->refs);
    return packet;
}

/* TRUE when the pool keeps it. */
static gboolean
give_back(PacketPool *pool, Packet *packet)
{
    gsize room = class_room(packet->size_class);
    gboolean keep;

    pthread_mutex_lock(&pool->mutex);
    keep = !pool->closed && pool->kept_bytes + room <= MAX_KEPT;
    if (keep) {
        packet->next = pool->kept[packet->size_class];
        pool->kept[packet->size_class] = packet;
        pool->kept_bytes += room;
    }
    pthread_mutex_unlock(&pool->mutex);
    return keep;
}

Packet *
packet_new(PacketKind kind, const guint8 *data, gsize size)
{
    Packet *packet = packet_pool_take(NULL, kind, size);

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
    PacketPool *pool;

    if (!packet || !g_atomic_ref_count_dec(&packet->refs))
        return;
    pool = packet->pool;
    if (!pool || !give_back(pool, packet))
        g_free(packet);
    if (pool)
        pool_unref(pool);
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
