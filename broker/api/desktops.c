/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/desktops: what the broker wants and what hosts report, side by side. */
#include "broker/api/access.h"
#include "broker/api/relay.h"
#include "broker/api/reply.h"
#include "common/error.h"

static void
set_names(Api *api, json_t *item, const Desktop *desktop)
{
    g_autoptr(Pool) pool = desktop->pool_id ? pool_find(api->store, desktop->pool_id, NULL) : NULL;
    g_autoptr(User) user = desktop->user_id ? user_find(api->store, desktop->user_id, NULL) : NULL;

    json_object_set_new(item, "pool", reply_text(pool ? pool->name : NULL));
    json_object_set_new(item, "user", reply_text(user ? user->name : NULL));
}

/* One of ours; what its host reports comes first. */
static json_t *
desktop_json(Api *api, const Desktop *desktop)
{
    HostLink *link = host_set_find(api->hosts, desktop->host);
    const json_t *reported = link ? host_link_desktop(link, desktop->id) : NULL;
    json_t *item = reported ? json_copy((json_t *)reported) : json_object();

    json_object_set_new(item, "id", json_string(desktop->id));
    json_object_set_new(item, "host", json_string(desktop->host));
    json_object_set_new(item, "name", json_string(desktop->name));
    json_object_set_new(item, "image", json_string(desktop->image));
    json_object_set_new(item, "cpus", json_integer(desktop->cpus));
    json_object_set_new(item, "memory_mib", json_integer(desktop->memory_mib));
    json_object_set_new(item, "created_at", reply_time(desktop->created_at));
    json_object_set_new(item, "known", json_true());
    json_object_set_new(item, "machine", reply_text(*desktop->machine ? desktop->machine : NULL));
    json_object_set_new(item, "spare", json_boolean(desktop->spare));
    set_names(api, item, desktop);
    if (desktop->doomed)
        json_object_set_new(item, "state", json_string("deleting"));
    else if (!reported)
        json_object_set_new(item, "state",
                            json_string(desktop->confirmed ? "unreachable" : "starting"));
    return item;
}

/* One that only its host knows. */
static json_t *
stranger_json(const json_t *reported, HostLink *link)
{
    json_t *item = relay_item(reported, link);

    json_object_set_new(item, "pool", json_null());
    json_object_set_new(item, "user", json_null());
    json_object_set_new(item, "known", json_false());
    return item;
}

static gboolean
add_host(Api *api, HostLink *link, json_t *items, GError **error)
{
    g_autoptr(GPtrArray) desktops = desktop_list_of_host(api->store, host_link_name(link), error);
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    const char *id;
    json_t *reported;

    if (!desktops)
        return FALSE;
    for (guint i = 0; i < desktops->len; i++) {
        const Desktop *desktop = g_ptr_array_index(desktops, i);
        g_hash_table_add(known, desktop->id);
        json_array_append_new(items, desktop_json(api, desktop));
    }
    json_object_foreach((json_t *)host_link_desktops(link), id,
                        reported) if (!g_hash_table_contains(known, id))
        json_array_append_new(items, stranger_json(reported, link));
    return TRUE;
}

static void
get_desktops(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    GPtrArray *links = host_set_links(api->hosts);
    g_autoptr(GError) error = NULL;
    Page page;

    if (!admin || !reply_page(request, &page))
        return;
    json_t *items = json_array();
    for (guint i = 0; i < links->len; i++)
        if (!add_host(api, g_ptr_array_index(links, i), items, &error)) {
            json_decref(items);
            http_request_respond_error(request, error);
            return;
        }
    reply_array(request, &page, items, "id");
}

/* Where a request's desktop is. */
typedef struct {
    Desktop *desktop;       /* NULL: only the host knows it */
    HostLink *link;         /* NULL: its host is not configured any more */
    const json_t *reported; /* borrowed from link; NULL when it is not reported */
} Found;

static gboolean
find_desktop(Api *api, HttpRequest *request, Found *found)
{
    const char *id = http_request_param(request, "desktop");
    GPtrArray *links = host_set_links(api->hosts);

    *found = (Found){.desktop = desktop_find(api->store, id, NULL)};
    if (found->desktop) {
        found->link = host_set_find(api->hosts, found->desktop->host);
        found->reported = found->link ? host_link_desktop(found->link, id) : NULL;
        return TRUE;
    }
    for (guint i = 0; i < links->len; i++) {
        found->link = g_ptr_array_index(links, i);
        found->reported = host_link_desktop(found->link, id);
        if (found->reported)
            return TRUE;
    }
    http_request_respond_problem(request, 404, "not-found", "There is no such desktop.");
    return FALSE;
}

static void
get_desktop(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    Found found;

    if (!admin || !find_desktop(api, request, &found))
        return;
    http_request_respond_json(request, 200,
                              found.desktop ? desktop_json(api, found.desktop)
                                            : stranger_json(found.reported, found.link));
    desktop_free(found.desktop);
}

static void
post_desktop(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(GError) error = NULL;
    Fields fields;
    const char *pool_name = NULL, *user_name = NULL;
    gboolean created = FALSE;
    json_t *body = admin ? reply_begin(request, &fields) : NULL;

    if (!body)
        return;
    fields_string(&fields, "pool", FIELD_REQUIRED, 1, 64, &pool_name);
    fields_string(&fields, "user", FIELD_REQUIRED, 1, 64, &user_name);
    if (reply_check(request, &fields)) {
        g_autoptr(Pool) pool = pool_find(api->store, pool_name, &error);
        g_autoptr(User) user = pool ? user_find(api->store, user_name, &error) : NULL;
        g_autoptr(Desktop) desktop =
            user ? session_book_prepare(api->sessions, user, pool, &created, &error) : NULL;
        if (!desktop) {
            http_request_respond_error(request, error);
        } else {
            access_audit(api, request, admin, "desktop.create", desktop->id, "ok", user->name);
            http_request_respond_json(request, created ? 201 : 200, desktop_json(api, desktop));
        }
    }
    json_decref(body);
}

/* Sends a command about the request's desktop to its host. Takes over extra, which may be NULL. */
static void
command(Api *api, HttpRequest *request, const User *admin, const char *call, json_t *extra)
{
    const char *id = http_request_param(request, "desktop");
    json_t *args = json_pack("{s:s}", "desktop", id);
    Found found;

    json_object_update(args, extra);
    json_decref(extra);
    if (find_desktop(api, request, &found) && found.link) {
        Relay relay = {.api = api,
                       .request = request,
                       .user = admin,
                       .link = found.link,
                       .status = 200,
                       .call = call,
                       .object = id};
        relay_call(&relay, json_incref(args));
    } else if (found.desktop) {
        http_request_respond_problem(request, 503, "host-unavailable",
                                     "The host of this desktop is not configured any more.");
    }
    json_decref(args);
    desktop_free(found.desktop);
}

static void
post_start(HttpRequest *request, gpointer data)
{
    g_autoptr(User) admin = access_admin(data, request);

    if (admin)
        command(data, request, admin, "desktop.start", NULL);
}

static void
post_suspend(HttpRequest *request, gpointer data)
{
    g_autoptr(User) admin = access_admin(data, request);

    if (admin)
        command(data, request, admin, "desktop.suspend", NULL);
}

static void
post_resume(HttpRequest *request, gpointer data)
{
    g_autoptr(User) admin = access_admin(data, request);

    if (admin)
        command(data, request, admin, "desktop.resume", NULL);
}

static void
post_stop(HttpRequest *request, gpointer data)
{
    g_autoptr(User) admin = access_admin(data, request);
    Fields fields;
    gboolean force = FALSE;
    json_t *body = admin ? reply_begin(request, &fields) : NULL;

    if (!body)
        return;
    fields_bool(&fields, "force", FIELD_OPTIONAL, &force);
    if (reply_check(request, &fields))
        command(data, request, admin, "desktop.stop", json_pack("{s:b}", "force", force));
    json_decref(body);
}

static void
delete_desktop(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(GError) error = NULL;
    Found found;

    if (!admin || !find_desktop(api, request, &found))
        return;
    g_autoptr(Desktop) desktop = found.desktop;
    if (!desktop) {
        Relay relay = {.api = api,
                       .request = request,
                       .user = admin,
                       .link = found.link,
                       .status = 200,
                       .call = "desktop.delete",
                       .object = http_request_param(request, "desktop")};
        relay_call(&relay, json_pack("{s:s}", "desktop", relay.object));
        return;
    }
    if (!session_book_delete_desktop(api->sessions, desktop, &error)) {
        http_request_respond_error(request, error);
        return;
    }
    access_audit(api, request, admin, "desktop.delete", desktop->id, "ok", NULL);
    http_request_respond_json(request, 200, json_object());
}

void
api_register_desktops(Api *api)
{
    http_server_route(api->server, "GET", "/api/v1/desktops", get_desktops, api);
    http_server_route(api->server, "POST", "/api/v1/desktops", post_desktop, api);
    http_server_route(api->server, "GET", "/api/v1/desktops/:desktop", get_desktop, api);
    http_server_route(api->server, "DELETE", "/api/v1/desktops/:desktop", delete_desktop, api);
    http_server_route(api->server, "POST", "/api/v1/desktops/:desktop/start", post_start, api);
    http_server_route(api->server, "POST", "/api/v1/desktops/:desktop/stop", post_stop, api);
    http_server_route(api->server, "POST", "/api/v1/desktops/:desktop/suspend", post_suspend, api);
    http_server_route(api->server, "POST", "/api/v1/desktops/:desktop/resume", post_resume, api);
}
