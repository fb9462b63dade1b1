/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/api-call.h"
#include "host/agent/resources.h"
#include "oriel-config.h"

/* What one desktop needs where there is none to learn from. */
#define USUAL_MIB 1024

static guint
usual_mib(Host *host, const InventoryMemory *memory)
{
    GList *templates = template_store_list(host->templates);
    guint mib = memory->usual_mib;
    if (mib == 0 && templates != NULL)
        mib = ((const Template *)templates->data)->memory_mib;
    g_list_free(templates);
    return mib > 0 ? mib : USUAL_MIB;
}

static void
add_room(Host *host, json_t *info, const Resources *resources, guint64 memory_free_mib)
{
    InventoryMemory memory;
    inventory_memory(host->inventory, &memory);
    guint64 each = usual_mib(host, &memory) + RESOURCES_OVERHEAD_MIB;
    json_object_set_new(info, "memory",
                        json_pack("{s:I, s:I, s:I}", "asked_mib", (json_int_t)memory.asked_mib,
                                  "used_mib", (json_int_t)memory.used_mib, "shared_mib",
                                  (json_int_t)memory.shared_mib));
    gboolean room =
        resources_admit_disk(resources, (guint64)host->settings->disk_reserve_mib, NULL);
    json_object_set_new(info, "desktops_fit",
                        json_integer(room ? (json_int_t)(memory_free_mib / each) : 0));
    json_object_set_new(info, "disk_reserve_mib", json_integer(host->settings->disk_reserve_mib));
    json_object_set_new(info, "limits", machine_limits_held());
    json_object_set_new(info, "machines", json_true());
    GList *volumes = volume_store_list(host->volumes);
    json_object_set_new(info, "volumes", json_integer(g_list_length(volumes)));
    g_list_free(volumes);
}

static void
host_info(ApiCall *call)
{
    Host *host = api_call_host(call);
    const ProviderFacts *facts = host->provider->ops->facts(host->provider);
    GList *images = image_store_list(host->images);
    Resources resources;
    inventory_resources(host->inventory, &resources);
    guint64 memory_free = resources_memory_free(&resources, inventory_promised_mib(host->inventory),
                                                (guint64)host->settings->memory_reserve_mib);
    json_t *info = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:i, s:i, s:i, s:I}", "name",
        host->settings->name, "version", ORIEL_VERSION, "provider", facts->name, "provider_version",
        facts->version, "accelerator", facts->accelerator, "accelerator_reason",
        facts->accelerator_reason, "cpus", (int)resources.cpus, "memory_mib",
        (json_int_t)resources.memory_mib, "memory_free_mib", (json_int_t)memory_free,
        "disk_free_mib", (json_int_t)resources.disk_free_mib, "desktops",
        (int)inventory_count(host->inventory), "images", (int)g_list_length(images), "templates",
        (int)template_store_count(host->templates), "uptime_s",
        (json_int_t)((g_get_monotonic_time() - host->started_at) / G_USEC_PER_SEC));
    g_list_free(images);
    add_room(host, info, &resources, memory_free);
    api_call_answer(call, info, -1);
}

static void
host_watch(ApiCall *call)
{
    Host *host = api_call_host(call);
    api_call_watch(call);
    api_call_answer(call,
                    json_pack("{s:o, s:o, s:o, s:o}", "desktops", api_desktop_list_json(host),
                              "images", api_image_list_json(host), "templates",
                              api_template_list_json(host), "volumes", api_volume_list_json(host)),
                    -1);
}

const ApiEntry api_host_calls[] = {{"host.info", host_info}, {"watch", host_watch}, {NULL, NULL}};
