/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/pools */
#include "broker/api/access.h"
#include "broker/api/pool-json.h"
#include "broker/api/resource.h"
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
    g_autoptr(GPtrArray) all = pool_list(api->store, &page, &error);
    if (!all)
        http_request_respond_error(request, error);
    else
        reply_list(request, &page, all, pool_json, NULL, pool_key);
}

static gpointer
make_pool(void)
{
    return pool_default();
}

static gboolean
read_pool(Api *api, HttpRequest *request, Fields *fields, gpointer row, FieldNeed need)
{
    return pool_read(api, request, fields, row, need);
}

static gboolean
write_pool(Api *api, gpointer row, gboolean is_new, GError **error)
{
    if (!(is_new ? pool_insert(api->store, row, error) : pool_update(api->store, row, error)))
        return FALSE;
    caretaker_wake(api->caretaker);
    return TRUE;
}

static gboolean
remove_pool(Api *api, gpointer row, GError **error)
{
    const Pool *pool = row;

    if (!session_book_forget_pool(api->sessions, pool->id, error) ||
        !pool_delete(api->store, pool->id, error))
        return FALSE;
    caretaker_wake(api->caretaker);
    return TRUE;
}

RESOURCE_ROWS(Pool, pool)

/* The list is for users, too: get_pools(). */
static const Resource pools = {
    .name = "pool",
    .find = found,
    .free = freed,
    .json = pool_json,
    .key = pool_key,
    .remove = remove_pool,
    .make = make_pool,
    .read = read_pool,
    .write = write_pool,
};

/* Back to the image before; once more goes forward again. */
static void
post_rollback(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(Pool) pool = resource_named(&pools, api, request, admin);
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
    if (!write_pool(api, pool, FALSE, &error)) {
        http_request_respond_error(request, error);
        return;
    }
    access_audit(api, request, admin, "pool.rollback", pool->name, "ok", pool->image);
    http_request_respond_json(request, 200, pool_json(pool, NULL));
}

void
api_register_pools(Api *api)
{
    gpointer bound = resource_bind(&pools, api);

    http_server_route(api->server, "POST", "/api/v1/pools", resource_post, bound);
    http_server_route(api->server, "GET", "/api/v1/pools/:pool", resource_get, bound);
    http_server_route(api->server, "PATCH", "/api/v1/pools/:pool", resource_patch, bound);
    http_server_route(api->server, "DELETE", "/api/v1/pools/:pool", resource_delete, bound);
    http_server_route(api->server, "GET", "/api/v1/pools", get_pools, api);
    http_server_route(api->server, "POST", "/api/v1/pools/:pool/rollback", post_rollback, api);
}
