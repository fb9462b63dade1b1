/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "packet-cache.h"

#include <string.h>

/* A full screen of 3840 x 2160 is 130 operations or so, an ordinary one 40. */
#define ENTRIES 512

/* Kinds of clients at a time: programs, and their levels of quality. */
#define MAX_SETTINGS 6

/* One client's queue: what does not fit there is not sent at once either. */
#define MAX_BYTES (8 * 1024 * 1024)

typedef struct {
    PlanOp op;
    guint settings;
    Packet *packet; /* NULL: none */
} Entry;

struct PacketCache {
    EncodeSettings settings[MAX_SETTINGS];
    guint n_settings;
    Entry entries[ENTRIES];
    guint n_entries;
    gsize bytes;
};

PacketCache *
packet_cache_new(void)
{
    return g_new0(PacketCache, 1);
}

void
packet_cache_free(PacketCache *cache)
{
    if (!cache)
        return;
    packet_cache_drop(cache, NULL);
    g_free(cache);
}

static void
forget(PacketCache *cache, Entry *entry)
{
    cache->bytes -= entry->packet->size;
    cache->n_entries--;
    g_clear_pointer(&entry->packet, packet_unref);
}

static Entry *
entry_for(PacketCache *cache, guint settings, const PlanOp *op)
{
    guint hash = (guint)op->x * 2654435761u + (guint)op->y * 2246822519u +
                 (guint)op->width * 3266489917u + (guint)op->height * 668265263u +
                 (guint)op->kind * 97 + settings * 31;

    return &cache->entries[(hash ^ hash >> 15) % ENTRIES];
}

/* MAX_SETTINGS: not there. */
static guint
find_settings(const PacketCache *cache, const EncodeSettings *settings)
{
    for (guint i = 0; i < cache->n_settings; i++)
        if (encode_settings_equal(&cache->settings[i], settings))
            return i;
    return MAX_SETTINGS;
}

static gboolean
same_op(const PlanOp *a, const PlanOp *b)
{
    return a->kind == b->kind && a->x == b->x && a->y == b->y && a->width == b->width &&
           a->height == b->height;
}

Packet *
packet_cache_find(PacketCache *cache, const EncodeSettings *settings, const PlanOp *op)
{
    guint which = cache->n_entries ? find_settings(cache, settings) : MAX_SETTINGS;
    const Entry *entry;

    if (which == MAX_SETTINGS)
        return NULL;
    entry = entry_for(cache, which, op);
    return entry->packet && entry->settings == which && same_op(&entry->op, op)
               ? packet_ref(entry->packet)
               : NULL;
}

void
packet_cache_add(PacketCache *cache, const EncodeSettings *settings, const PlanOp *op,
                 Packet *packet)
{
    guint which = find_settings(cache, settings);
    Entry *entry;

    if (cache->bytes + packet->size > MAX_BYTES ||
        (which == MAX_SETTINGS && cache->n_settings == MAX_SETTINGS))
        packet_cache_drop(cache, NULL);
    if (which == MAX_SETTINGS || which >= cache->n_settings) {
        which = cache->n_settings++;
        cache->settings[which] = *settings;
    }
    entry = entry_for(cache, which, op);
    if (entry->packet)
        forget(cache, entry);
    *entry = (Entry){.op = *op, .settings = which, .packet = packet_ref(packet)};
    cache->n_entries++;
    cache->bytes += packet->size;
}

void
packet_cache_drop(PacketCache *cache, const pixman_region32_t *changed)
{
    for (guint i = 0; cache->n_entries && i < ENTRIES; i++) {
        Entry *entry = &cache->entries[i];
        pixman_box32_t box = {entry->op.x, entry->op.y, entry->op.x + entry->op.width,
                              entry->op.y + entry->op.height};

        if (entry->packet &&
            (!changed || pixman_region32_contains_rectangle((pixman_region32_t *)changed, &box) !=
                             PIXMAN_REGION_OUT))
            forget(cache, entry);
    }
    if (!cache->n_entries)
        cache->n_settings = 0;
}
