/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/group.h"

#include "broker/model/rows.h"
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

    return rows_texts(rows);
}

static gpointer
from_row(Store *store, StoreResult *rows, guint row, GError **error)
{
    g_autoptr(Group) group = g_new0(Group, 1);

    group->id = g_strdup(store_result_text(rows, row, 0));
    group->name = g_strdup(store_result_text(rows, row, 1));
    group->created_at = store_result_integer(rows, row, 2);
    group->members = read_members(store, group->id, error);
    return group->members ? g_steal_pointer(&group) : NULL;
}

static const RowKind group_rows = {
    .name = "group", .read = from_row, .free = (GDestroyNotify)group_free};

Group *
group_find(Store *store, const char *id_or_name, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, "SELECT id, name, created_at FROM user_groups WHERE id = $1 OR name = $1",
        "s", id_or_name);

    return rows_find(&group_rows, store, rows, id_or_name, error);
}

GPtrArray *
group_list(Store *store, const Page *page, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error,
        "SELECT id, name, created_at FROM user_groups WHERE name > $1 ORDER BY name LIMIT $2", "si",
        page->after ? page->after : "", (gint64)page->limit);

    return rows_list(&group_rows, store, rows, error);
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

gboolean
group_insert(Store *store, const Group *group, GError **error)
{
    if (!store_begin(store, error))
        return FALSE;
    gboolean ok = rows_written(&group_rows,
                               store_exec(store, error,
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
        rows_written(&group_rows,
                     store_exec(store, error, "UPDATE user_groups SET name = $2 WHERE id = $1",
                                "ss", group->id, group->name),
                     group->name, error) &&
        write_members(store, group, error);
    return store_end(store, ok, error);
}

gboolean
group_delete(Store *store, const char *id, GError **error)
{
    return store_exec(store, error, "DELETE FROM user_groups WHERE id = $1", "s", id);
}
