/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/volume.h"

#include "common/error.h"

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

static Volume *
from_row(StoreResult *rows, guint row)
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

static GPtrArray *
from_rows(StoreResult *rows)
{
    if (!rows)
        return NULL;
    GPtrArray *volumes = g_ptr_array_new_with_free_func((GDestroyNotify)volume_free);
    for (guint i = 0; i < store_result_rows(rows); i++)
        g_ptr_array_add(volumes, from_row(rows, i));
    return volumes;
}

Volume *
volume_find(Store *store, const char *id, GError **error)
{
    g_autoptr(StoreResult) rows =
        store_query(store, error, "SELECT " COLUMNS " FROM volumes WHERE id = $1", "s", id);

    if (!rows)
        return NULL;
    if (store_result_rows(rows) == 0) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND, "There is no volume “%s”.", id);
        return NULL;
    }
    return from_row(rows, 0);
}

Volume *
volume_find_of(Store *store, const char *pool_id, const char *user_id, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, "SELECT " COLUMNS " FROM volumes WHERE pool_id = $1 AND user_id = $2", "ss",
        pool_id, user_id);
    return rows && store_result_rows(rows) ? from_row(rows, 0) : NULL;
}

GPtrArray *
volume_list(Store *store, const Page *page, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, "SELECT " COLUMNS " FROM volumes WHERE id > $1 ORDER BY id LIMIT $2", "si",
        page->after ? page->after : "", (gint64)page->limit);
    return from_rows(rows);
}

GPtrArray *
volume_list_doomed(Store *store, const char *host, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, "SELECT " COLUMNS " FROM volumes WHERE host = $1 AND doomed = 1", "s", host);
    return from_rows(rows);
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
