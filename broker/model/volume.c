/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/volume.h"

#include "broker/model/rows.h"

#define COLUMNS "id, pool_id, user_id, host, size_mib, doomed, created_at"

void
volume_free(Volume *volume)
{
    if (!volume)
        return;
    g_free(volume->id);
    g_free(volume->pool_id);
    g_free(volume->user_id);
    g_free(volume->host);
    g_free(volume);
}

static gpointer
from_row(Store *store, StoreResult *rows, guint row, GError **error)
{
    Volume *volume = g_new0(Volume, 1);

    volume->id = g_strdup(store_result_text(rows, row, 0));
    volume->pool_id = g_strdup(store_result_text(rows, row, 1));
    volume->user_id = g_strdup(store_result_text(rows, row, 2));
    volume->host = g_strdup(store_result_text(rows, row, 3));
    volume->size_mib = store_result_integer(rows, row, 4);
    volume->doomed = store_result_integer(rows, row, 5) != 0;
    volume->created_at = store_result_integer(rows, row, 6);
    return volume;
}

static const RowKind volume_rows = {
    .name = "volume", .read = from_row, .free = (GDestroyNotify)volume_free};

Volume *
volume_find(Store *store, const char *id, GError **error)
{
    g_autoptr(StoreResult) rows =
        store_query(store, error, "SELECT " COLUMNS " FROM volumes WHERE id = $1", "s", id);

    return rows_find(&volume_rows, store, rows, id, error);
}

Volume *
volume_find_of(Store *store, const char *pool_id, const char *user_id, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, "SELECT " COLUMNS " FROM volumes WHERE pool_id = $1 AND user_id = $2", "ss",
        pool_id, user_id);
    return rows_first(&volume_rows, store, rows, error);
}

GPtrArray *
volume_list(Store *store, const Page *page, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, "SELECT " COLUMNS " FROM volumes WHERE id > $1 ORDER BY id LIMIT $2", "si",
        page->after ? page->after : "", (gint64)page->limit);
    return rows_list(&volume_rows, store, rows, error);
}

GPtrArray *
volume_list_doomed(Store *store, const char *host, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, "SELECT " COLUMNS " FROM volumes WHERE host = $1 AND doomed = 1", "s", host);
    return rows_list(&volume_rows, store, rows, error);
}

gboolean
volume_insert(Store *store, const Volume *volume, GError **error)
{
    return store_exec(store, error,
                      "INSERT INTO volumes (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7)",
                      "ssssibi", volume->id, volume->pool_id, volume->user_id, volume->host,
                      volume->size_mib, volume->doomed, volume->created_at);
}

gboolean
volume_set_doomed(Store *store, const char *id, GError **error)
{
    return store_exec(store, error,
                      "UPDATE volumes SET doomed = 1, pool_id = NULL, user_id = NULL WHERE id = $1",
                      "s", id);
}

gboolean
volume_delete(Store *store, const char *id, GError **error)
{
    return store_exec(store, error, "DELETE FROM volumes WHERE id = $1", "s", id);
}
