/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GET /healthz, /readyz, /api/v1/about, /api/v1/openapi.json: without a sign-in. */
#include "broker/api/access.h"
#include "broker/api/reply.h"
#include "oriel-config.h"

static void
get_healthz(HttpRequest *request, gpointer data)
{
    http_request_respond_json(request, 200, json_pack("{s:s}", "status", "ok"));
}

/* Whether sessions could be started: the store answers, and a host is there. */
static void
get_readyz(HttpRequest *request, gpointer data)
{
    Api *api = data;
    GPtrArray *links = host_set_links(api->hosts);
    gint64 schema;
    gboolean store = store_schema(api->store, &schema, NULL);
    guint up = 0;

    for (guint i = 0; i < links->len; i++)
        up += host_link_is_up(g_ptr_array_index(links, i));
    gboolean ready = store && up > 0;
    http_request_respond_json(
        request, ready ? 200 : 503,
        json_pack("{s:b,s:b,s:i}", "ready", ready, "store", store, "hosts_up", (int)up));
}

static void
get_about(HttpRequest *request, gpointer data)
{
    Api *api = data;
    const char *title = api->public_name ? api->public_name : "Oriel";

    http_request_respond_json(
        request, 200,
        json_pack("{s:s,s:s,s:s}", "product", "Oriel", "version", ORIEL_VERSION, "title", title));
}

static void
get_openapi(HttpRequest *request, gpointer data)
{
    g_autoptr(GBytes) text = g_resources_lookup_data("/oriel/api/openapi.json", 0, NULL);

    if (text)
        http_request_respond(request, 200, "application/json", text);
    else
        http_request_respond_problem(request, 500, "failed", "The description is missing.");
}

void
api_register_health(Api *api)
{
    http_server_route(api->server, "GET", "/healthz", get_healthz, api);
    http_server_route(api->server, "GET", "/readyz", get_readyz, api);
    http_server_route(api->server, "GET", "/api/v1/about", get_about, api);
    http_server_route(api->server, "GET", "/api/v1/openapi.json", get_openapi, api);
}
