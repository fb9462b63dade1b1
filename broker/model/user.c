/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/user.h"

#include "broker/model/rows.h"

#define COLUMNS "id, name, full_name, password_hash, roles, disabled, created_at"

User *
user_new(const char *name, const char *full_name, const char *password_hash,
         const char *const *roles)
{
    User *user = g_new0(User, 1);

    user->id = g_uuid_string_random();
    user->name = g_strdup(name);
    user->full_name = g_strdup(full_name);
    user->password_hash = g_strdup(password_hash);
    user->roles = g_strdupv((char **)roles);
    user->created_at = now_seconds();
    return user;
}

void
user_free(User *user)
{
    if (!user)
        return;
    g_free(user->id);
    g_free(user->name);
    g_free(user->full_name);
    g_free(user->password_hash);
    g_strfreev(user->roles);
    g_free(user);
}

gboolean
user_is_admin(const User *user)
{
    return g_strv_contains((const char *const *)user->roles, ROLE_ADMIN);
}

static gpointer
from_row(Store *store, StoreResult *rows, guint row, GError **error)
{
    User *user = g_new0(User, 1);
    const char *roles = store_result_text(rows, row, 4);

    user->id = g_strdup(store_result_text(rows, row, 0));
    user->name = g_strdup(store_result_text(rows, row, 1));
    user->full_name = g_strdup(store_result_text(rows, row, 2));
    user->password_hash = g_strdup(store_result_text(rows, row, 3));
    user->roles = g_strsplit(roles ? roles : "", ",", -1);
    user->disabled = store_result_integer(rows, row, 5) != 0;
    user->created_at = store_result_integer(rows, row, 6);
    return user;
}

static const RowKind user_rows = {
    .name = "user", .read = from_row, .free = (GDestroyNotify)user_free};

User *
user_find(Store *store, const char *id_or_name, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, "SELECT " COLUMNS " FROM users WHERE id = $1 OR name = $1", "s", id_or_name);

    return rows_find(&user_rows, store, rows, id_or_name, error);
}

GPtrArray *
user_list(Store *store, const Page *page, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, "SELECT " COLUMNS " FROM users WHERE name > $1 ORDER BY name LIMIT $2", "si",
        page->after ? page->after : "", (gint64)page->limit);

    return rows_list(&user_rows, store, rows, error);
}

gboolean
user_insert(Store *store, const User *user, GError **error)
{
    g_autofree char *roles = g_strjoinv(",", user->roles);

    return rows_written(&user_rows,
                        store_exec(store, error,
                                   "INSERT INTO users (" COLUMNS
                                   ") VALUES ($1, $2, $3, $4, $5, $6, $7)",
                                   "sssssbi", user->id, user->name, user->full_name,
                                   user->password_hash, roles, user->disabled, user->created_at),
                        user->name, error);
}

gboolean
user_update(Store *store, const User *user, GError **error)
{
    g_autofree char *roles = g_strjoinv(",", user->roles);

    return rows_written(&user_rows,
                        store_exec(store, error,
                                   "UPDATE users SET name = $2, full_name = $3, password_hash = $4,"
                                   " roles = $5, disabled = $6 WHERE id = $1",
                                   "sssssb", user->id, user->name, user->full_name,
                                   user->password_hash, roles, user->disabled),
                        user->name, error);
}

gboolean
user_delete(Store *store, const char *id, GError **error)
{
    return store_exec(store, error, "DELETE FROM users WHERE id = $1", "s", id);
}

gboolean
user_count_admins(Store *store, gint64 *count, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(store, error,
                                              "SELECT COUNT(*) FROM users WHERE disabled = 0 AND"
                                              " (',' || roles || ',') LIKE '%,admin,%'",
                                              "");

    if (!rows)
        return FALSE;
    *count = store_result_integer(rows, 0, 0);
    return TRUE;
}
