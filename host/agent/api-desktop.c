/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "host/agent/api-call.h"

#include <string.h>
#include <unistd.h>

#define MAX_IMAGE_NAME 64
#define MAX_PASSWORD   255

json_t *
api_desktop_list_json(Host *host)
{
    json_t *items = json_array();
    GList *list = inventory_list(host->inventory);
    for (GList *at = list; at != NULL; at = at->next)
        json_array_append_new(items, desktop_to_json(at->data));
    g_list_free(list);
    return items;
}

static void
desktop_list(ApiCall *call)
{
    api_call_answer(call, json_pack("{s:o}", "items", api_desktop_list_json(api_call_host(call))),
                    -1);
}

/* The desktop that the call names, or NULL: then the call was answered. */
static Desktop *
find_desktop(ApiCall *call)
{
    g_autofree char *id = NULL;
    g_autoptr(GError) error = NULL;
    if (!api_call_get_uuid(call, "desktop", &id))
        return NULL;
    Desktop *desktop = inventory_find(api_call_host(call)->inventory, id, &error);
    if (desktop == NULL)
        api_call_fail(call, error);
    return desktop;
}

static void
desktop_get(ApiCall *call)
{
    Desktop *desktop = find_desktop(call);
    if (desktop != NULL)
        api_call_answer(call, desktop_to_json(desktop), -1);
}

/* A clone's sizes may be left out: they are its template's. */
static gboolean
get_size(ApiCall *call, gboolean optional, const char *name, guint *value)
{
    return optional ? api_call_get_optional_number(call, name, value)
                    : api_call_get_number(call, name, value);
}

/* Those that are not there yet are made: they outlive the desktop, whatever becomes of it. */
static gboolean
take_volumes(Host *host, const char *desktop, const json_t *volumes, DesktopRecord *record,
             GError **error)
{
    g_autoptr(GStrvBuilder) ids = g_strv_builder_new();
    if (json_array_size(volumes) > MAX_VOLUMES) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "A desktop has at most %d volumes.",
                    MAX_VOLUMES);
        return FALSE;
    }
    for (gsize i = 0; i < json_array_size(volumes); i++) {
        const json_t *item = json_array_get(volumes, i);
        const char *text = json_string_value(json_object_get(item, "volume"));
        json_int_t size = json_integer_value(json_object_get(item, "size_mib"));
        g_autofree char *id = g_ascii_strdown(text != NULL ? text : "", -1);
        if (!inventory_ensure_volume(host->inventory, desktop, id, (guint)CLAMP(size, 0, G_MAXINT),
                                     error))
            return FALSE;
        g_strv_builder_add(ids, id);
    }
    g_strfreev(record->volumes);
    record->volumes = g_strv_builder_end(ids);
    return TRUE;
}

/* Takes over id. */
static void
create(ApiCall *call, DesktopRecord *record, char *id, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_free(record->id);
    record->id = id;
    g_free(record->name);
    record->name = g_strdup(name);
    Desktop *desktop = inventory_create(api_call_host(call)->inventory, record, &error);
    if (desktop != NULL)
        api_call_answer(call, desktop_to_json(desktop), -1);
    else
        api_call_fail(call, error);
}

/* One that runs elsewhere: {vnc, password?}. */
static void
create_remote(ApiCall *call, const json_t *machine, char *id, const char *name)
{
    DesktopRecord *record = desktop_record_new();
    const char *vnc = json_string_value(json_object_get(machine, "vnc"));
    const char *password = json_string_value(json_object_get(machine, "password"));
    g_free(record->vnc);
    record->vnc = g_strdup(vnc != NULL && vnc[0] != '\0' ? vnc : "?");
    if (password != NULL && strlen(password) <= MAX_PASSWORD)
        record->vnc_password = g_strdup(password);
    create(call, record, id, name);
}

static void
desktop_create(ApiCall *call)
{
    g_autoptr(DesktopRecord) record = desktop_record_new();
    g_autofree char *id = NULL;
    g_autoptr(GError) error = NULL;
    const char *name, *image = "", *template_name = "";
    const json_t *limits, *volumes, *machine;
    if (!api_call_get_uuid(call, "desktop", &id) ||
        !api_call_get_string(call, "name", MACHINE_MAX_NAME, &name) ||
        !api_call_get_optional_object(call, "machine", &machine))
        return;
    if (machine != NULL) {
        create_remote(call, machine, g_steal_pointer(&id), name);
        return;
    }
    if (!api_call_get_optional_string(call, "template", MAX_IMAGE_NAME, &template_name) ||
        !api_call_get_optional_array(call, "volumes", &volumes) ||
        !api_call_get_optional_object(call, "limits", &limits))
        return;
    gboolean clone = template_name[0] != '\0';
    if (!(clone ? api_call_get_optional_string(call, "image", MAX_IMAGE_NAME, &image)
                : api_call_get_string(call, "image", MAX_IMAGE_NAME, &image)) ||
        !get_size(call, clone, "cpus", &record->cpus) ||
        !get_size(call, clone, "memory_mib", &record->memory_mib) ||
        !get_size(call, clone, "width", &record->width) ||
        !get_size(call, clone, "height", &record->height))
        return;
    if (!machine_limits_from_json(&record->limits, limits, &error) ||
        !take_volumes(api_call_host(call), id, volumes, record, &error)) {
        api_call_fail(call, error);
        return;
    }
    g_free(record->template_name);
    record->template_name = g_strdup(template_name);
    g_free(record->image);
    record->image = g_strdup(image);
    create(call, g_steal_pointer(&record), g_steal_pointer(&id), name);
}

static void
api_desktop_start(ApiCall *call)
{
    g_autoptr(GError) error = NULL;
    Desktop *desktop = find_desktop(call);
    if (desktop == NULL)
        return;
    if (inventory_start(api_call_host(call)->inventory, desktop, &error))
        api_call_answer(call, desktop_to_json(desktop), -1);
    else
        api_call_fail(call, error);
}

static void
api_desktop_stop(ApiCall *call)
{
    gboolean force = FALSE;
    if (!api_call_get_optional_bool(call, "force", &force))
        return;
    Desktop *desktop = find_desktop(call);
    if (desktop == NULL)
        return;
    desktop_stop(desktop, force);
    api_call_answer(call, desktop_to_json(desktop), -1);
}

static void
api_desktop_suspend(ApiCall *call)
{
    g_autoptr(GError) error = NULL;
    Desktop *desktop = find_desktop(call);
    if (desktop == NULL)
        return;
    if (desktop_suspend(desktop, &error))
        api_call_answer(call, desktop_to_json(desktop), -1);
    else
        api_call_fail(call, error);
}

static void
on_deleted(gpointer user)
{
    api_call_answer(user, json_object(), -1);
}

static void
api_desktop_delete(ApiCall *call)
{
    g_autofree char *id = NULL;
    if (api_call_get_uuid(call, "desktop", &id))
        inventory_delete(api_call_host(call)->inventory, id, on_deleted, call);
}

static void
on_opened(int fd, const GError *error, gpointer user)
{
    if (fd < 0) {
        api_call_fail(user, error);
        return;
    }
    api_call_answer(user, json_pack("{s:i}", "fds", 1), fd);
    close(fd);
}

static void
api_desktop_open(ApiCall *call)
{
    g_autoptr(GError) error = NULL;
    const char *protocol;
    if (!api_call_get_string(call, "protocol", MAX_IMAGE_NAME, &protocol))
        return;
    gboolean known = g_str_equal(protocol, "vnc") || g_str_equal(protocol, "spice");
    Desktop *desktop = known ? find_desktop(call) : NULL;
    if (desktop != NULL) {
        desktop_open(desktop, protocol, on_opened, call);
    } else if (!known) {
        error = g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_INVALID,
                                    "“protocol” must be “vnc” or “spice”.");
        api_call_fail(call, error);
    }
}

static void
on_stats(json_t *result, const GError *error, gpointer user)
{
    if (result != NULL)
        api_call_answer(user, json_incref(result), -1);
    else
        api_call_fail(user, error);
}

static void
api_desktop_stats(ApiCall *call)
{
    Desktop *desktop = find_desktop(call);
    if (desktop != NULL)
        desktop_stats(desktop, on_stats, call);
}

const ApiEntry api_desktop_calls[] = {{"desktop.list", desktop_list},
                                      {"desktop.get", desktop_get},
                                      {"desktop.create", desktop_create},
                                      {"desktop.start", api_desktop_start},
                                      {"desktop.stop", api_desktop_stop},
                                      {"desktop.suspend", api_desktop_suspend},
                                      {"desktop.resume", api_desktop_start},
                                      {"desktop.delete", api_desktop_delete},
                                      {"desktop.open", api_desktop_open},
                                      {"desktop.stats", api_desktop_stats},
                                      {NULL, NULL}};
