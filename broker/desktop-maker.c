/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/desktop-maker.h"

#include <string.h>

#include "broker/machine-maker.h"
#include "broker/model/volume.h"
#include "broker/policy/placement.h"
#include "common/error.h"

/* A host name has 63 characters, and the guest takes the desktop's name for its own. */
#define MAX_NAME 63

static const char *
state_of(const json_t *item)
{
    return json_string_value(json_object_get(item, "state"));
}

char *
desktop_maker_template(HostLink *link, const Pool *pool, const char *image)
{
    const json_t *there = host_link_image(link, image);
    TemplateShape shape = {
        .image = image,
        .version = json_string_value(json_object_get(there, "sha256")),
        .cpus = pool->cpus,
        .memory_mib = pool->memory_mib,
        .width = DESKTOP_FIRST_WIDTH,
        .height = DESKTOP_FIRST_HEIGHT,
    };

    if (!host_link_can_clone(link) || g_strcmp0(state_of(there), "ready") != 0)
        return NULL;
    return template_name(&shape);
}

/* --- choosing a host --- */

/* Memory of desktops that the host has promised and does not show as used yet. */
static gint64
reserved_mib(Store *store, HostLink *link)
{
    g_autoptr(GPtrArray) desktops = desktop_list_of_host(store, host_link_name(link), NULL);
    gint64 sum = 0;

    for (guint i = 0; desktops && i < desktops->len; i++) {
        const Desktop *desktop = g_ptr_array_index(desktops, i);
        const char *state = state_of(host_link_desktop(link, desktop->id));
        if (!desktop->doomed && (state ? g_str_equal(state, "starting") : !desktop->confirmed))
            sum += desktop->memory_mib;
    }
    return sum;
}

static gboolean
template_is_ready(HostLink *link, const Pool *pool)
{
    g_autofree char *name =
        pool_clones(pool) ? desktop_maker_template(link, pool, pool->image) : NULL;

    return name && g_strcmp0(state_of(host_link_item(link, HOST_TEMPLATES, name)), "ready") == 0;
}

/* A host keeps the last of its disk for the desktops that are there. */
static gboolean
disk_is_full(HostLink *link)
{
    const json_t *free_mib = json_object_get(host_link_info(link), "disk_free_mib");
    const json_t *reserve_mib = json_object_get(host_link_info(link), "disk_reserve_mib");

    return json_integer_value(reserve_mib) > 0 && json_is_integer(free_mib) &&
           json_integer_value(free_mib) <= json_integer_value(reserve_mib);
}

static HostLink *
choose_host(Store *store, HostSet *hosts, const Pool *pool, const char *home, Why *why,
            GError **error)
{
    GPtrArray *links = host_set_links(hosts);
    g_autofree PlacementHost *known = g_new0(PlacementHost, links->len + 1);

    for (guint i = 0; i < links->len; i++) {
        HostLink *link = g_ptr_array_index(links, i);
        const json_t *free_mib = json_object_get(host_link_info(link), "memory_free_mib");
        known[i].name = host_link_name(link);
        known[i].problem = host_link_problem(link);
        known[i].image_state = state_of(host_link_image(link, pool->image));
        known[i].memory_free_mib = json_is_integer(free_mib) ? json_integer_value(free_mib) : -1;
        known[i].reserved_mib = reserved_mib(store, link);
        known[i].disk_full = disk_is_full(link);
        known[i].template_ready = template_is_ready(link, pool);
    }
    int chosen = placement_choose(pool, home, known, links->len, why, error);
    return chosen < 0 ? NULL : g_ptr_array_index(links, chosen);
}

static gboolean
check_maximum(Store *store, const Pool *pool, Why *why, GError **error)
{
    gint64 count = 0;

    if (pool->maximum == 0)
        return TRUE;
    if (!desktop_count_of_pool(store, pool->id, &count, error))
        return FALSE;
    why_add(why, count < pool->maximum ? "yes" : "no",
            "The pool has %" G_GINT64_FORMAT " of at most %" G_GINT64_FORMAT " desktops.", count,
            pool->maximum);
    if (count < pool->maximum)
        return TRUE;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_BUSY,
                "All %" G_GINT64_FORMAT " desktops of “%s” are in use. Try again later.",
                pool->maximum, pool->title);
    return FALSE;
}

/* --- making one --- */

typedef struct {
    const char *key;
    gint64 value;
} Limit;

#define N_LIMITS 5

static void
list_limits(const PoolLimits *limits, Limit into[N_LIMITS])
{
    const Limit all[N_LIMITS] = {
        {"disk_gib", limits->disk_gib},       {"disk_iops", limits->disk_iops},
        {"disk_mibps", limits->disk_mibps},   {"net_mbps", limits->net_mbps},
        {"cpu_percent", limits->cpu_percent},
    };

    memcpy(into, all, sizeof all);
}

static gboolean
names(const json_t *array, const char *word)
{
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)array, i, item)
    {
        if (g_strcmp0(json_string_value(item), word) == 0)
            return TRUE;
    }
    return FALSE;
}

/* Says which of the pool's limits the host cannot hold. */
static void
explain_limits(HostLink *link, const Pool *pool, Why *why)
{
    const json_t *held = json_object_get(host_link_info(link), "limits");
    Limit limits[N_LIMITS];

    list_limits(&pool->limits, limits);
    for (guint i = 0; i < N_LIMITS; i++)
        if (limits[i].value > 0 && json_is_array(held) && !names(held, limits[i].key))
            why_add(why, "no", "Host “%s” cannot hold the pool's limit %s: it does not count.",
                    host_link_name(link), limits[i].key);
}

/* Which template the desktop is cloned from; "" for a cold boot, and why says the reason. */
static char *
choose_template(HostLink *link, const Pool *pool, Why *why)
{
    g_autofree char *name = NULL;

    if (!pool_clones(pool))
        return g_strdup("");
    if (!host_link_can_clone(link)) {
        why_add(why, "info", "Host “%s” makes no clones: the desktop boots cold.",
                host_link_name(link));
        return g_strdup("");
    }
    name = desktop_maker_template(link, pool, pool->image);
    const json_t *there = name ? host_link_item(link, HOST_TEMPLATES, name) : NULL;
    const char *state = state_of(there);
    const char *reason = json_string_value(json_object_get(there, "reason"));
    if (g_strcmp0(state, "ready") == 0)
        return g_steal_pointer(&name);
    if (g_strcmp0(state, "failed") == 0)
        why_add(why, "no", "Its template failed (%s): the desktop boots cold.",
                reason ? reason : "its host gave no reason");
    else
        why_add(why, "no", "Its template is %s: the desktop boots cold.",
                state ? "still being made" : "not there yet");
    return g_strdup("");
}

static Volume *
make_volume(Store *store, const User *user, const Pool *pool, const char *host, Why *why,
            GError **error)
{
    g_autoptr(Volume) volume = g_new0(Volume, 1);

    volume->id = g_uuid_string_random();
    volume->pool_id = g_strdup(pool->id);
    volume->user_id = g_strdup(user->id);
    volume->host = g_strdup(host);
    volume->size_mib = pool->home_mib;
    volume->created_at = now_seconds();
    if (!volume_insert(store, volume, error))
        return NULL;
    why_add(why, "info", "A home of %" G_GINT64_FORMAT " MiB is made for the user on host “%s”.",
            volume->size_mib, host);
    return g_steal_pointer(&volume);
}

static char *
desktop_name(const Pool *pool, const User *user, const char *id)
{
    char *name = user ? g_strdup_printf("%s-%s", pool->name, user->name)
                      : g_strdup_printf("%.40s-%.8s", pool->name, id);

    if (strlen(name) > MAX_NAME)
        name[MAX_NAME] = '\0';
    return name;
}

static Desktop *
fresh_row(const Pool *pool, const User *user, HostLink *link, const Volume *home, Why *why)
{
    Desktop *desktop = g_new0(Desktop, 1);

    desktop->id = g_uuid_string_random();
    desktop->pool_id = g_strdup(pool->id);
    desktop->user_id = g_strdup(user ? user->id : NULL);
    desktop->spare = user == NULL;
    desktop->host = g_strdup(host_link_name(link));
    desktop->name = desktop_name(pool, user, desktop->id);
    desktop->image = g_strdup(pool->image);
    desktop->cpus = pool->cpus;
    desktop->memory_mib = pool->memory_mib;
    desktop->width = DESKTOP_FIRST_WIDTH;
    desktop->height = DESKTOP_FIRST_HEIGHT;
    desktop->volume_id = g_strdup(home ? home->id : NULL);
    desktop->template = choose_template(link, pool, why);
    desktop->machine = g_strdup("");
    desktop->created_at = now_seconds();
    return desktop;
}

Desktop *
desktop_maker_make(Store *store, HostSet *hosts, const User *user, const Pool *pool, Why *why,
                   GError **error)
{
    gboolean wants_home = user && pool->home_mib > 0;
    g_autoptr(GError) problem = NULL;
    g_autoptr(Volume) home =
        wants_home ? volume_find_of(store, pool->id, user->id, &problem) : NULL;

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    if (!check_maximum(store, pool, why, error))
        return NULL;
    if (pool_is_static(pool))
        return machine_maker_make(store, hosts, user, pool, why, error);
    HostLink *link = choose_host(store, hosts, pool, home ? home->host : NULL, why, error);
    if (!link)
        return NULL;
    if (wants_home && !home &&
        !(home = make_volume(store, user, pool, host_link_name(link), why, error)))
        return NULL;
    explain_limits(link, pool, why);
    g_autoptr(Desktop) desktop = fresh_row(pool, user, link, home, why);
    if (!desktop_insert(store, desktop, error))
        return NULL;
    if (*desktop->template)
        why_add(why, "info", "A new desktop is cloned from the template “%s” on host “%s”.",
                desktop->template, desktop->host);
    else
        why_add(why, "info", "A new desktop is made from the image “%s” on host “%s”.", pool->image,
                desktop->host);
    return g_steal_pointer(&desktop);
}

/* --- spares --- */

/* How good a spare is: one that is ready is best, one that is not reported is none. */
static int
spare_rank(HostSet *hosts, const Desktop *spare, const Pool *pool)
{
    HostLink *link = host_set_find(hosts, spare->host);
    const char *state = link ? state_of(host_link_desktop(link, spare->id)) : NULL;

    if (!state || !host_link_is_up(link) || !g_str_equal(spare->image, pool->image))
        return 0;
    return g_str_equal(state, "ready") ? 2 : g_str_equal(state, "starting") ? 1 : 0;
}

Desktop *
desktop_maker_claim(Store *store, HostSet *hosts, const User *user, const Pool *pool, Why *why,
                    GError **error)
{
    g_autoptr(GPtrArray) spares = desktop_list_spares(store, pool->id, error);

    for (int rank = 2; spares && rank > 0; rank--)
        for (guint i = 0; i < spares->len; i++) {
            const Desktop *spare = g_ptr_array_index(spares, i);
            gboolean claimed = FALSE;
            if (spare_rank(hosts, spare, pool) != rank)
                continue;
            if (!desktop_claim(store, spare->id, user->id, &claimed, error))
                return NULL;
            if (!claimed)
                continue;
            why_add(why, "chosen",
                    rank == 2
                        ? "A desktop was ready and waiting on host “%s”: it is the user's now."
                        : "A desktop was starting already on host “%s”: it is the user's now.",
                    spare->host);
            return desktop_find(store, spare->id, error);
        }
    return NULL;
}

/* --- telling the host --- */

/* Only limits that are set: an older host refuses what it does not know. */
static json_t *
limits_json(const PoolLimits *limits)
{
    Limit all[N_LIMITS];
    json_t *object = json_object();

    list_limits(limits, all);
    for (guint i = 0; i < N_LIMITS; i++)
        if (all[i].value > 0)
            json_object_set_new(object, all[i].key, json_integer(all[i].value));
    return object;
}

json_t *
desktop_maker_args(Store *store, const Desktop *desktop)
{
    g_autoptr(Pool) pool = desktop->pool_id ? pool_find(store, desktop->pool_id, NULL) : NULL;
    g_autoptr(Volume) home =
        desktop->volume_id ? volume_find(store, desktop->volume_id, NULL) : NULL;

    if (*desktop->machine)
        return machine_maker_args(store, desktop, pool);
    json_t *limits = pool ? limits_json(&pool->limits) : json_object();
    json_t *args =
        json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:I}", "desktop", desktop->id, "name", desktop->name,
                  "image", desktop->image, "cpus", (json_int_t)desktop->cpus, "memory_mib",
                  (json_int_t)desktop->memory_mib, "width", (json_int_t)desktop->width, "height",
                  (json_int_t)desktop->height);

    if (*desktop->template)
        json_object_set_new(args, "template", json_string(desktop->template));
    if (home)
        json_object_set_new(
            args, "volumes",
            json_pack("[{s:s,s:I}]", "volume", home->id, "size_mib", (json_int_t)home->size_mib));
    if (json_object_size(limits) > 0)
        json_object_set(args, "limits", limits);
    json_decref(limits);
    return args;
}
