/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/api/capacity-figures.h"

static void
head(GString *text, const char *name, const char *help)
{
    g_string_append_printf(text, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* A label's value, with what would end it escaped. */
static char *
escaped(const char *value)
{
    g_auto(GStrv) lines = g_strsplit(value, "\n", -1);
    g_autofree char *line = g_strjoinv(" ", lines);
    g_auto(GStrv) slashes = g_strsplit(line, "\\", -1);
    g_autofree char *slashed = g_strjoinv("\\\\", slashes);
    g_auto(GStrv) quotes = g_strsplit(slashed, "\"", -1);

    return g_strjoinv("\\\"", quotes);
}

/* One kind of memory of each host that tells it: its own member, or one of "memory". */
static void
add_memory(GString *text, GPtrArray *links, const char *kind, gboolean of_desktops, const char *key)
{
    for (guint i = 0; i < links->len; i++) {
        HostLink *link = g_ptr_array_index(links, i);
        const json_t *info = host_link_info(link);
        const json_t *value =
            json_object_get(of_desktops ? json_object_get(info, "memory") : info, key);
        g_autofree char *host = escaped(host_link_name(link));
        if (json_is_integer(value))
            g_string_append_printf(
                text, "oriel_host_memory_mib{host=\"%s\",kind=\"%s\"} %" JSON_INTEGER_FORMAT "\n",
                host, kind, json_integer_value(value));
    }
}

static void
add_fit(GString *text, GPtrArray *links)
{
    head(text, "oriel_host_desktops_fit", "How many more desktops of their usual size fit.");
    for (guint i = 0; i < links->len; i++) {
        HostLink *link = g_ptr_array_index(links, i);
        const json_t *fit = json_object_get(host_link_info(link), "desktops_fit");
        g_autofree char *host = escaped(host_link_name(link));
        if (json_is_integer(fit))
            g_string_append_printf(
                text, "oriel_host_desktops_fit{host=\"%s\"} %" JSON_INTEGER_FORMAT "\n", host,
                json_integer_value(fit));
    }
}

static void
add_templates(GString *text, GPtrArray *links)
{
    static const char *const states[] = {"making", "ready", "failed", "stale"};

    head(text, "oriel_templates", "Templates at the hosts that are there, by state.");
    for (guint s = 0; s < G_N_ELEMENTS(states); s++) {
        guint count = 0;
        for (guint i = 0; i < links->len; i++) {
            const json_t *items = host_link_items(g_ptr_array_index(links, i), HOST_TEMPLATES);
            const char *name;
            json_t *item;
            json_object_foreach((json_t *)items, name, item)
            {
                const char *state = json_string_value(json_object_get(item, "state"));
                count += g_strcmp0(state, states[s]) == 0;
            }
        }
        g_string_append_printf(text, "oriel_templates{state=\"%s\"} %u\n", states[s], count);
    }
}

static void
add_pools(Api *api, GString *text)
{
    g_autoptr(StoreResult) rows = store_query(
        api->store, NULL,
        "SELECT p.name, COALESCE(SUM(1 - d.spare), 0), COALESCE(SUM(d.spare), 0) FROM pools p"
        " LEFT JOIN desktops d ON d.pool_id = p.id AND d.doomed = 0 GROUP BY p.name ORDER BY "
        "p.name",
        "");

    head(text, "oriel_pool_desktops", "Desktops of each pool: somebody's, or waiting.");
    for (guint i = 0; rows && i < store_result_rows(rows); i++) {
        const char *name = store_result_text(rows, i, 0);
        g_string_append_printf(text,
                               "oriel_pool_desktops{pool=\"%s\",kind=\"used\"} %s\n"
                               "oriel_pool_desktops{pool=\"%s\",kind=\"spare\"} %s\n",
                               name, store_result_text(rows, i, 1), name,
                               store_result_text(rows, i, 2));
    }
}

void
capacity_figures_add(Api *api, GString *text)
{
    GPtrArray *links = host_set_links(api->hosts);

    head(text, "oriel_host_memory_mib",
         "Memory of each host; asked: promised to desktops; used: what they take; shared: what"
         " clones have in common.");
    add_memory(text, links, "total", FALSE, "memory_mib");
    add_memory(text, links, "free", FALSE, "memory_free_mib");
    add_memory(text, links, "asked", TRUE, "asked_mib");
    add_memory(text, links, "used", TRUE, "used_mib");
    add_memory(text, links, "shared", TRUE, "shared_mib");
    add_fit(text, links);
    add_templates(text, links);
    add_pools(api, text);
}
