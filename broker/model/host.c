/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/host.h"

#include "common/error.h"

static void
host_free(gpointer data)
{
    Host *host = data;

    g_free(host->name);
    g_free(host->address);
    g_free(host);
}

GPtrArray *
host_list(Store *store, GError **error)
{
    g_autoptr(StoreResult) rows =
        store_query(store, error, "SELECT name, address FROM hosts ORDER BY name", "");

    if (!rows)
        return NULL;
    GPtrArray *hosts = g_ptr_array_new_with_free_func(host_free);
    for (guint i = 0; i < store_result_rows(rows); i++) {
        Host *host = g_new0(Host, 1);
        host->name = g_strdup(store_result_text(rows, i, 0));
        host->address = g_strdup(store_result_text(rows, i, 1));
        g_ptr_array_add(hosts, host);
    }
    return hosts;
}

gboolean
host_insert(Store *store, const char *name, const char *address, GError **error)
{
    return store_exec(store, error,
                      "INSERT INTO hosts (name, address, created_at) VALUES ($1, $2, $3)", "ssi",
                      name, address, now_seconds());
}

gboolean
host_delete(Store *store, const char *name, GError **error)
{
    g_autoptr(StoreResult) rows =
        store_query(store, error, "DELETE FROM hosts WHERE name = $1 RETURNING name", "s", name);

    if (!rows)
        return FALSE;
    if (store_result_rows(rows) > 0)
        return TRUE;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                "The host “%s” stands in the broker's configuration file; remove it there.", name);
    return FALSE;
}
