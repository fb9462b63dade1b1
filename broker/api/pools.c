/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/pools */
#include "broker/api/access.h"
#include "broker/api/pool-json.h"
#include "broker/api/reply.h"
#include "broker/machine-maker.h"
#include "common/error.h"

/* So many pools a chooser is shown at most. */
#define ALL_POOLS 10000

static char *
pool_key(gpointer item)
{
    return g_strdup(((Pool *)item)->name);
}

/* Whether some host that is there has the image, so that asking makes sense now. */
static gboolean
has_host(Api *api, const Pool *pool)
{
    GPtrArray *links = host_set_links(api->hosts);

    for (guint i = 0; i < links->len; i++) {
        HostLink *link = g_ptr_array_index(links, i);
        const char *state =
            json_string_value(json_object_get(host_link_image(link, pool->image), "state"));
        if (host_link_is_up(link) && g_strcmp0(state, "ready") == 0 &&
            (!*pool->host || g_str_equal(pool->host, host_link_name(link))))
            return TRUE;
    }
    return FALSE;
}

/* Whether a desktop waits for somebody. */
static gboolean
has_spare(Api *api, const Pool *pool)
{
    g_autoptr(GPtrArray) spares = desktop_list_spares(api->store, pool->id, NULL);

    for (guint i = 0; spares && i < spares->len; i++) {
        const Desktop *spare = g_ptr_array_index(spares, i);
        HostLink *link = host_set_find(api->hosts, spare->host);
        if (link && host_link_is_up(link) && g_str_equal(spare->image, pool->image))
            return TRUE;
    }
    return FALSE;
}

/* Whether the user would get a desktop of it now: theirs, or one more. */
static gboolean
is_available(Api *api, const Pool *pool, const User *user)
{
    g_autoptr(Desktop) own = desktop_find_of(api->store, pool->id, user->id, NULL);
    gint64 count = 0;

    if (own) {
        HostLink *link = host_set_find(api->hosts, own->host);
        return link && host_link_is_up(link);
    }
    if (pool_is_static(pool))
        return machine_maker_can(api->store, api->hosts, user, pool);
    if (has_spare(api, pool))
        return TRUE;
    if (pool->maximum > 0 && desktop_count_of_pool(api->store, pool->id, &count, NULL) &&
        count >= pool->maximum)
        return FALSE;
    return has_host(api, pool);
}

/* The pools the user may have, in brief. */
static void
list_mine(Api *api, HttpRequest *request, const User *user, const Page *page)
{
    Page all = {.limit = ALL_POOLS};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) pools = pool_list(api->store, &all, &error);
    json_t *items = json_array();

    for (guint i = 0; pools && i < pools->len; i++) {
        const Pool *pool = g_ptr_array_index(pools, i);
        gboolean entitled = FALSE;
        if (!pool_entitles(api->store, pool->id, user->id, &entitled, NULL, &error))
            break;
        if (entitled)
            json_array_append_new(items,
                                  json_pack("{s:s,s:s,s:s,s:s,s:b}", "id", pool->id, "name",
                                            pool->name, "kind", pool->kind, "title", pool->title,
                                            "available", is_available(api, pool, user)));
    }
    if (error) {
        json_decref(items);
        http_request_respond_error(request, error);
        return;
    }
    reply_array(request, page, items, "name");
}

static void
get_pools(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) user = access_user(api, request);
    g_autoptr(GError) error = NULL;
    Page page;

    if (!user || !reply_page(request, &page))
        return;
    if (!user_is_admin(user) || g_strcmp0(http_request_query(request, "all"), "1") != 0) {
        list_mine(api, request, user, &page);
        return;
    }
    g_autoptr(GPtrArray) pools = pool_list(api->store, &page, &error);
    if (!pools)
        http_request_respond_error(request, error);
    else
        reply_list(request, &page, pools, pool_json, NULL, pool_key);
}

/* The pool a path names, for an administrator; NULL after answering. */
static Pool *
named_pool(Api *api, HttpRequest *request, const User *admin)
{
    g_autoptr(GError) error = NULL;
    Pool *pool = admin ? pool_find(api->store, http_request_param(request, "pool"), &error) : NULL;

    if (admin && !pool)
        http_request_respond_error(request, error);
    return pool;
}

static void
get_pool(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(Pool) pool = named_pool(api, request, admin);

    if (pool)
        http_request_respond_json(request, 200, pool_json(pool, NULL));
}

static void
post_pool(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(GError) error = NULL;
    Fields fields;
    json_t *body = admin ? reply_begin(request, &fields) : NULL;

    if (!body)
        return;
    g_autoptr(Pool) pool = pool_default();
    if (pool_read(api, request, &fields, pool, FIELD_REQUIRED)) {
        if (!pool_insert(api->store, pool, &error)) {
            http_request_respond_error(request, error);
        } else {
            caretaker_wake(api->caretaker);
            access_audit(api, request, admin, "pool.create", pool->name, "ok", NULL);
            http_request_respond_json(request, 201, pool_json(pool, NULL));
        }
    }
    json_decref(body);
}

static void
patch_pool(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(Pool) pool = named_pool(api, request, admin);
    g_autoptr(GError) error = NULL;
    Fields fields;
    json_t *body = pool ? reply_begin(request, &fields) : NULL;

    if (!body)
        return;
    if (pool_read(api, request, &fields, pool, FIELD_OPTIONAL)) {
        if (!pool_update(api->store, pool, &error)) {
            http_request_respond_error(request, error);
        } else {
            caretaker_wake(api->caretaker);
            access_audit(api, request, admin, "pool.update", pool->name, "ok", NULL);
            http_request_respond_json(request, 200, pool_json(pool, NULL));
        }
    }
    json_decref(body);
}

/* Back to the image before; once more goes forward again. */
static void
post_rollback(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(Pool) pool = named_pool(api, request, admin);
    g_autoptr(GError) error = NULL;

    if (!pool)
        return;
    if (!*pool->previous_image) {
        http_request_respond_problem(request, 409, "conflict",
                                     "This pool has had no other image to go back to.");
        return;
    }
    char *image = pool->image;
    pool->image = pool->previous_image;
    pool->previous_image = image;
    if (!pool_update(api->store, pool, &error)) {
        http_request_respond_error(request, error);
        return;
    }
    caretaker_wake(api->caretaker);
    access_audit(api, request, admin, "pool.rollback", pool->name, "ok", pool->image);
    http_request_respond_json(request, 200, pool_json(pool, NULL));
}

static void
delete_pool(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(Pool) pool = named_pool(api, request, admin);
    g_autoptr(GError) error = NULL;

    if (!pool)
        return;
    if (!session_book_forget_pool(api->sessions, pool->id, &error) ||
        !pool_delete(api->store, pool->id, &error)) {
        http_request_respond_error(request, error);
        return;
    }
    caretaker_wake(api->caretaker);
    access_audit(api, request, admin, "pool.delete", pool->name, "ok", NULL);
    http_request_respond_json(request, 200, json_object());
}

void
api_register_pools(Api *api)
{
    http_server_route(api->server, "GET", "/api/v1/pools", get_pools, api);
    http_server_route(api->server, "POST", "/api/v1/pools", post_pool, api);
    http_server_route(api->server, "GET", "/api/v1/pools/:pool", get_pool, api);
    http_server_route(api->server, "PATCH", "/api/v1/pools/:pool", patch_pool, api);
    http_server_route(api->server, "DELETE", "/api/v1/pools/:pool", delete_pool, api);
    http_server_route(api->server, "POST", "/api/v1/pools/:pool/rollback", post_rollback, api);
}
