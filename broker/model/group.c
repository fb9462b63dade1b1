/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/group.h"

#include "broker/model/user.h"
#include "common/error.h"

Group *
group_new(const char *name, const char *const *members)
{
    Group *group = g_new0(Group, 1);

    group->id = g_uuid_string_random();
    group->name = g_strdup(name);
    group->members = g_strdupv((char **)members);
    group->created_at = now_seconds();
    return group;
}

void
group_free(Group *group)
{
    if (!group)
        return;
    g_free(group->id);
    g_free(group->name);
    g_strfreev(group->members);
    g_free(group);
}

static char **
read_members(Store *store, const char *id, GError **error)
{
    g_autoptr(StoreResult) rows =
        store_query(store, error,
                    "SELECT u.name FROM group_members m JOIN users u ON u.id = m.user_id"
                    " WHERE m.group_id = $1 ORDER BY u.name",
                    "s", id);

    if (!rows)
        return NULL;
    g_autoptr(GStrvBuilder) members = g_strv_builder_new();
    for (guint i = 0; i < store_result_rows(rows); i++)
        g_strv_builder_add(members, store_result_text(rows, i, 0));
    return g_strv_builder_end(members);
}

static Group *
from_row(Store *store, StoreResult *rows, guint row, GError **error)
{
    g_autoptr(Group) group = g_new0(Group, 1);

    group->id = g_strdup(store_result_text(rows, row, 0));
    group->name = g_strdup(store_result_text(rows, row, 1));
    group->created_at = store_result_integer(rows, row, 2);
    group->members = read_members(store, group->id, error);
    return group->members ? g_steal_pointer(&group) : NULL;
}

Group *
group_find(Store *store, const char *id_or_name, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, "SELECT id, name, created_at FROM user_groups WHERE id = $1 OR name = $1",
        "s", id_or_name);

    if (!rows)
        return NULL;
    if (store_result_rows(rows) == 0) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND, "There is no group “%s”.",
                    id_or_name);
        return NULL;
    }
    return from_row(store, rows, 0, error);
}

GPtrArray *
group_list(Store *store, const Page *page, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error,
        "SELECT id, name, created_at FROM user_groups WHERE name > $1 ORDER BY name LIMIT $2", "si",
        page->after ? page->after : "", (gint64)page->limit);

    if (!rows)
        return NULL;
    g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func((GDestroyNotify)group_free);
    for (guint i = 0; i < store_result_rows(rows); i++) {
        Group *group = from_row(store, rows, i, error);
        if (!group)
            return NULL;
        g_ptr_array_add(groups, group);
    }
    return g_steal_pointer(&groups);
}

static gboolean
write_members(Store *store, const Group *group, GError **error)
{
    if (!store_exec(store, error, "DELETE FROM group_members WHERE group_id = $1", "s", group->id))
        return FALSE;
    for (char **member = group->members; *member; member++) {
        g_autoptr(GError) problem = NULL;
        g_autoptr(User) user = user_find(store, *member, &problem);
        if (!user) {
            gboolean unknown = g_error_matches(problem, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND);
            g_set_error(error, ORIEL_ERROR, unknown ? ORIEL_ERROR_INVALID : problem->code,
                        "members: %s", problem->message);
            return FALSE;
        }
        if (!store_exec(store, error,
                        "INSERT INTO group_members (group_id, user_id) VALUES ($1, $2)"
                        " ON CONFLICT DO NOTHING",
                        "ss", group->id, user->id))
            return FALSE;
    }
    return TRUE;
}

static gboolean
name_taken(gboolean ok, const char *name, GError **error)
{
    if (ok || !error || !g_error_matches(*error, ORIEL_ERROR, ORIEL_ERROR_EXISTS))
        return ok;
    g_clear_error(error);
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_EXISTS, "There is a group “%s” already.", name);
    return FALSE;
}

gboolean
group_insert(Store *store, const Group *group, GError **error)
{
    if (!store_begin(store, error))
        return FALSE;
    gboolean ok = name_taken(store_exec(store, error,
                                        "INSERT INTO user_groups (id, name, created_at)"
                                        " VALUES ($1, $2, $3)",
                                        "ssi", group->id, group->name, group->created_at),
                             group->name, error) &&
                  write_members(store, group, error);
    return store_end(store, ok, error);
}

gboolean
group_update(Store *store, const Group *group, GError **error)
{
    if (!store_begin(store, error))
        return FALSE;
    gboolean ok =
        name_taken(store_exec(store, error, "UPDATE user_groups SET name = $2 WHERE id = $1", "ss",
                              group->id, group->name),
                   group->name, error) &&
        write_members(store, group, error);
    return store_end(store, ok, error);
}

gboolean
group_delete(Store *store, const char *id, GError **error)
{
    return store_exec(store, error, "DELETE FROM user_groups WHERE id = $1", "s", id);
}
