/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/rows.h"

#include "common/error.h"

gpointer
rows_first(const RowKind *kind, Store *store, StoreResult *rows, GError **error)
{
    return rows && store_result_rows(rows) ? kind->read(store, rows, 0, error) : NULL;
}

gpointer
rows_find(const RowKind *kind, Store *store, StoreResult *rows, const char *name, GError **error)
{
    if (rows && store_result_rows(rows) == 0)
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND, "There is no %s “%s”.", kind->name,
                    name);
    return rows_first(kind, store, rows, error);
}

GPtrArray *
rows_list(const RowKind *kind, Store *store, StoreResult *rows, GError **error)
{
    if (!rows)
        return NULL;
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(kind->free);
    for (guint i = 0; i < store_result_rows(rows); i++) {
        gpointer item = kind->read(store, rows, i, error);
        if (!item)
            return NULL;
        g_ptr_array_add(list, item);
    }
    return g_steal_pointer(&list);
}

char **
rows_texts(StoreResult *rows)
{
    if (!rows)
        return NULL;
    g_autoptr(GStrvBuilder) texts = g_strv_builder_new();
    for (guint i = 0; i < store_result_rows(rows); i++)
        g_strv_builder_add(texts, store_result_text(rows, i, 0));
    return g_strv_builder_end(texts);
}

gboolean
rows_written(const RowKind *kind, gboolean ok, const char *name, GError **error)
{
    if (ok || !error || !g_error_matches(*error, ORIEL_ERROR, ORIEL_ERROR_EXISTS))
        return ok;
    g_clear_error(error);
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_EXISTS, "There is a %s “%s” already.", kind->name,
                name);
    return FALSE;
}
