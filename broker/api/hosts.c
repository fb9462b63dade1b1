/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/hosts: those of the configuration, as they are now. */
#include "broker/api/access.h"
#include "broker/api/reply.h"

static json_t *
host_json(HostLink *link)
{
    const json_t *info = host_link_info(link);
    json_t *host = info ? json_copy((json_t *)info) : json_object();

    /* The name is the configuration's: what a host calls itself is its own matter. */
    json_object_set_new(host, "name", json_string(host_link_name(link)));
    json_object_set_new(host, "state", json_string(host_link_is_up(link) ? "up" : "down"));
    json_object_set_new(host, "reason", reply_text(host_link_problem(link)));
    json_object_set_new(host, "desktops", json_integer(json_object_size(host_link_desktops(link))));
    json_object_set_new(host, "images", json_integer(json_object_size(host_link_images(link))));
    return host;
}

static void
get_hosts(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    GPtrArray *links = host_set_links(api->hosts);
    Page page;

    if (!admin || !reply_page(request, &page))
        return;
    json_t *items = json_array();
    for (guint i = 0; i < links->len; i++)
        json_array_append_new(items, host_json(g_ptr_array_index(links, i)));
    reply_array(request, &page, items, "name");
}

static void
get_host(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);

    if (!admin)
        return;
    HostLink *link = host_set_find(api->hosts, http_request_param(request, "host"));
    if (link)
        http_request_respond_json(request, 200, host_json(link));
    else
        http_request_respond_problem(request, 404, "not-found", "There is no such host.");
}

void
api_register_hosts(Api *api)
{
    http_server_route(api->server, "GET", "/api/v1/hosts", get_hosts, api);
    http_server_route(api->server, "GET", "/api/v1/hosts/:host", get_host, api);
}
