/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/auth/throttle.h"

#include <gio/gio.h>
#include <string.h>

#define FORGET_AFTER (15 * 60 * G_USEC_PER_SEC)
#define LONGEST_WAIT 300

typedef struct {
    char *key;
    guint tries;
    gint64 last; /* when the last try was */
    gint64 closed_until;
    gint64 told; /* the closed_until that throttle_first_wait() has spoken of */
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

/* What of an address counts: all of an IPv4 address, the network part of an IPv6 address. */
static char *
address_key(const char *address)
{
    static const guint8 mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    g_autoptr(GInetAddress) parsed = g_inet_address_new_from_string(address);
    guint8 bytes[16] = {0};

    if (!parsed || g_inet_address_get_family(parsed) != G_SOCKET_FAMILY_IPV6)
        return g_strdup(address);
    const guint8 *whole = g_inet_address_to_bytes(parsed);
    if (memcmp(whole, mapped, sizeof mapped) == 0)
        return g_strdup(address);
    memcpy(bytes, whole, sizeof bytes / 2);
    g_autoptr(GInetAddress) network = g_inet_address_new_from_bytes(bytes, G_SOCKET_FAMILY_IPV6);
    return g_inet_address_to_string(network);
}

typedef struct {
    char *pair; /* a user's name holds no blank, and an address does not either */
    char *address;
} Keys;

static void
keys_init(Keys *keys, const char *user, const char *address)
{
    keys->address = address_key(address);
    keys->pair = g_strdup_printf("%s %s", user, keys->address);
}

static void
keys_clear(Keys *keys)
{
    g_free(keys->pair);
    g_free(keys->address);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Keys, keys_clear)

guint
throttle_try(Throttle *throttle, const char *user, const char *address, gint64 now)
{
    g_auto(Keys) keys;

    keys_init(&keys, user, address);
    forget_old(throttle, now);
    guint wait =
        MAX(seconds_left(throttle, keys.pair, now), seconds_left(throttle, keys.address, now));
    if (wait)
        return wait;
    count(throttle, keys.pair, THROTTLE_FREE, now);
    count(throttle, keys.address, THROTTLE_FREE_ADDRESS, now);
    return 0;
}

static gboolean
first_wait(Throttle *throttle, const char *key, gint64 now)
{
    Entry *entry = g_hash_table_lookup(throttle->entries, key);

    if (!entry || entry->closed_until <= now || entry->told == entry->closed_until)
        return FALSE;
    entry->told = entry->closed_until;
    return TRUE;
}

gboolean
throttle_first_wait(Throttle *throttle, const char *user, const char *address, gint64 now)
{
    g_auto(Keys) keys;

    keys_init(&keys, user, address);
    gboolean of_pair = first_wait(throttle, keys.pair, now);
    return first_wait(throttle, keys.address, now) || of_pair;
}

static void
forgive(Throttle *throttle, const char *key)
{
    Entry *entry = g_hash_table_lookup(throttle->entries, key);

    if (!entry)
        return;
    entry->closed_until = 0;
    if (entry->tries > 0)
        entry->tries--;
}

void
throttle_forgive(Throttle *throttle, const char *user, const char *address)
{
    g_auto(Keys) keys;

    keys_init(&keys, user, address);
    forgive(throttle, keys.pair);
    forgive(throttle, keys.address);
}

void
throttle_success(Throttle *throttle, const char *user, const char *address)
{
    g_auto(Keys) keys;

    keys_init(&keys, user, address);
    forgive(throttle, keys.address);
    Entry *entry = g_hash_table_lookup(throttle->entries, keys.pair);
    if (entry)
        forget(throttle, entry);
}
