/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <gio/gio.h>

#include "broker/store/store.h"
#include "common/error.h"

#define FOLDER "/oriel/migrations"

gint64
store_newest_schema(void)
{
    g_auto(GStrv) names = g_resources_enumerate_children(FOLDER, 0, NULL);
    gint64 newest = 0;

    for (guint i = 0; names && names[i]; i++)
        newest = MAX(newest, g_ascii_strtoll(names[i], NULL, 10));
    return newest;
}

gboolean
store_schema(Store *store, gint64 *number, GError **error)
{
    if (!store_exec(store, error,
                    "CREATE TABLE IF NOT EXISTS schema_version (number BIGINT NOT NULL)", ""))
        return FALSE;
    g_autoptr(StoreResult) rows =
        store_query(store, error, "SELECT COALESCE(MAX(number), 0) FROM schema_version", "");
    if (!rows)
        return FALSE;
    *number = store_result_integer(rows, 0, 0);
    return TRUE;
}

static gboolean
migrate_to(Store *store, gint64 number, GError **error)
{
    g_autofree char *path = g_strdup_printf(FOLDER "/%03" G_GINT64_FORMAT ".sql", number);
    g_autoptr(GBytes) sql = g_resources_lookup_data(path, 0, error);

    if (!sql)
        return FALSE;
    /* A resource's bytes are followed by a NUL that does not count. */
    g_autofree char *text = g_strndup(g_bytes_get_data(sql, NULL), g_bytes_get_size(sql));
    if (!store_begin(store, error))
        return FALSE;
    gboolean ok =
        store->ops->script(store, text, error) &&
        store_exec(store, error, "INSERT INTO schema_version (number) VALUES ($1)", "i", number);
    return store_end(store, ok, error);
}

gboolean
store_migrate(Store *store, GError **error)
{
    gint64 newest = store_newest_schema();
    gint64 present = 0;

    if (!store_schema(store, &present, error))
        return FALSE;
    if (present > newest) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                    "The database has schema %" G_GINT64_FORMAT
                    ", and this program knows %" G_GINT64_FORMAT
                    " at most. Start the newer oriel-broker that wrote it.",
                    present, newest);
        return FALSE;
    }
    for (gint64 number = present + 1; number <= newest; number++)
        if (!migrate_to(store, number, error)) {
            g_prefix_error(error, "Changing the database to schema %" G_GINT64_FORMAT " failed. ",
                           number);
            return FALSE;
        }
    return TRUE;
}
