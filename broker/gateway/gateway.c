/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/gateway/gateway-private.h"

#include <unistd.h>

#define MAX_SILENT            512
#define MAX_SILENT_OF_ADDRESS 128
#define SILENT_SECONDS        10
#define MAX_SPICE_STREAMS     1024
/* without a ticket yet; who has shown one is known, and many viewers may share an address */
#define MAX_SPICE_UNKNOWN_OF_ADDRESS 256

struct Opening {
    GatewayOpened opened; /* NULL: cancelled */
    gpointer data;
};

static void
opening_done(int fd, const GError *error, gpointer data)
{
    Opening *opening = data;

    if (opening->opened)
        opening->opened(fd, error, opening->data);
    else if (fd >= 0)
        close(fd);
    g_free(opening);
}

Opening *
opening_start(Gateway *gateway, const TicketGrant *grant, GatewayOpened opened, gpointer data)
{
    Opening *opening = g_new0(Opening, 1);

    opening->opened = opened;
    opening->data = data;
    gateway->backend.open(grant->host, grant->desktop,
                          grant->protocol == TICKET_VNC ? "vnc" : "spice", opening_done, opening,
                          gateway->backend_user);
    return opening;
}

void
opening_cancel(Opening *opening)
{
    if (opening)
        opening->opened = NULL;
}

static void
gateway_tls(int fd, const char *peer, gpointer user)
{
    Gateway *gateway = user;
    g_autoptr(GError) error = NULL;

    if (!http_server_adopt(gateway->http, fd, &error))
        g_message("A connection of %s was closed: %s", peer, error->message);
}

static guint
spice_unknown_of(Gateway *gateway, const char *peer)
{
    guint count = 0;

    for (guint i = 0; i < gateway->spice_streams->len; i++)
        count += spice_stream_is_unknown(gateway->spice_streams->pdata[i], peer);
    return count;
}

static void
gateway_connect(int fd, const char *peer, gpointer user)
{
    Gateway *gateway = user;

    if (gateway->spice_streams->len >= MAX_SPICE_STREAMS) {
        g_message("A connection of %s was closed: %u SPICE streams are open already.", peer,
                  gateway->spice_streams->len);
        close(fd);
        return;
    }
    if (spice_unknown_of(gateway, peer) >= MAX_SPICE_UNKNOWN_OF_ADDRESS) {
        g_message("A connection of %s was closed: it has too many without a ticket.", peer);
        close(fd);
        return;
    }
    spice_stream_start(gateway, fd, peer);
}

static gboolean
gateway_listen(Gateway *gateway, const GatewayOptions *options, GError **error)
{
    static const ListenerEvents events = {gateway_tls, gateway_connect};
    ListenerOptions listen = {
        .addresses = options->addresses,
        .port = options->port,
        .max_silent = MAX_SILENT,
        .max_silent_of_address = MAX_SILENT_OF_ADDRESS,
        .silent_seconds = SILENT_SECONDS,
    };

    gateway->listener = listener_new(&listen, &events, gateway, error);
    return gateway->listener != NULL;
}

Gateway *
gateway_new(const GatewayOptions *options, GError **error)
{
    g_autoptr(Gateway) gateway = g_new0(Gateway, 1);

    gateway->http = options->http;
    gateway->tickets = options->tickets;
    gateway->certificate_file = g_strdup(options->certificate_file);
    gateway->key_file = g_strdup(options->key_file);
    gateway->origins = g_strdupv((GStrv)options->origins);
    gateway->backend = options->backend;
    gateway->backend_user = options->backend_user;
    gateway->spice_streams = g_ptr_array_new();
    gateway->vnc_streams = g_ptr_array_new();
    gateway->key = spice_key_new(error);
    if (!gateway->key || !gateway_reload_certificate(gateway, error) ||
        !gateway_listen(gateway, options, error))
        return NULL;
    http_server_route_socket(gateway->http, "/stream/vnc", vnc_stream_check, vnc_stream_opened,
                             gateway);
    return g_steal_pointer(&gateway);
}

void
gateway_free(Gateway *gateway)
{
    if (!gateway)
        return;
    listener_free(gateway->listener);
    while (gateway->spice_streams->len > 0)
        spice_stream_free(gateway->spice_streams->pdata[0]);
    g_ptr_array_unref(gateway->spice_streams);
    while (gateway->vnc_streams->len > 0)
        vnc_stream_close(gateway->vnc_streams->pdata[0], 1012);
    g_ptr_array_unref(gateway->vnc_streams);
    spice_key_free(gateway->key);
    tls_identity_unref(gateway->identity);
    g_strfreev(gateway->origins);
    g_free(gateway->certificate_file);
    g_free(gateway->key_file);
    g_free(gateway);
}

guint16
gateway_port(Gateway *gateway)
{
    return listener_port(gateway->listener);
}

gboolean
gateway_reload_certificate(Gateway *gateway, GError **error)
{
    TlsIdentity *identity = tls_identity_new(gateway->certificate_file, gateway->key_file, error);

    if (!identity)
        return FALSE;
    tls_identity_unref(gateway->identity);
    gateway->identity = identity;
    return TRUE;
}
