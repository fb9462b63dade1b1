/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/broker.h"

#include "broker/api/api.h"
#include "broker/api/item-waits.h"
#include "broker/api/session-waits.h"
#include "broker/care/caretaker.h"
#include "broker/gateway/gateway.h"
#include "broker/model/host.h"
#include "broker/reconciler.h"
#include "broker/state.h"
#include "common/error.h"

#define MAX_BODY            (256 * 1024)
#define MAX_CONNECTIONS     2048
#define IDLE_SECONDS        30
#define RENEW_CHECK_SECONDS (12 * 60 * 60)

struct Broker {
    const BrokerOptions *options;
    Store *store;
    Authority *authority;
    Auth *auth;
    TicketBook *tickets;
    HostSet *hosts;
    SessionBook *sessions;
    Reconciler *reconciler;
    Caretaker *caretaker;
    HttpServer *server;
    Gateway *gateway;
    Api api;
    guint renew_timer;
};

static void
host_up(HostLink *link, gpointer user)
{
    Broker *broker = user;

    reconciler_host_up(broker->reconciler, link);
    caretaker_wake(broker->caretaker);
}

static void
host_desktop_changed(HostLink *link, const json_t *desktop, gpointer user)
{
    Broker *broker = user;

    reconciler_desktop_changed(broker->reconciler, link, desktop);
    caretaker_wake(broker->caretaker);
}

static void
host_desktop_deleted(HostLink *link, const char *id, gpointer user)
{
    Broker *broker = user;

    reconciler_desktop_deleted(broker->reconciler, link, id);
    caretaker_wake(broker->caretaker);
}

static void
host_item_changed(HostLink *link, HostKind kind, const char *key, gpointer user)
{
    Broker *broker = user;

    caretaker_wake(broker->caretaker);
    if (broker->api.item_waits)
        item_waits_changed(broker->api.item_waits, link, kind, key);
}

static const HostLinkEvents host_events = {
    .up = host_up,
    .desktop_changed = host_desktop_changed,
    .desktop_deleted = host_desktop_deleted,
    .item_changed = host_item_changed,
};

/* --- the gateway's way to displays --- */

typedef struct {
    GatewayOpened opened;
    gpointer data;
} NoHost;

static gboolean
answer_no_host(gpointer user)
{
    NoHost *none = user;
    g_autoptr(GError) error = g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE,
                                                  "The desktop's host is not configured any more.");

    none->opened(-1, error, none->data);
    return G_SOURCE_REMOVE;
}

static void
open_display(const char *host, const char *desktop, const char *protocol, GatewayOpened opened,
             gpointer data, gpointer user)
{
    Broker *broker = user;
    HostLink *link = host_set_find(broker->hosts, host);

    if (link) {
        host_link_open(link, desktop, protocol, opened, data);
        return;
    }
    NoHost *none = g_new0(NoHost, 1);
    none->opened = opened;
    none->data = data;
    g_idle_add_full(G_PRIORITY_DEFAULT, answer_no_host, none, g_free);
}

static gboolean
open_state(Broker *broker, GError **error)
{
    const BrokerOptions *options = broker->options;

    if (!state_prepare(options->state_dir, error))
        return FALSE;
    broker->store = state_open_store(options->state_dir, error);
    if (!broker->store)
        return FALSE;
    broker->authority = authority_open(options->state_dir, options->public_name, error);
    if (!broker->authority)
        return FALSE;
    broker->auth = auth_new(broker->store, error);
    return broker->auth != NULL;
}

/* Those that an administrator added; where the configuration names one too, it counts. */
static gboolean
open_added_hosts(Broker *broker, GError **error)
{
    g_autoptr(GPtrArray) added = host_list(broker->store, error);

    for (guint i = 0; added && i < added->len; i++) {
        const Host *host = added->pdata[i];
        if (!host_set_find(broker->hosts, host->name) &&
            !host_set_add(broker->hosts, host->name, host->address, error))
            return FALSE;
    }
    return added != NULL;
}

static gboolean
open_hosts(Broker *broker, GError **error)
{
    const BrokerOptions *options = broker->options;

    broker->tickets = ticket_book_new();
    broker->hosts = host_set_new(&host_events, broker);
    for (char **name = options->host_names; *name; name++)
        if (!host_set_add(broker->hosts, *name, g_hash_table_lookup(options->hosts, *name), error))
            return FALSE;
    if (!open_added_hosts(broker, error))
        return FALSE;
    broker->sessions = session_book_new(broker->store, broker->hosts, broker->tickets);
    broker->reconciler =
        reconciler_new(broker->store, broker->hosts, broker->sessions, options->grace_seconds);
    broker->caretaker =
        caretaker_new(broker->store, broker->hosts, broker->sessions, broker->tickets);
    return TRUE;
}

static gboolean
open_server(Broker *broker, GError **error)
{
    HttpServerOptions options = {
        .certificate_file = authority_certificate_file(broker->authority),
        .key_file = authority_key_file(broker->authority),
        .max_body = MAX_BODY,
        .max_connections = MAX_CONNECTIONS,
        .max_connections_of_address = broker->options->connections_of_address,
        .idle_seconds = IDLE_SECONDS,
    };

    broker->server = http_server_new(&options, error);
    return broker->server != NULL;
}

static gboolean
open_port(Broker *broker, GError **error)
{
    GatewayOptions options = {
        .http = broker->server,
        .tickets = broker->tickets,
        .certificate_file = authority_certificate_file(broker->authority),
        .key_file = authority_key_file(broker->authority),
        .addresses = (const char *const *)broker->options->addresses,
        .port = broker->options->port,
        .backend = {.open = open_display},
        .backend_user = broker,
    };

    broker->gateway = gateway_new(&options, error);
    return broker->gateway != NULL;
}

static void
open_api(Broker *broker)
{
    Api *api = &broker->api;

    api->server = broker->server;
    api->store = broker->store;
    api->auth = broker->auth;
    api->authority = broker->authority;
    api->hosts = broker->hosts;
    api->sessions = broker->sessions;
    api->tickets = broker->tickets;
    api->caretaker = broker->caretaker;
    api->public_name = broker->options->public_name;
    api->port = gateway_port(broker->gateway);
    api->started_at = now_seconds();
    api->waits = session_waits_new(api);
    api->item_waits = item_waits_new();
    api_register(api);
}

/* Connections from now on get the new certificate; those that live keep theirs. */
static gboolean
renew(gpointer user)
{
    Broker *broker = user;
    g_autoptr(GError) error = NULL;
    gboolean renewed = FALSE;

    if (!authority_renew(broker->authority, &renewed, &error) ||
        (renewed && (!http_server_reload_certificate(broker->server, &error) ||
                     !gateway_reload_certificate(broker->gateway, &error))))
        g_warning("The certificate was not renewed: %s", error->message);
    else if (renewed)
        g_message("The certificate was renewed; its SHA-256 fingerprint is %s.",
                  authority_fingerprint(broker->authority));
    return G_SOURCE_CONTINUE;
}

Broker *
broker_new(const BrokerOptions *options, GError **error)
{
    g_autoptr(Broker) broker = g_new0(Broker, 1);

    broker->options = options;
    /* The port last: who can connect finds everything there. */
    if (!open_state(broker, error) || !open_hosts(broker, error) || !open_server(broker, error) ||
        !open_port(broker, error))
        return NULL;
    open_api(broker);
    broker->renew_timer = g_timeout_add_seconds(RENEW_CHECK_SECONDS, renew, broker);
    return g_steal_pointer(&broker);
}

void
broker_free(Broker *broker)
{
    if (!broker)
        return;
    g_clear_handle_id(&broker->renew_timer, g_source_remove);
    gateway_free(broker->gateway);
    session_waits_free(broker->api.waits);
    g_clear_pointer(&broker->api.item_waits, item_waits_free);
    http_server_free(broker->server);
    g_clear_pointer(&broker->api.bound, g_ptr_array_unref);
    reconciler_free(broker->reconciler);
    host_set_free(broker->hosts);
    caretaker_free(broker->caretaker);
    session_book_free(broker->sessions);
    ticket_book_free(broker->tickets);
    auth_free(broker->auth);
    authority_free(broker->authority);
    store_free(broker->store);
    g_free(broker);
}

guint16
broker_port(Broker *broker)
{
    return gateway_port(broker->gateway);
}

const char *
broker_fingerprint(Broker *broker)
{
    return authority_fingerprint(broker->authority);
}
