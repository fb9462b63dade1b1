/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/api-call.h"

#define MAX_NAME 64

json_t *
api_template_list_json(Host *host)
{
    json_t *items = json_array();
    GList *list = template_store_list(host->templates);
    for (GList *at = list; at != NULL; at = at->next)
        json_array_append_new(items, template_store_to_json(host->templates, at->data));
    g_list_free(list);
    return items;
}

static void
template_list(ApiCall *call)
{
    api_call_answer(call, json_pack("{s:o}", "items", api_template_list_json(api_call_host(call))),
                    -1);
}

/* Answers with the template, or with error. */
static void
answer(ApiCall *call, const Template *template_, const GError *error)
{
    if (template_ != NULL)
        api_call_answer(call, template_store_to_json(api_call_host(call)->templates, template_),
                        -1);
    else
        api_call_fail(call, error);
}

static void
template_get(ApiCall *call)
{
    g_autoptr(GError) error = NULL;
    const char *name;
    if (!api_call_get_string(call, "name", MAX_NAME, &name))
        return;
    answer(call, template_store_find(api_call_host(call)->templates, name, &error), error);
}

static void
template_make(ApiCall *call)
{
    g_autoptr(GError) error = NULL;
    const char *name, *image;
    Template wanted = {0};
    if (!api_call_get_string(call, "name", MAX_NAME, &name) ||
        !api_call_get_string(call, "image", MAX_NAME, &image) ||
        !api_call_get_number(call, "cpus", &wanted.cpus) ||
        !api_call_get_number(call, "memory_mib", &wanted.memory_mib) ||
        !api_call_get_number(call, "width", &wanted.width) ||
        !api_call_get_number(call, "height", &wanted.height))
        return;
    wanted.name = (char *)name;
    wanted.image = (char *)image;
    const Template *made = template_store_make(api_call_host(call)->templates, &wanted, &error);
    answer(call, made, error);
}

static void
template_cancel(ApiCall *call)
{
    g_autoptr(GError) error = NULL;
    const char *name;
    if (!api_call_get_string(call, "name", MAX_NAME, &name))
        return;
    const Template *stopped = template_store_cancel(api_call_host(call)->templates, name, &error);
    answer(call, stopped, error);
}

static void
template_delete(ApiCall *call)
{
    g_autoptr(GError) error = NULL;
    const char *name;
    if (!api_call_get_string(call, "name", MAX_NAME, &name))
        return;
    if (template_store_delete(api_call_host(call)->templates, name, &error))
        api_call_answer(call, json_object(), -1);
    else
        api_call_fail(call, error);
}

const ApiEntry api_template_calls[] = {
    {"template.list", template_list},     {"template.get", template_get},
    {"template.make", template_make},     {"template.cancel", template_cancel},
    {"template.delete", template_delete}, {NULL, NULL}};
