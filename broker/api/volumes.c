/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/volumes: users' homes, as the broker keeps them and as their hosts report them. */
#include "broker/care/volumes.h"
#include "broker/api/resource.h"

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

/* What somebody wrote is never deleted but by this. */
static gboolean
remove_volume(Api *api, gpointer row, GError **error)
{
    if (!volume_care_delete(api->store, row, error))
        return FALSE;
    caretaker_wake(api->caretaker);
    return TRUE;
}

RESOURCE_ROWS(Volume, volume)

static const Resource volumes = {
    .name = "volume",
    .find = found,
    .free = freed,
    .json = volume_json,
    .key = volume_key,
    .list = volume_list,
    .remove = remove_volume,
};

void
api_register_volumes(Api *api)
{
    gpointer bound = resource_bind(&volumes, api);

    http_server_route(api->server, "GET", "/api/v1/volumes", resource_list, bound);
    http_server_route(api->server, "GET", "/api/v1/volumes/:volume", resource_get, bound);
    http_server_route(api->server, "DELETE", "/api/v1/volumes/:volume", resource_delete, bound);
}
