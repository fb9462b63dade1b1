/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/care/templates.h"

#include "broker/desktop-maker.h"
#include "broker/policy/template-name.h"
#include "common/error.h"

/* So many pools are more than any broker has. */
#define ALL_POOLS 10000
/* A making or deletion that a host refused is tried again after so long, not at each event. */
#define RETRY_SECONDS 60

struct TemplateCare {
    Store *store;
    HostSet *hosts;
    GHashTable *asked; /* "HOST/NAME" of calls under way (0), or refused (gint64 *: when) */
};

typedef struct {
    TemplateCare *care;
    char *key;
} Asked;

TemplateCare *
template_care_new(Store *store, HostSet *hosts)
{
    TemplateCare *care = g_new0(TemplateCare, 1);

    care->store = store;
    care->hosts = hosts;
    care->asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return care;
}

void
template_care_free(TemplateCare *care)
{
    if (!care)
        return;
    g_hash_table_unref(care->asked);
    g_free(care);
}

gboolean
template_care_serves(HostLink *link, const Pool *pool)
{
    return !*pool->host || g_str_equal(pool->host, host_link_name(link));
}

json_t *
template_care_args(const Pool *pool, const char *image, const char *name)
{
    return json_pack("{s:s,s:s,s:I,s:I,s:i,s:i}", "name", name, "image", image, "cpus",
                     (json_int_t)pool->cpus, "memory_mib", (json_int_t)pool->memory_mib, "width",
                     DESKTOP_FIRST_WIDTH, "height", DESKTOP_FIRST_HEIGHT);
}

static void
answered(const json_t *result, const GError *error, gpointer user)
{
    Asked *asked = user;

    /* A host that went away, or did not answer in time, is asked again when it is there. */
    gboolean passing = g_error_matches(error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE) ||
                       g_error_matches(error, ORIEL_ERROR, ORIEL_ERROR_TIMEOUT);

    if (error && !passing) {
        gint64 *when = g_new(gint64, 1);
        *when = now_seconds();
        g_message("Template %s: %s", asked->key, error->message);
        g_hash_table_replace(asked->care->asked, g_strdup(asked->key), when);
    } else {
        g_hash_table_remove(asked->care->asked, asked->key);
    }
    g_free(asked->key);
    g_free(asked);
}

/* Calls the host about a template, unless that was just done. Takes over args. */
static void
ask(TemplateCare *care, HostLink *link, const char *call, const char *name, json_t *args)
{
    g_autofree char *key = g_strdup_printf("%s/%s", host_link_name(link), name);
    const gint64 *when = NULL;

    if (g_hash_table_lookup_extended(care->asked, key, NULL, (gpointer *)&when) &&
        (!when || now_seconds() - *when < RETRY_SECONDS)) {
        json_decref(args);
        return;
    }
    Asked *asked = g_new0(Asked, 1);
    asked->care = care;
    asked->key = g_strdup(key);
    g_hash_table_replace(care->asked, g_strdup(key), NULL);
    host_link_call(link, call, args, answered, asked);
}

/* Adds the name to wanted, and has the template made if it is not there. */
static void
want(TemplateCare *care, HostLink *link, const Pool *pool, const char *image, gboolean make,
     GHashTable *wanted)
{
    char *name = *image ? desktop_maker_template(link, pool, image) : NULL;

    if (!name)
        return;
    if (make && !host_link_item(link, HOST_TEMPLATES, name))
        ask(care, link, "template.make", name, template_care_args(pool, image, name));
    g_hash_table_add(wanted, name);
}

guint
template_care_desktops(HostLink *link, const char *name)
{
    const char *id;
    json_t *desktop;
    guint count = 0;

    json_object_foreach((json_t *)host_link_desktops(link), id, desktop)
    {
        if (g_strcmp0(json_string_value(json_object_get(desktop, "template")), name) == 0)
            count++;
    }
    return count;
}

/* Templates of ours that no pool wants, once no desktop stands on them. */
static void
drop_unwanted(TemplateCare *care, HostLink *link, GHashTable *wanted)
{
    const char *name;
    json_t *template;

    json_object_foreach((json_t *)host_link_items(link, HOST_TEMPLATES), name, template)
    {
        if (template_name_is_ours(name) && !g_hash_table_contains(wanted, name) &&
            template_care_desktops(link, name) == 0)
            ask(care, link, "template.delete", name, json_pack("{s:s}", "name", name));
    }
}

static void
see_to_host(TemplateCare *care, HostLink *link, GPtrArray *pools)
{
    g_autoptr(GHashTable) wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < pools->len; i++) {
        const Pool *pool = g_ptr_array_index(pools, i);
        if (!pool_clones(pool) || !template_care_serves(link, pool))
            continue;
        want(care, link, pool, pool->image, TRUE, wanted);
        want(care, link, pool, pool->previous_image, FALSE, wanted);
    }
    drop_unwanted(care, link, wanted);
}

void
template_care_run(TemplateCare *care)
{
    Page all = {.limit = ALL_POOLS};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) pools = pool_list(care->store, &all, &error);
    GPtrArray *links = host_set_links(care->hosts);

    if (!pools) {
        g_warning("Templates: %s", error->message);
        return;
    }
    for (guint i = 0; i < links->len; i++)
        if (host_link_can_clone(g_ptr_array_index(links, i)))
            see_to_host(care, g_ptr_array_index(links, i), pools);
}
