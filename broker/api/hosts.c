/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/hosts: those of the configuration and those added here, as they are now. */
#include "broker/api/access.h"
#include "broker/api/reply.h"
#include "broker/model/desktop.h"
#include "broker/model/host.h"
#include "common/error.h"

#define ADDRESS_MAX 112 /* "unix:" and what a socket address holds */

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
    json_object_set_new(host, "templates",
                        json_integer(json_object_size(host_link_items(link, HOST_TEMPLATES))));
    json_object_set_new(host, "volumes",
                        json_integer(json_object_size(host_link_items(link, HOST_VOLUMES))));
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

/* The link of the host a path names; NULL after answering, or without an administrator. */
static HostLink *
named_host(Api *api, HttpRequest *request, const User *admin)
{
    HostLink *link = admin ? host_set_find(api->hosts, http_request_param(request, "host")) : NULL;

    if (admin && !link)
        http_request_respond_problem(request, 404, "not-found", "There is no such host.");
    return link;
}

static void
get_host(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    HostLink *link = named_host(api, request, admin);

    if (link)
        http_request_respond_json(request, 200, host_json(link));
}

/* Known first, then kept: a name or address that will not do is not written down. */
static gboolean
add_host(Api *api, const char *name, const char *address, GError **error)
{
    if (!host_set_add(api->hosts, name, address, error))
        return FALSE;
    if (host_insert(api->store, name, address, error))
        return TRUE;
    host_set_remove(api->hosts, name);
    return FALSE;
}

static void
post_host(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(GError) error = NULL;
    const char *name = NULL, *address = NULL;
    Fields fields;
    json_t *body = admin ? reply_begin(request, &fields) : NULL;

    if (!body)
        return;
    fields_name(&fields, "name", FIELD_REQUIRED, &name);
    fields_string(&fields, "address", FIELD_REQUIRED, 1, ADDRESS_MAX, &address);
    if (reply_check(request, &fields)) {
        if (!add_host(api, name, address, &error)) {
            http_request_respond_error(request, error);
        } else {
            access_audit(api, request, admin, "host.create", name, "ok", address);
            http_request_respond_json(request, 201, host_json(host_set_find(api->hosts, name)));
        }
    }
    json_decref(body);
}

static gboolean
remove_host(Api *api, const char *name, GError **error)
{
    g_autoptr(GPtrArray) desktops = desktop_list_of_host(api->store, name, error);

    if (!desktops)
        return FALSE;
    if (desktops->len > 0) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                    "%u desktops still belong to the host “%s”; delete them first.", desktops->len,
                    name);
        return FALSE;
    }
    return host_delete(api->store, name, error);
}

static void
delete_host(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(GError) error = NULL;
    HostLink *link = named_host(api, request, admin);

    if (!link)
        return;
    g_autofree char *name = g_strdup(host_link_name(link));
    if (!remove_host(api, name, &error)) {
        http_request_respond_error(request, error);
        return;
    }
    host_set_remove(api->hosts, name);
    access_audit(api, request, admin, "host.delete", name, "ok", NULL);
    http_request_respond_json(request, 200, json_object());
}

void
api_register_hosts(Api *api)
{
    http_server_route(api->server, "GET", "/api/v1/hosts", get_hosts, api);
    http_server_route(api->server, "GET", "/api/v1/hosts/:host", get_host, api);
    http_server_route(api->server, "POST", "/api/v1/hosts", post_host, api);
    http_server_route(api->server, "DELETE", "/api/v1/hosts/:host", delete_host, api);
}
