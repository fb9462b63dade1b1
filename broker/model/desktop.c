/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/desktop.h"

#include "broker/model/rows.h"

#define COLUMNS                                                                                    \
    "id, pool_id, user_id, host, name, image, cpus, memory_mib, width, height, confirmed, doomed," \
    " created_at, template, volume_id, spare, machine"

void
desktop_free(Desktop *desktop)
{
    if (!desktop)
        return;
    g_free(desktop->id);
    g_free(desktop->pool_id);
    g_free(desktop->user_id);
    g_free(desktop->host);
    g_free(desktop->name);
    g_free(desktop->image);
    g_free(desktop->template);
    g_free(desktop->volume_id);
    g_free(desktop->machine);
    g_free(desktop);
}

static gpointer
from_row(Store *store, StoreResult *rows, guint row, GError **error)
{
    Desktop *desktop = g_new0(Desktop, 1);

    desktop->id = g_strdup(store_result_text(rows, row, 0));
    desktop->pool_id = g_strdup(store_result_text(rows, row, 1));
    desktop->user_id = g_strdup(store_result_text(rows, row, 2));
    desktop->host = g_strdup(store_result_text(rows, row, 3));
    desktop->name = g_strdup(store_result_text(rows, row, 4));
    desktop->image = g_strdup(store_result_text(rows, row, 5));
    desktop->cpus = store_result_integer(rows, row, 6);
    desktop->memory_mib = store_result_integer(rows, row, 7);
    desktop->width = store_result_integer(rows, row, 8);
    desktop->height = store_result_integer(rows, row, 9);
    desktop->confirmed = store_result_integer(rows, row, 10) != 0;
    desktop->doomed = store_result_integer(rows, row, 11) != 0;
    desktop->created_at = store_result_integer(rows, row, 12);
    desktop->template = g_strdup(store_result_text(rows, row, 13));
    desktop->volume_id = g_strdup(store_result_text(rows, row, 14));
    desktop->spare = store_result_integer(rows, row, 15) != 0;
    desktop->machine = g_strdup(store_result_text(rows, row, 16));
    return desktop;
}

static const RowKind desktop_rows = {
    .name = "desktop", .read = from_row, .free = (GDestroyNotify)desktop_free};

Desktop *
desktop_find(Store *store, const char *id, GError **error)
{
    g_autoptr(StoreResult) rows =
        store_query(store, error, "SELECT " COLUMNS " FROM desktops WHERE id = $1", "s", id);

    return rows_find(&desktop_rows, store, rows, id, error);
}

GPtrArray *
desktop_list_of_host(Store *store, const char *host, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, "SELECT " COLUMNS " FROM desktops WHERE host = $1 ORDER BY created_at, id",
        "s", host);
    return rows_list(&desktop_rows, store, rows, error);
}

Desktop *
desktop_find_of(Store *store, const char *pool_id, const char *user_id, GError **error)
{
    g_autoptr(StoreResult) rows =
        store_query(store, error,
                    "SELECT " COLUMNS " FROM desktops WHERE pool_id = $1 AND user_id = $2"
                    " AND doomed = 0 ORDER BY created_at DESC, id LIMIT 1",
                    "ss", pool_id, user_id);
    return rows_first(&desktop_rows, store, rows, error);
}

gboolean
desktop_count_of_pool(Store *store, const char *pool_id, gint64 *count, GError **error)
{
    g_autoptr(StoreResult) rows =
        store_query(store, error, "SELECT COUNT(*) FROM desktops WHERE pool_id = $1 AND doomed = 0",
                    "s", pool_id);
    if (!rows)
        return FALSE;
    *count = store_result_integer(rows, 0, 0);
    return TRUE;
}

GPtrArray *
desktop_list_of_pool(Store *store, const char *pool_id, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, "SELECT " COLUMNS " FROM desktops WHERE pool_id = $1 AND doomed = 0", "s",
        pool_id);
    return rows_list(&desktop_rows, store, rows, error);
}

GPtrArray *
desktop_list_of_user(Store *store, const char *user_id, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, "SELECT " COLUMNS " FROM desktops WHERE user_id = $1 AND doomed = 0", "s",
        user_id);
    return rows_list(&desktop_rows, store, rows, error);
}

GPtrArray *
desktop_list_spares(Store *store, const char *pool_id, GError **error)
{
    g_autoptr(StoreResult) rows =
        store_query(store, error,
                    "SELECT " COLUMNS " FROM desktops WHERE pool_id = $1 AND spare = 1"
                    " AND doomed = 0 ORDER BY created_at, id",
                    "s", pool_id);
    return rows_list(&desktop_rows, store, rows, error);
}

GPtrArray *
desktop_list_of_volume(Store *store, const char *volume_id, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, "SELECT " COLUMNS " FROM desktops WHERE volume_id = $1 ORDER BY created_at",
        "s", volume_id);
    return rows_list(&desktop_rows, store, rows, error);
}

gboolean
desktop_claim(Store *store, const char *id, const char *user_id, gboolean *claimed, GError **error)
{
    g_autoptr(StoreResult) rows =
        store_query(store, error,
                    "UPDATE desktops SET user_id = $2, spare = 0"
                    " WHERE id = $1 AND spare = 1 AND doomed = 0 RETURNING id",
                    "ss", id, user_id);

    if (!rows)
        return FALSE;
    *claimed = store_result_rows(rows) > 0;
    return TRUE;
}

gboolean
desktop_insert(Store *store, const Desktop *desktop, GError **error)
{
    return store_exec(
        store, error,
        "INSERT INTO desktops (" COLUMNS
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,"
        " $16, $17)",
        "ssssssiiiibbissbs", desktop->id, desktop->pool_id, desktop->user_id, desktop->host,
        desktop->name, desktop->image, desktop->cpus, desktop->memory_mib, desktop->width,
        desktop->height, desktop->confirmed, desktop->doomed, desktop->created_at,
        desktop->template ? desktop->template : "", desktop->volume_id, desktop->spare,
        desktop->machine ? desktop->machine : "");
}

gboolean
desktop_set_confirmed(Store *store, const char *id, GError **error)
{
    return store_exec(store, error, "UPDATE desktops SET confirmed = 1 WHERE id = $1", "s", id);
}

gboolean
desktop_set_doomed(Store *store, const char *id, GError **error)
{
    return store_exec(store, error, "UPDATE desktops SET doomed = 1 WHERE id = $1", "s", id);
}

gboolean
desktop_delete(Store *store, const char *id, GError **error)
{
    return store_exec(store, error, "DELETE FROM desktops WHERE id = $1", "s", id);
}

gboolean
stranger_note(Store *store, const char *id, const char *host, gint64 *since, GError **error)
{
    g_autoptr(StoreResult) rows = NULL;

    if (!store_exec(store, error,
                    "INSERT INTO strangers (desktop_id, host, seen_at) VALUES ($1, $2, $3)"
                    " ON CONFLICT DO NOTHING",
                    "ssi", id, host, now_seconds()))
        return FALSE;
    rows =
        store_query(store, error, "SELECT seen_at FROM strangers WHERE desktop_id = $1", "s", id);
    if (!rows)
        return FALSE;
    *since = store_result_integer(rows, 0, 0);
    return TRUE;
}

gboolean
stranger_forget(Store *store, const char *id, GError **error)
{
    return store_exec(store, error, "DELETE FROM strangers WHERE desktop_id = $1", "s", id);
}
