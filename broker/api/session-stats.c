/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GET /api/v1/sessions/ID/stats: what the session's display counts, for its user's viewer and for
 * administrators. */
#include "broker/api/access.h"
#include "broker/api/session-json.h"

/* Numbers of the desktop, as the display names them. */
static const char *const numbers[] = {"width",       "height",    "frames",      "updates",
                                      "merged",      "bytes",     "lossy_bytes", "damage_us",
                                      "classify_us", "encode_us", "send_us"};

static void
append_clients(json_t *clients, const json_t *figures, const char *protocol)
{
    json_t *item;
    size_t i;

    json_array_foreach(json_object_get(figures, protocol), i, item)
    {
        if (json_is_object(item))
            json_array_append(clients, item);
    }
}

static json_t *
stats_json(const json_t *figures)
{
    json_t *stats = json_object(), *clients = json_array();

    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        json_object_set_new(stats, numbers[i],
                            json_integer(json_integer_value(json_object_get(figures, numbers[i]))));
    append_clients(clients, figures, "vnc");
    append_clients(clients, figures, "spice");
    json_object_set_new(stats, "clients", clients);
    return stats;
}

static void
answered(const json_t *figures, const GError *error, gpointer user)
{
    HttpRequest *request = user;

    if (error)
        http_request_respond_error(request, error);
    else
        http_request_respond_json(request, 200, stats_json(figures));
    http_request_unref(request);
}

static void
get_stats(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) user = access_user(api, request);
    g_autoptr(Session) session = user ? session_of_request(api, request, user) : NULL;
    g_autoptr(GError) error = NULL;

    if (!session)
        return;
    g_autoptr(Desktop) desktop = desktop_find(api->store, session->desktop_id, &error);
    HostLink *link = desktop ? host_set_find(api->hosts, desktop->host) : NULL;
    if (error)
        http_request_respond_error(request, error);
    else if (!link)
        http_request_respond_problem(request, 503, "host-unavailable",
                                     "The session's host is not there at the moment.");
    else
        host_link_call(link, "desktop.stats", json_pack("{s:s}", "desktop", session->desktop_id),
                       answered, http_request_ref(request));
}

void
api_register_session_stats(Api *api)
{
    http_server_route(api->server, "GET", "/api/v1/sessions/:session/stats", get_stats, api);
}
