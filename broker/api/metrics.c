/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GET /metrics: Prometheus text, for loopback without a sign-in (a local scraper has none), for
 * administrators from elsewhere. */
#include <gio/gio.h>

#include "broker/api/access.h"
#include "broker/api/capacity-figures.h"
#include "broker/api/desktop-figures.h"
#include "oriel-config.h"

static gboolean
is_loopback(const char *peer)
{
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(peer);
    return address && g_inet_address_get_is_loopback(address);
}

static void
add(GString *text, const char *name, const char *type, const char *help, gint64 value)
{
    g_string_append_printf(text, "# HELP %s %s\n# TYPE %s %s\n%s %" G_GINT64_FORMAT "\n", name,
                           help, name, type, name, value);
}

static gint64
count(Store *store, const char *sql)
{
    g_autoptr(StoreResult) rows = store_query(store, NULL, sql, "");
    return rows ? store_result_integer(rows, 0, 0) : 0;
}

static void
add_sessions(Api *api, GString *text)
{
    g_autoptr(StoreResult) rows = store_query(
        api->store, NULL,
        "SELECT state, COUNT(*) FROM sessions WHERE ended_at IS NULL GROUP BY state", "");

    g_string_append(text, "# HELP oriel_sessions Living sessions by state.\n"
                          "# TYPE oriel_sessions gauge\n");
    for (guint i = 0; rows && i < store_result_rows(rows); i++)
        g_string_append_printf(text, "oriel_sessions{state=\"%s\"} %s\n",
                               store_result_text(rows, i, 0), store_result_text(rows, i, 1));
}

typedef struct {
    HttpRequest *request;
    GString *text;
} Pending;

static void
respond(char *figures, gpointer user)
{
    Pending *pending = user;

    g_string_append(pending->text, figures);
    g_autoptr(GBytes) body = g_string_free_to_bytes(pending->text);
    http_request_respond(pending->request, 200, "text/plain; version=0.0.4; charset=utf-8", body);
    http_request_unref(pending->request);
    g_free(pending);
    g_free(figures);
}

static void
get_metrics(HttpRequest *request, gpointer data)
{
    Api *api = data;
    GPtrArray *links = host_set_links(api->hosts);
    GString *text = g_string_new("# HELP oriel_info The broker's version.\n"
                                 "# TYPE oriel_info gauge\n"
                                 "oriel_info{version=\"" ORIEL_VERSION "\"} 1\n");
    g_autoptr(User) admin = NULL;
    gint64 up = 0, desktops = 0;

    if (!is_loopback(http_request_peer(request)) && !(admin = access_admin(api, request))) {
        g_string_free(text, TRUE);
        return;
    }
    for (guint i = 0; i < links->len; i++) {
        up += host_link_is_up(g_ptr_array_index(links, i));
        desktops += json_object_size(host_link_desktops(g_ptr_array_index(links, i)));
    }
    add(text, "oriel_start_time_seconds", "gauge", "When the broker started.", api->started_at);
    add(text, "oriel_hosts", "gauge", "Hosts of the configuration.", links->len);
    add(text, "oriel_hosts_up", "gauge", "Hosts that are there.", up);
    add(text, "oriel_desktops", "gauge", "Desktops that hosts report.", desktops);
    add(text, "oriel_users", "gauge", "Users.", count(api->store, "SELECT COUNT(*) FROM users"));
    add(text, "oriel_logins_total", "counter", "Sign-ins.", auth_logins(api->auth));
    add(text, "oriel_login_refusals_total", "counter", "Refused sign-ins.",
        auth_refusals(api->auth));
    add_sessions(api, text);
    capacity_figures_add(api, text);

    Pending *pending = g_new0(Pending, 1);
    pending->request = http_request_ref(request);
    pending->text = text;
    desktop_figures_ask(api->hosts, respond, pending);
}

void
api_register_metrics(Api *api)
{
    http_server_route(api->server, "GET", "/metrics", get_metrics, api);
}
