/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/http/http-private.h"

#include <string.h>

/* So many more than allowed still hear why, a quarter of them at least this many: a TLS handshake
 * for each is what that costs. */
#define TOLD_AT_LEAST 16

/* Whom an address stands for. Who has an IPv6 address has its whole /64. */
static char *
client_key(const char *peer)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(peer);

    if (!address || g_inet_address_get_family(address) != G_SOCKET_FAMILY_IPV6)
        return g_strdup(peer);
    guint8 bytes[16] = {0};
    memcpy(bytes, g_inet_address_to_bytes(address), 8);
    g_autoptr(GInetAddress) network = g_inet_address_new_from_bytes(bytes, G_SOCKET_FAMILY_IPV6);
    return g_inet_address_to_string(network);
}

static guint
count_of(HttpServer *server, const char *key)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(server->addresses, key));
}

ClientsVerdict
http_clients_judge(HttpServer *server, const char *peer)
{
    guint allowed = server->options.max_connections_of_address;
    g_autofree char *key = client_key(peer);
    guint count = count_of(server, key);

    if (allowed == 0 || count < allowed)
        return CLIENTS_TAKE;
    return count - allowed < MAX(allowed / 4, TOLD_AT_LEAST) ? CLIENTS_REFUSE : CLIENTS_CLOSE;
}

char *
http_clients_add(HttpServer *server, const char *peer)
{
    char *key = client_key(peer);

    g_hash_table_insert(server->addresses, g_strdup(key),
                        GUINT_TO_POINTER(count_of(server, key) + 1));
    return key;
}

void
http_clients_remove(HttpServer *server, char *key)
{
    guint count = count_of(server, key);

    if (count > 1)
        g_hash_table_insert(server->addresses, g_strdup(key), GUINT_TO_POINTER(count - 1));
    else
        g_hash_table_remove(server->addresses, key);
    g_free(key);
}
