/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/templates: what hosts clone desktops from. */
#include "broker/care/templates.h"
#include "broker/api/access.h"
#include "broker/api/item-waits.h"
#include "broker/api/relay.h"
#include "broker/api/reply.h"
#include "broker/desktop-maker.h"
#include "common/error.h"

#define ALL_POOLS 10000

static json_t *
template_json(const json_t *template, HostLink *link)
{
    json_t *item = relay_item(template, link);
    const char *name = json_string_value(json_object_get(item, "name"));

    json_object_set_new(item, "desktops", json_integer(template_care_desktops(link, name)));
    return item;
}

/* Adds the names of the pools whose desktops are cloned from each template. */
static void
add_pools(Api *api, HostLink *link, json_t *items)
{
    Page all = {.limit = ALL_POOLS};
    g_autoptr(GPtrArray) pools = pool_list(api->store, &all, NULL);
    size_t i;
    json_t *item;

    json_array_foreach(items, i, item)
    {
        const char *name = json_string_value(json_object_get(item, "name"));
        json_t *names = json_array();
        for (guint p = 0; pools && p < pools->len; p++) {
            const Pool *pool = g_ptr_array_index(pools, p);
            g_autofree char *wanted = pool_clones(pool) && template_care_serves(link, pool)
                                          ? desktop_maker_template(link, pool, pool->image)
                                          : NULL;
            if (g_strcmp0(wanted, name) == 0)
                json_array_append_new(names, json_string(pool->name));
        }
        json_object_set_new(item, "pools", names);
    }
}

static void
get_templates(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    GPtrArray *links = host_set_links(api->hosts);
    json_t *items, *template;
    const char *name;
    Page page;

    if (!admin || !reply_page(request, &page))
        return;
    items = json_array();
    for (guint i = 0; i < links->len; i++) {
        HostLink *link = g_ptr_array_index(links, i);
        json_t *of_host = json_array();
        json_object_foreach((json_t *)host_link_items(link, HOST_TEMPLATES), name, template)
            json_array_append_new(of_host, template_json(template, link));
        add_pools(api, link, of_host);
        json_array_extend(items, of_host);
        json_decref(of_host);
    }
    reply_array(request, &page, items, "name");
}

static void
get_template(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    HostLink *link = admin ? relay_owner(api, request, HOST_TEMPLATES) : NULL;

    if (link)
        item_waits_answer(api->item_waits, request, link, HOST_TEMPLATES,
                          http_request_param(request, "template"), template_json);
}

/* The host that is to make the pool's template: the one named, or the first that can. */
static HostLink *
making_host(Api *api, const Pool *pool, const char *host, char **name)
{
    GPtrArray *links = host_set_links(api->hosts);

    for (guint i = 0; i < links->len; i++) {
        HostLink *link = g_ptr_array_index(links, i);
        if ((host && !g_str_equal(host, host_link_name(link))) || !template_care_serves(link, pool))
            continue;
        *name = desktop_maker_template(link, pool, pool->image);
        if (*name)
            return link;
    }
    return NULL;
}

static void
make(Api *api, HttpRequest *request, const User *admin, const char *pool_name, const char *host)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Pool) pool = pool_find(api->store, pool_name, &error);
    g_autofree char *name = NULL;

    if (!pool) {
        http_request_respond_error(request, error);
        return;
    }
    HostLink *link = making_host(api, pool, host, &name);
    if (!link) {
        g_autofree char *detail = g_strdup_printf(
            "No host that serves “%s” is there, has its image “%s” ready and makes templates.",
            pool->name, pool->image);
        http_request_respond_problem(request, 409, "conflict", detail);
        return;
    }
    Relay relay = {.api = api,
                   .request = request,
                   .user = admin,
                   .link = link,
                   .status = 201,
                   .call = "template.make",
                   .object = name};
    relay_call(&relay, template_care_args(pool, pool->image, name));
}

static void
post_template(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    const char *pool = NULL, *host = NULL;
    Fields fields;
    json_auto_t *body = admin ? reply_begin(request, &fields) : NULL;

    if (!body)
        return;
    fields_string(&fields, "pool", FIELD_REQUIRED, 1, 64, &pool);
    fields_string(&fields, "host", FIELD_OPTIONAL, 1, 63, &host);
    if (host && !host_set_find(api->hosts, host))
        fields_refuse(&fields, "host", "names no host of this broker");
    if (reply_check(request, &fields))
        make(api, request, admin, pool, host);
}

static void
delete_template(HttpRequest *request, gpointer data)
{
    relay_to_owner(data, request, HOST_TEMPLATES, "template.delete");
}

/* Ends a making; one that is over stays as it is. It is made again when somebody asks. */
static void
post_cancel(HttpRequest *request, gpointer data)
{
    relay_to_owner(data, request, HOST_TEMPLATES, "template.cancel");
}

void
api_register_templates(Api *api)
{
    http_server_route(api->server, "GET", "/api/v1/templates", get_templates, api);
    http_server_route(api->server, "POST", "/api/v1/templates", post_template, api);
    http_server_route(api->server, "GET", "/api/v1/templates/:template", get_template, api);
    http_server_route(api->server, "DELETE", "/api/v1/templates/:template", delete_template, api);
    http_server_route(api->server, "POST", "/api/v1/templates/:template/cancel", post_cancel, api);
}
