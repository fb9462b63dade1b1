/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words of a pool: the older on_logoff and the policy say the same in two ways. */
#include "broker/api/pool-json.h"

#include <string.h>

#define MAX_MINUTES (60 * 24 * 365)
/* A home's size, as hosts make them (host/agent/volume-store.c). */
#define HOME_MIN_MIB 16
#define HOME_MAX_MIB (4 * 1024 * 1024)
#define MAX_MACHINES 1000

static const char *const kinds[] = {"desktop", NULL};
static const char *const logoffs[] = {"keep", "delete", NULL};
static const char *const policies[] = {"floating", "persistent", "static", NULL};
static const char *const starts[] = {"cold", "clone", NULL};

/* Where each limit is, and its bound. */
static const struct {
    const char *name;
    gsize offset;
    gint64 maximum;
} limits[] = {
    {"disk_gib", G_STRUCT_OFFSET(PoolLimits, disk_gib), 4096},
    {"disk_iops", G_STRUCT_OFFSET(PoolLimits, disk_iops), 10000000},
    {"disk_mibps", G_STRUCT_OFFSET(PoolLimits, disk_mibps), 1000000},
    {"net_mbps", G_STRUCT_OFFSET(PoolLimits, net_mbps), 1000000},
    {"cpu_percent", G_STRUCT_OFFSET(PoolLimits, cpu_percent), 6400},
};

static json_t *
limits_json(const PoolLimits *of)
{
    json_t *object = json_object();

    for (guint i = 0; i < G_N_ELEMENTS(limits); i++)
        json_object_set_new(object, limits[i].name,
                            json_integer(G_STRUCT_MEMBER(gint64, of, limits[i].offset)));
    return object;
}

static json_t *
machines_json(const GPtrArray *machines)
{
    json_t *array = json_array();

    for (guint i = 0; machines && i < machines->len; i++) {
        const Machine *machine = g_ptr_array_index(machines, i);
        json_array_append_new(array, json_pack("{s:s,s:s,s:o,s:b}", "name", machine->name, "vnc",
                                               machine->vnc, "user", reply_text(machine->user),
                                               "has_password", machine_has_password(machine)));
    }
    return array;
}

json_t *
pool_json(gpointer item, gpointer user)
{
    const Pool *pool = item;

    return json_pack(
        "{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:I,s:I,s:I,s:o,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:o,s:o,s:o}",
        "id", pool->id, "name", pool->name, "title", pool->title, "kind", pool->kind, "image",
        pool->image, "previous_image",
        reply_text(*pool->previous_image ? pool->previous_image : NULL), "host",
        reply_text(*pool->host ? pool->host : NULL), "cpus", (json_int_t)pool->cpus, "memory_mib",
        (json_int_t)pool->memory_mib, "maximum", (json_int_t)pool->maximum, "entitled",
        reply_strings((const char *const *)pool->entitled), "policy", pool->policy, "on_logoff",
        pool_discards(pool) ? "delete" : "keep", "start", pool->start, "home_mib",
        (json_int_t)pool->home_mib, "spares", (json_int_t)pool->spares, "idle_suspend_minutes",
        (json_int_t)pool->idle_suspend, "disconnected_end_minutes",
        (json_int_t)pool->disconnected_end, "limits", limits_json(&pool->limits), "machines",
        machines_json(pool->machines), "created_at", reply_time(pool->created_at));
}

Pool *
pool_default(void)
{
    Pool *pool = g_new0(Pool, 1);

    pool->id = g_uuid_string_random();
    pool->kind = g_strdup("desktop");
    pool->image = g_strdup("");
    pool->previous_image = g_strdup("");
    pool->host = g_strdup("");
    pool->cpus = 2;
    pool->memory_mib = 1024;
    pool->entitled = g_new0(char *, 1);
    pool->policy = g_strdup("persistent");
    pool->start = g_strdup("cold");
    pool->created_at = now_seconds();
    return pool;
}

static void
replace(char **field, const char *value)
{
    if (!value)
        return;
    g_free(*field);
    *field = g_strdup(value);
}

/* "limits": {…}, where what is not named stays. */
static void
read_limits(Fields *fields, PoolLimits *into)
{
    json_t *object =
        fields_has(fields, "limits") ? json_object_get(fields->object, "limits") : NULL;
    Fields inner;
    g_autoptr(GError) error = NULL;

    if (!object)
        return;
    if (!json_is_object(object)) {
        fields_refuse(fields, "limits", "must be an object");
        return;
    }
    fields_init(&inner, object);
    for (guint i = 0; i < G_N_ELEMENTS(limits); i++)
        fields_integer(&inner, limits[i].name, FIELD_OPTIONAL, 0, limits[i].maximum,
                       G_STRUCT_MEMBER_P(into, limits[i].offset));
    if (!fields_finish(&inner, &error) && !fields->error)
        fields->error = g_steal_pointer(&error);
}

/* HOST:PORT, the host a name or an address (IPv6 in brackets). */
static gboolean
is_endpoint(const char *text)
{
    const char *colon = strrchr(text, ':');
    guint64 port;

    if (!colon || colon == text || strpbrk(text, " /@?#"))
        return FALSE;
    if (memchr(text, ':', colon - text) && (*text != '[' || colon[-1] != ']'))
        return FALSE;
    return g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL);
}

/* before: the pool's machines so far; one that is not told another password keeps its own. */
static Machine *
read_machine(Fields *fields, const json_t *object, const GPtrArray *others, const GPtrArray *before)
{
    const char *name = NULL, *vnc = NULL, *user = NULL, *password = NULL;
    gboolean has_password;
    Fields inner;
    g_autoptr(GError) error = NULL;

    fields_init(&inner, object);
    fields_name(&inner, "name", FIELD_REQUIRED, &name);
    fields_string(&inner, "vnc", FIELD_REQUIRED, 3, 300, &vnc);
    if (!fields_has(&inner, "user") || !json_is_null(json_object_get(object, "user")))
        fields_string(&inner, "user", FIELD_OPTIONAL, 1, 64, &user);
    fields_string(&inner, "password", FIELD_OPTIONAL, 0, 255, &password);
    fields_bool(&inner, "has_password", FIELD_OPTIONAL, &has_password); /* as it was told */
    if (vnc && !is_endpoint(vnc))
        fields_refuse(&inner, "vnc", "must be HOST:PORT");
    if (name && machine_find(others, name))
        fields_refuse(&inner, "name", "names two machines");
    const Machine *same = name ? machine_find(before, name) : NULL;
    if (fields_finish(&inner, &error)) {
        Machine *machine = machine_new(name, vnc, user, password);
        if (!password && same)
            machine_keep_password(machine, same);
        return machine;
    }
    if (!fields->error)
        fields->error = g_steal_pointer(&error);
    return NULL;
}

static void
read_machines(Fields *fields, GPtrArray **into)
{
    json_t *array =
        fields_has(fields, "machines") ? json_object_get(fields->object, "machines") : NULL;
    g_autoptr(GPtrArray) machines = g_ptr_array_new_with_free_func((GDestroyNotify)machine_free);
    size_t i;
    json_t *item;

    if (!array)
        return;
    if (!json_is_array(array) || json_array_size(array) > MAX_MACHINES) {
        fields_refuse(fields, "machines", "must be a list of at most 1000 machines");
        return;
    }
    json_array_foreach(array, i, item)
    {
        Machine *machine = read_machine(fields, item, machines, *into);
        if (!machine)
            return;
        g_ptr_array_add(machines, machine);
    }
    g_clear_pointer(into, g_ptr_array_unref);
    *into = g_steal_pointer(&machines);
}

/* The two words for what becomes of a desktop, and how it starts. */
static void
read_policy(Fields *fields, Pool *pool, gboolean is_new)
{
    const char *policy = NULL, *start = NULL, *on_logoff = NULL;

    fields_word(fields, "policy", FIELD_OPTIONAL, policies, &policy);
    fields_word(fields, "start", FIELD_OPTIONAL, starts, &start);
    fields_word(fields, "on_logoff", FIELD_OPTIONAL, logoffs, &on_logoff);
    fields_integer(fields, "home_mib", FIELD_OPTIONAL, 0, HOME_MAX_MIB, &pool->home_mib);
    if (fields_has(fields, "home_mib") && pool->home_mib > 0 && pool->home_mib < HOME_MIN_MIB)
        fields_refuse(fields, "home_mib",
                      "must be at least " G_STRINGIFY(HOME_MIN_MIB) " MiB, or 0 for none");
    replace(&pool->policy, policy);
    if (on_logoff && !policy && pool->home_mib == 0 && !pool_is_static(pool))
        replace(&pool->policy, g_str_equal(on_logoff, "keep") ? "persistent" : "floating");
    if (on_logoff && g_str_equal(on_logoff, "keep") == pool_discards(pool))
        fields_refuse(fields, "on_logoff", "says something else than “policy” and “home_mib”");
    if (pool->home_mib > 0 && !g_str_equal(pool->policy, "persistent"))
        fields_refuse(fields, "home_mib", "needs the policy “persistent”");
    /* Who chose a policy gets clones; pools from before there were any go on as they did. */
    replace(&pool->start, start ? start : is_new && policy ? "clone" : NULL);
}

static void
check_whole(Fields *fields, const Pool *pool)
{
    gboolean is_static = pool_is_static(pool);

    if (is_static && (!pool->machines || pool->machines->len == 0))
        fields_refuse(fields, "machines", "must name the machines of a static pool");
    if (!is_static && pool->machines && pool->machines->len > 0)
        fields_refuse(fields, "machines", "are for pools with the policy “static”");
    if (is_static && pool->idle_suspend > 0)
        fields_refuse(fields, "idle_suspend_minutes", "is not for machines that are not Oriel's");
    if (!is_static && !*pool->image)
        fields_refuse(fields, "image", "is missing");
    if (pool->spares > 0 && !pool_can_spare(pool))
        fields_refuse(
            fields, "spares",
            "cannot be kept where each desktop is made with its user's home, or is static");
    if (pool->maximum > 0 && pool->spares > pool->maximum)
        fields_refuse(fields, "spares", "may not be more than “maximum”");
}

/* Whether no host that could have the image has it. A host that is away may. */
static gboolean
is_nowhere(HostSet *hosts, const char *host, const char *image)
{
    const GPtrArray *links = host_set_links(hosts);
    gboolean asked = FALSE;

    for (guint i = 0; i < links->len; i++) {
        HostLink *link = g_ptr_array_index(links, i);
        if (*host && !g_str_equal(host, host_link_name(link)))
            continue;
        if (!host_link_is_up(link) || host_link_image(link, image))
            return FALSE;
        asked = TRUE;
    }
    return asked;
}

/* Another image: the one before it is what a rollback returns to. */
static void
set_image(Pool *pool, const char *image)
{
    if (!image || g_str_equal(image, pool->image))
        return;
    g_free(pool->previous_image);
    pool->previous_image = g_steal_pointer(&pool->image);
    pool->image = g_strdup(image);
}

gboolean
pool_read(Api *api, HttpRequest *request, Fields *fields, Pool *pool, FieldNeed need)
{
    const char *name = NULL, *title = NULL, *kind = NULL, *image = NULL, *host = NULL;

    fields_name(fields, "name", need, &name);
    fields_string(fields, "title", FIELD_OPTIONAL, 1, 200, &title);
    fields_word(fields, "kind", FIELD_OPTIONAL, kinds, &kind);
    fields_name(fields, "image", FIELD_OPTIONAL, &image);
    fields_string(fields, "host", FIELD_OPTIONAL, 0, 63, &host);
    fields_integer(fields, "cpus", FIELD_OPTIONAL, 1, 64, &pool->cpus);
    fields_integer(fields, "memory_mib", FIELD_OPTIONAL, 64, 1024 * 1024, &pool->memory_mib);
    fields_integer(fields, "maximum", FIELD_OPTIONAL, 0, 100000, &pool->maximum);
    fields_integer(fields, "spares", FIELD_OPTIONAL, 0, 1000, &pool->spares);
    fields_integer(fields, "idle_suspend_minutes", FIELD_OPTIONAL, 0, MAX_MINUTES,
                   &pool->idle_suspend);
    fields_integer(fields, "disconnected_end_minutes", FIELD_OPTIONAL, 0, MAX_MINUTES,
                   &pool->disconnected_end);
    fields_strings(fields, "entitled", FIELD_OPTIONAL, 1000, &pool->entitled);
    read_policy(fields, pool, need == FIELD_REQUIRED);
    read_limits(fields, &pool->limits);
    read_machines(fields, &pool->machines);
    if (host && *host && !host_set_find(api->hosts, host))
        fields_refuse(fields, "host", "names no host of this broker");
    if (image && is_nowhere(api->hosts, host ? host : pool->host, image))
        fields_refuse(fields, "image", "is on no host that this pool may use; import it first");
    set_image(pool, image);
    check_whole(fields, pool);
    if (!reply_check(request, fields))
        return FALSE;
    replace(&pool->name, name);
    replace(&pool->title, title ? title : pool->title ? NULL : name);
    replace(&pool->kind, kind);
    replace(&pool->host, host);
    return TRUE;
}
