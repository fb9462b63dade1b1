/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/pool.h"

#include <string.h>

#include "broker/model/group.h"
#include "broker/model/rows.h"
#include "broker/model/user.h"
#include "common/error.h"

#define COLUMNS                                                                                    \
    "id, name, title, kind, image, host, cpus, memory_mib, maximum, created_at, policy, start,"    \
    " previous_image, home_mib, spares, idle_suspend_minutes, disconnected_end_minutes, disk_gib," \
    " disk_iops, disk_mibps, net_mbps, cpu_percent"
/* Their types for store_exec(), and their values. */
#define TYPES "ssssssiiiisssiiiiiiiii"
#define VALUES(pool)                                                                               \
    (pool)->id, (pool)->name, (pool)->title, (pool)->kind, (pool)->image, (pool)->host,            \
        (pool)->cpus, (pool)->memory_mib, (pool)->maximum, (pool)->created_at, (pool)->policy,     \
        (pool)->start, (pool)->previous_image, (pool)->home_mib, (pool)->spares,                   \
        (pool)->idle_suspend, (pool)->disconnected_end, (pool)->limits.disk_gib,                   \
        (pool)->limits.disk_iops, (pool)->limits.disk_mibps, (pool)->limits.net_mbps,              \
        (pool)->limits.cpu_percent

void
pool_free(Pool *pool)
{
    if (!pool)
        return;
    g_free(pool->id);
    g_free(pool->name);
    g_free(pool->title);
    g_free(pool->kind);
    g_free(pool->image);
    g_free(pool->host);
    g_strfreev(pool->entitled);
    g_free(pool->policy);
    g_free(pool->start);
    g_free(pool->previous_image);
    g_clear_pointer(&pool->machines, g_ptr_array_unref);
    g_free(pool);
}

static char **
read_entitled(Store *store, const char *id, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error,
        "SELECT CASE WHEN e.user_id IS NOT NULL THEN 'user:' || u.name"
        "            WHEN e.group_id IS NOT NULL THEN 'group:' || g.name ELSE 'everyone' END"
        " FROM entitlements e LEFT JOIN users u ON u.id = e.user_id"
        " LEFT JOIN user_groups g ON g.id = e.group_id WHERE e.pool_id = $1 ORDER BY e.position",
        "s", id);

    return rows_texts(rows);
}

static gpointer
from_row(Store *store, StoreResult *rows, guint row, GError **error)
{
    g_autoptr(Pool) pool = g_new0(Pool, 1);

    pool->id = g_strdup(store_result_text(rows, row, 0));
    pool->name = g_strdup(store_result_text(rows, row, 1));
    pool->title = g_strdup(store_result_text(rows, row, 2));
    pool->kind = g_strdup(store_result_text(rows, row, 3));
    pool->image = g_strdup(store_result_text(rows, row, 4));
    pool->host = g_strdup(store_result_text(rows, row, 5));
    pool->cpus = store_result_integer(rows, row, 6);
    pool->memory_mib = store_result_integer(rows, row, 7);
    pool->maximum = store_result_integer(rows, row, 8);
    pool->created_at = store_result_integer(rows, row, 9);
    pool->policy = g_strdup(store_result_text(rows, row, 10));
    pool->start = g_strdup(store_result_text(rows, row, 11));
    pool->previous_image = g_strdup(store_result_text(rows, row, 12));
    pool->home_mib = store_result_integer(rows, row, 13);
    pool->spares = store_result_integer(rows, row, 14);
    pool->idle_suspend = store_result_integer(rows, row, 15);
    pool->disconnected_end = store_result_integer(rows, row, 16);
    pool->limits = (PoolLimits){.disk_gib = store_result_integer(rows, row, 17),
                                .disk_iops = store_result_integer(rows, row, 18),
                                .disk_mibps = store_result_integer(rows, row, 19),
                                .net_mbps = store_result_integer(rows, row, 20),
                                .cpu_percent = store_result_integer(rows, row, 21)};
    pool->entitled = read_entitled(store, pool->id, error);
    pool->machines = pool->entitled ? machine_list(store, pool->id, error) : NULL;
    return pool->machines ? g_steal_pointer(&pool) : NULL;
}

static const RowKind pool_rows = {
    .name = "pool", .read = from_row, .free = (GDestroyNotify)pool_free};

Pool *
pool_find(Store *store, const char *id_or_name, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, "SELECT " COLUMNS " FROM pools WHERE id = $1 OR name = $1", "s", id_or_name);

    return rows_find(&pool_rows, store, rows, id_or_name, error);
}

GPtrArray *
pool_list(Store *store, const Page *page, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, "SELECT " COLUMNS " FROM pools WHERE name > $1 ORDER BY name LIMIT $2", "si",
        page->after ? page->after : "", (gint64)page->limit);

    return rows_list(&pool_rows, store, rows, error);
}

/* Finds whom a word entitles: user_id or group_id is set, or neither for "everyone". */
static gboolean
resolve(Store *store, const char *word, char **user_id, char **group_id, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (g_str_equal(word, "everyone"))
        return TRUE;
    if (g_str_has_prefix(word, "user:")) {
        g_autoptr(User) user = user_find(store, word + strlen("user:"), &problem);
        if (user) {
            *user_id = g_strdup(user->id);
            return TRUE;
        }
    } else if (g_str_has_prefix(word, "group:")) {
        g_autoptr(Group) group = group_find(store, word + strlen("group:"), &problem);
        if (group) {
            *group_id = g_strdup(group->id);
            return TRUE;
        }
    }
    if (problem && !g_error_matches(problem, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                "entitled: “%s” is not “everyone”, “user:NAME” or “group:NAME” of one there is.",
                word);
    return FALSE;
}

static gboolean
write_entitled(Store *store, const Pool *pool, GError **error)
{
    if (!store_exec(store, error, "DELETE FROM entitlements WHERE pool_id = $1", "s", pool->id))
        return FALSE;
    for (guint i = 0; pool->entitled[i]; i++) {
        g_autofree char *user_id = NULL;
        g_autofree char *group_id = NULL;
        if (!resolve(store, pool->entitled[i], &user_id, &group_id, error) ||
            !store_exec(store, error,
                        "INSERT INTO entitlements (pool_id, position, user_id, group_id)"
                        " VALUES ($1, $2, $3, $4)",
                        "siss", pool->id, (gint64)i, user_id, group_id))
            return FALSE;
    }
    return TRUE;
}

/* One transaction for the row (by that statement) and what hangs on it. */
static gboolean
write_pool(Store *store, const Pool *pool, const char *sql, GError **error)
{
    if (!store_begin(store, error))
        return FALSE;
    gboolean ok = rows_written(&pool_rows, store_exec(store, error, sql, TYPES, VALUES(pool)),
                               pool->name, error) &&
                  write_entitled(store, pool, error) &&
                  machine_write(store, pool->id, pool->machines, error);
    return store_end(store, ok, error);
}

gboolean
pool_insert(Store *store, const Pool *pool, GError **error)
{
    return write_pool(store, pool,
                      "INSERT INTO pools (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,"
                      " $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
                      error);
}

gboolean
pool_update(Store *store, const Pool *pool, GError **error)
{
    return write_pool(store, pool,
                      "UPDATE pools SET name = $2, title = $3, kind = $4, image = $5, host = $6,"
                      " cpus = $7, memory_mib = $8, maximum = $9, created_at = $10, policy = $11,"
                      " start = $12, previous_image = $13, home_mib = $14, spares = $15,"
                      " idle_suspend_minutes = $16, disconnected_end_minutes = $17,"
                      " disk_gib = $18, disk_iops = $19, disk_mibps = $20, net_mbps = $21,"
                      " cpu_percent = $22 WHERE id = $1",
                      error);
}

gboolean
pool_delete(Store *store, const char *id, GError **error)
{
    return store_exec(store, error, "DELETE FROM pools WHERE id = $1", "s", id);
}

gboolean
pool_entitles(Store *store, const char *pool_id, const char *user_id, gboolean *entitled,
              char **through, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error,
        "SELECT CASE WHEN e.user_id IS NOT NULL THEN 'user:' || u.name"
        "            WHEN e.group_id IS NOT NULL THEN 'group:' || g.name ELSE 'everyone' END"
        " FROM entitlements e LEFT JOIN users u ON u.id = e.user_id"
        " LEFT JOIN user_groups g ON g.id = e.group_id"
        " WHERE e.pool_id = $1 AND (e.user_id = $2 OR (e.user_id IS NULL AND e.group_id IS NULL)"
        " OR EXISTS (SELECT 1 FROM group_members m"
        "            WHERE m.group_id = e.group_id AND m.user_id = $2))"
        " ORDER BY e.position LIMIT 1",
        "ss", pool_id, user_id);

    if (!rows)
        return FALSE;
    *entitled = store_result_rows(rows) > 0;
    if (*entitled && through)
        *through = g_strdup(store_result_text(rows, 0, 0));
    return TRUE;
}

const char *
pool_kept(const char *policy, gint64 home_mib)
{
    if (home_mib > 0)
        return "home";
    return g_str_equal(policy, "floating") ? "nothing" : "all";
}

gboolean
pool_discards(const Pool *pool)
{
    return !g_str_equal(pool_kept(pool->policy, pool->home_mib), "all");
}

gboolean
pool_is_static(const Pool *pool)
{
    return g_str_equal(pool->policy, "static");
}

gboolean
pool_clones(const Pool *pool)
{
    return g_str_equal(pool->start, "clone") && !pool_is_static(pool);
}

gboolean
pool_can_spare(const Pool *pool)
{
    /* A home is attached when its desktop is made, and nobody knows whose that will be. */
    return !pool_is_static(pool) && pool->home_mib == 0;
}
