/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "host/agent/api-call.h"

#include <limits.h>

#define MAX_NAME  64
#define MAX_TITLE 200

json_t *
api_image_json(Host *host, const Image *image)
{
    json_t *json = image_to_json(image, inventory_count_on_image(host->inventory, image->name));
    json_object_set_new(json, "templates",
                        json_integer(template_store_count_on_image(host->templates, image->name)));
    return json;
}

json_t *
api_image_list_json(Host *host)
{
    json_t *items = json_array();
    GList *list = image_store_list(host->images);
    for (GList *at = list; at != NULL; at = at->next)
        json_array_append_new(items, api_image_json(host, at->data));
    g_list_free(list);
    return items;
}

static void
image_list(ApiCall *call)
{
    api_call_answer(call, json_pack("{s:o}", "items", api_image_list_json(api_call_host(call))),
                    -1);
}

static void
image_get(ApiCall *call)
{
    Host *host = api_call_host(call);
    g_autoptr(GError) error = NULL;
    const char *name;
    if (!api_call_get_string(call, "name", MAX_NAME, &name))
        return;
    const Image *image = image_store_find(host->images, name, &error);
    if (image != NULL)
        api_call_answer(call, api_image_json(host, image), -1);
    else
        api_call_fail(call, error);
}

static void
image_import(ApiCall *call)
{
    Host *host = api_call_host(call);
    g_autoptr(GError) error = NULL;
    const char *name, *path, *kernel = NULL, *initrd = NULL, *cmdline = "", *title = NULL;
    if (!api_call_get_string(call, "name", MAX_NAME, &name) ||
        !api_call_get_string(call, "path", PATH_MAX - 1, &path) ||
        !api_call_get_optional_string(call, "kernel", PATH_MAX - 1, &kernel) ||
        !api_call_get_optional_string(call, "initrd", PATH_MAX - 1, &initrd) ||
        !api_call_get_optional_string(call, "cmdline", MACHINE_MAX_CMDLINE, &cmdline) ||
        !api_call_get_optional_string(call, "title", MAX_TITLE, &title))
        return;
    ImageSource source = {.path = (char *)path, .kernel = (char *)kernel, .initrd = (char *)initrd};
    const Image *image = image_store_import(host->images, name, title != NULL ? title : name,
                                            cmdline, &source, &error);
    if (image != NULL)
        api_call_answer(call, api_image_json(host, image), -1);
    else
        api_call_fail(call, error);
}

static void
image_delete(ApiCall *call)
{
    Host *host = api_call_host(call);
    g_autoptr(GError) error = NULL;
    const char *name;
    if (!api_call_get_string(call, "name", MAX_NAME, &name))
        return;
    guint count = inventory_count_on_image(host->inventory, name);
    if (count > 0)
        error = g_error_new(
            ORIEL_ERROR, ORIEL_ERROR_REFUSED,
            "The image “%s” is in use (desktops that stand on it: %u); delete them first.", name,
            count);
    guint templates = template_store_count_on_image(host->templates, name);
    if (count == 0 && templates > 0)
        error = g_error_new(ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                            "The image “%s” is in use (templates of it: %u); delete them first.",
                            name, templates);
    if (error == NULL && image_store_delete(host->images, name, &error))
        api_call_answer(call, json_object(), -1);
    else
        api_call_fail(call, error);
}

static void
image_cancel(ApiCall *call)
{
    Host *host = api_call_host(call);
    g_autoptr(GError) error = NULL;
    const char *name;
    if (!api_call_get_string(call, "name", MAX_NAME, &name))
        return;
    const Image *image = image_store_cancel(host->images, name, &error);
    if (image != NULL)
        api_call_answer(call, api_image_json(host, image), -1);
    else
        api_call_fail(call, error);
}

const ApiEntry api_image_calls[] = {{"image.list", image_list},     {"image.get", image_get},
                                    {"image.import", image_import}, {"image.cancel", image_cancel},
                                    {"image.delete", image_delete}, {NULL, NULL}};
