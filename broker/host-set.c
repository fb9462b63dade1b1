/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/host-set.h"

#include <string.h>

#include "common/error.h"

struct HostSet {
    GPtrArray *links;
    HostLinkEvents events;
    gpointer user;
};

HostSet *
host_set_new(const HostLinkEvents *events, gpointer user)
{
    HostSet *set = g_new0(HostSet, 1);

    set->links = g_ptr_array_new_with_free_func((GDestroyNotify)host_link_free);
    if (events)
        set->events = *events;
    set->user = user;
    return set;
}

void
host_set_free(HostSet *set)
{
    if (!set)
        return;
    g_ptr_array_unref(set->links);
    g_free(set);
}

gboolean
host_set_add(HostSet *set, const char *name, const char *address, GError **error)
{
    if (!g_str_has_prefix(address, "unix:/")) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                    "The host “%s” has the address “%s”; it must be unix:/PATH.", name, address);
        return FALSE;
    }
    if (host_set_find(set, name)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_EXISTS, "The host “%s” is named twice.", name);
        return FALSE;
    }
    g_ptr_array_add(set->links,
                    host_link_new(name, address + strlen("unix:"), &set->events, set->user));
    return TRUE;
}

void
host_set_remove(HostSet *set, const char *name)
{
    HostLink *link = host_set_find(set, name);

    if (link)
        g_ptr_array_remove(set->links, link);
}

HostLink *
host_set_find(HostSet *set, const char *name)
{
    for (guint i = 0; i < set->links->len; i++) {
        HostLink *link = g_ptr_array_index(set->links, i);
        if (g_str_equal(host_link_name(link), name))
            return link;
    }
    return NULL;
}

GPtrArray *
host_set_links(HostSet *set)
{
    return set->links;
}
