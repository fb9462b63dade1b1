/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/auth/throttle.h"

#define FORGET_AFTER (15 * 60 * G_USEC_PER_SEC)
#define LONGEST_WAIT 300

typedef struct {
    char *key;
    guint tries;
    gint64 last; /* when the last try was */
    gint64 closed_until;
    GList *link; /* in order */
} Entry;

struct Throttle {
    GHashTable *entries; /* key → Entry */
    GQueue order;        /* Entry; the longest quiet first */
};

static void
entry_free(gpointer data)
{
    Entry *entry = data;
    g_free(entry->key);
    g_free(entry);
}

Throttle *
throttle_new(void)
{
    Throttle *throttle = g_new0(Throttle, 1);
    throttle->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
    g_queue_init(&throttle->order);
    return throttle;
}

void
throttle_free(Throttle *throttle)
{
    if (!throttle)
        return;
    g_queue_clear(&throttle->order);
    g_hash_table_unref(throttle->entries);
    g_free(throttle);
}

static void
forget(Throttle *throttle, Entry *entry)
{
    g_queue_delete_link(&throttle->order, entry->link);
    g_hash_table_remove(throttle->entries, entry->key);
}

static void
forget_old(Throttle *throttle, gint64 now)
{
    Entry *entry;

    while ((entry = g_queue_peek_head(&throttle->order)) &&
           (g_queue_get_length(&throttle->order) > THROTTLE_ENTRIES ||
            now - entry->last > FORGET_AFTER))
        forget(throttle, entry);
}

static Entry *
touch(Throttle *throttle, const char *key, gint64 now)
{
    Entry *entry = g_hash_table_lookup(throttle->entries, key);

    if (entry) {
        g_queue_unlink(&throttle->order, entry->link);
        g_queue_push_tail_link(&throttle->order, entry->link);
    } else {
        entry = g_new0(Entry, 1);
        entry->key = g_strdup(key);
        g_queue_push_tail(&throttle->order, entry);
        entry->link = throttle->order.tail;
        g_hash_table_insert(throttle->entries, entry->key, entry);
    }
    entry->last = now;
    return entry;
}

static guint
seconds_left(Throttle *throttle, const char *key, gint64 now)
{
    Entry *entry = g_hash_table_lookup(throttle->entries, key);

    if (!entry || entry->closed_until <= now)
        return 0;
    return (entry->closed_until - now + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC;
}

static void
count(Throttle *throttle, const char *key, guint allowed, gint64 now)
{
    Entry *entry = touch(throttle, key, now);

    if (entry->tries < G_MAXUINT)
        entry->tries++;
    if (entry->tries < allowed)
        return;
    guint over = entry->tries - allowed;
    gint64 wait = over < 8 ? MIN(2 << over, LONGEST_WAIT) : LONGEST_WAIT;
    entry->closed_until = now + wait * G_USEC_PER_SEC;
}

/* A user's name holds no blank, and an address does not either. */
static char *
pair_key(const char *user, const char *address)
{
    return g_strdup_printf("%s %s", user, address);
}

guint
throttle_try(Throttle *throttle, const char *user, const char *address, gint64 now)
{
    g_autofree char *pair = pair_key(user, address);

    forget_old(throttle, now);
    guint wait = MAX(seconds_left(throttle, pair, now), seconds_left(throttle, address, now));
    if (wait)
        return wait;
    count(throttle, pair, THROTTLE_FREE, now);
    count(throttle, address, THROTTLE_FREE_ADDRESS, now);
    return 0;
}

void
throttle_forgive(Throttle *throttle, const char *user, const char *address)
{
    g_autofree char *pair = pair_key(user, address);
    const char *keys[] = {pair, address};

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        Entry *entry = g_hash_table_lookup(throttle->entries, keys[i]);
        if (!entry)
            continue;
        entry->closed_until = 0;
        if (entry->tries > 0)
            entry->tries--;
    }
}

void
throttle_success(Throttle *throttle, const char *user, const char *address)
{
    g_autofree char *pair = pair_key(user, address);

    throttle_forgive(throttle, user, address);
    Entry *entry = g_hash_table_lookup(throttle->entries, pair);
    if (entry)
        forget(throttle, entry);
}
