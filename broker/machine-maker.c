/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/machine-maker.h"

#include "broker/auth/password.h"
#include "common/error.h"

/* The host that connects to the machines: the pool's, or the first one that is there. */
static HostLink *
choose_host(HostSet *hosts, const Pool *pool)
{
    GPtrArray *links = host_set_links(hosts);

    for (guint i = 0; i < links->len; i++) {
        HostLink *link = g_ptr_array_index(links, i);
        gboolean fits = !*pool->host || g_str_equal(pool->host, host_link_name(link));
        if (fits && host_link_is_up(link) &&
            json_is_true(json_object_get(host_link_info(link), "machines")))
            return link;
    }
    return NULL;
}

static gboolean
is_taken(const GPtrArray *desktops, const char *name)
{
    for (guint i = 0; i < desktops->len; i++) {
        const Desktop *desktop = g_ptr_array_index(desktops, i);
        if (!desktop->doomed && g_str_equal(desktop->machine, name))
            return TRUE;
    }
    return FALSE;
}

/* The user's own comes before those that are anybody's; NULL: none is free. why may be NULL. */
static const Machine *
choose_machine(const GPtrArray *machines, const GPtrArray *desktops, const User *user, Why *why)
{
    const Machine *chosen = NULL;

    for (guint i = 0; machines && i < machines->len; i++) {
        const Machine *machine = g_ptr_array_index(machines, i);
        gboolean own = g_strcmp0(machine->user, user->name) == 0;
        gboolean taken = is_taken(desktops, machine->name);
        if (machine->user && !own)
            continue;
        if (why && taken)
            why_add(why, "no", "The machine “%s” is in use.", machine->name);
        if (!taken && (!chosen || (own && !chosen->user)))
            chosen = machine;
    }
    return chosen;
}

static const Machine *
find_free(Store *store, const User *user, const Pool *pool, Why *why, GError **error)
{
    g_autoptr(GPtrArray) desktops = desktop_list_of_pool(store, pool->id, error);
    const Machine *machine = desktops ? choose_machine(pool->machines, desktops, user, why) : NULL;

    if (desktops && !machine)
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_BUSY,
                    "All machines of “%s” that you may use are in use. Try again later.",
                    pool->title);
    return machine;
}

static Desktop *
fresh_row(const Pool *pool, const User *user, const Machine *machine, HostLink *link)
{
    Desktop *desktop = g_new0(Desktop, 1);

    desktop->id = g_uuid_string_random();
    desktop->pool_id = g_strdup(pool->id);
    desktop->user_id = g_strdup(user->id);
    desktop->host = g_strdup(host_link_name(link));
    desktop->name = g_strdup(machine->name);
    desktop->machine = g_strdup(machine->name);
    desktop->image = g_strdup("");
    desktop->template = g_strdup("");
    desktop->created_at = now_seconds();
    return desktop;
}

Desktop *
machine_maker_make(Store *store, HostSet *hosts, const User *user, const Pool *pool, Why *why,
                   GError **error)
{
    const Machine *machine = find_free(store, user, pool, why, error);
    HostLink *link = machine ? choose_host(hosts, pool) : NULL;

    if (!machine)
        return NULL;
    if (!link) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE,
                    "No host that could connect to the machines of “%s” is there at the moment.",
                    pool->title);
        return NULL;
    }
    char *password = machine_password(store, pool->id, machine, error);
    if (!password)
        return NULL;
    password_wipe(password);
    g_autoptr(Desktop) desktop = fresh_row(pool, user, machine, link);
    if (!desktop_insert(store, desktop, error))
        return NULL;
    why_add(why, "chosen",
            machine->user ? "The machine “%s” is the user's; host “%s” connects to it."
                          : "The machine “%s” is free; host “%s” connects to it.",
            machine->name, desktop->host);
    return g_steal_pointer(&desktop);
}

gboolean
machine_maker_can(Store *store, HostSet *hosts, const User *user, const Pool *pool)
{
    return choose_host(hosts, pool) && find_free(store, user, pool, NULL, NULL);
}

json_t *
machine_maker_args(Store *store, const Desktop *desktop, const Pool *pool)
{
    const Machine *machine = pool ? machine_find(pool->machines, desktop->machine) : NULL;
    g_autoptr(GError) error = NULL;
    char *password = machine ? machine_password(store, pool->id, machine, &error) : NULL;
    json_t *place = json_pack("{s:s}", "vnc", machine ? machine->vnc : "");

    if (error) /* then the machine refuses, and the session says so */
        g_warning("%s", error->message);
    if (password && *password)
        json_object_set_new(place, "password", json_string(password));
    password_wipe(password);
    return json_pack("{s:s,s:s,s:o}", "desktop", desktop->id, "name", desktop->name, "machine",
                     place);
}
