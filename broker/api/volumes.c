/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/volumes: users' homes, as the broker keeps them and as their hosts report them. */
#include "broker/care/volumes.h"
#include "broker/api/access.h"
#include "broker/api/reply.h"
#include "common/error.h"

static json_t *
volume_json(gpointer item, gpointer data)
{
    Api *api = data;
    const Volume *volume = item;
    g_autoptr(Pool) pool = volume->pool_id ? pool_find(api->store, volume->pool_id, NULL) : NULL;
    g_autoptr(User) user = volume->user_id ? user_find(api->store, volume->user_id, NULL) : NULL;
    HostLink *link = host_set_find(api->hosts, volume->host);
    const json_t *reported = link ? host_link_item(link, HOST_VOLUMES, volume->id) : NULL;
    json_t *used = json_object_get(reported, "used_bytes");
    json_t *desktop = json_object_get(reported, "desktop");

    return json_pack("{s:s,s:o,s:o,s:s,s:I,s:O,s:O,s:s,s:o}", "id", volume->id, "pool",
                     reply_text(pool ? pool->name : NULL), "user",
                     reply_text(user ? user->name : NULL), "host", volume->host, "size_mib",
                     (json_int_t)volume->size_mib, "used_bytes", used ? used : json_null(),
                     "desktop", desktop ? desktop : json_null(), "state",
                     volume->doomed ? "deleting"
                     : reported     ? "ready"
                                    : "unknown",
                     "created_at", reply_time(volume->created_at));
}

static char *
volume_key(gpointer item)
{
    return g_strdup(((Volume *)item)->id);
}

static void
get_volumes(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(GError) error = NULL;
    Page page;

    if (!admin || !reply_page(request, &page))
        return;
    g_autoptr(GPtrArray) volumes = volume_list(api->store, &page, &error);
    if (!volumes)
        http_request_respond_error(request, error);
    else
        reply_list(request, &page, volumes, volume_json, api, volume_key);
}

static Volume *
named_volume(Api *api, HttpRequest *request, const User *admin)
{
    g_autoptr(GError) error = NULL;
    Volume *volume =
        admin ? volume_find(api->store, http_request_param(request, "volume"), &error) : NULL;

    if (admin && !volume)
        http_request_respond_error(request, error);
    return volume;
}

static void
get_volume(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(Volume) volume = named_volume(api, request, admin);

    if (volume)
        http_request_respond_json(request, 200, volume_json(volume, api));
}

/* What somebody wrote is never deleted but by this. */
static void
delete_volume(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(Volume) volume = named_volume(api, request, admin);
    g_autoptr(GError) error = NULL;

    if (!volume)
        return;
    if (!volume_care_delete(api->store, volume, &error)) {
        http_request_respond_error(request, error);
        return;
    }
    caretaker_wake(api->caretaker);
    access_audit(api, request, admin, "volume.delete", volume->id, "ok", NULL);
    http_request_respond_json(request, 200, json_object());
}

void
api_register_volumes(Api *api)
{
    http_server_route(api->server, "GET", "/api/v1/volumes", get_volumes, api);
    http_server_route(api->server, "GET", "/api/v1/volumes/:volume", get_volume, api);
    http_server_route(api->server, "DELETE", "/api/v1/volumes/:volume", delete_volume, api);
}
