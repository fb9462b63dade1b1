/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "host/agent/api-call.h"

json_t *
api_volume_json(Host *host, const Volume *volume)
{
    return volume_store_to_json(host->volumes, volume,
                                inventory_volume_owner(host->inventory, volume->id));
}

json_t *
api_volume_list_json(Host *host)
{
    json_t *items = json_array();
    GList *list = volume_store_list(host->volumes);
    for (GList *at = list; at != NULL; at = at->next)
        json_array_append_new(items, api_volume_json(host, at->data));
    g_list_free(list);
    return items;
}

static void
volume_list(ApiCall *call)
{
    api_call_answer(call, json_pack("{s:o}", "items", api_volume_list_json(api_call_host(call))),
                    -1);
}

static void
volume_get(ApiCall *call)
{
    Host *host = api_call_host(call);
    g_autofree char *id = NULL;
    g_autoptr(GError) error = NULL;
    if (!api_call_get_uuid(call, "volume", &id))
        return;
    const Volume *volume = volume_store_find(host->volumes, id, &error);
    if (volume != NULL)
        api_call_answer(call, api_volume_json(host, volume), -1);
    else
        api_call_fail(call, error);
}

static void
volume_delete(ApiCall *call)
{
    g_autofree char *id = NULL;
    g_autoptr(GError) error = NULL;
    if (!api_call_get_uuid(call, "volume", &id))
        return;
    if (inventory_delete_volume(api_call_host(call)->inventory, id, &error))
        api_call_answer(call, json_object(), -1);
    else
        api_call_fail(call, error);
}

const ApiEntry api_volume_calls[] = {{"volume.list", volume_list},
                                     {"volume.get", volume_get},
                                     {"volume.delete", volume_delete},
                                     {NULL, NULL}};
