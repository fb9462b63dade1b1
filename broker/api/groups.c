/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/groups */
#include "broker/api/resource.h"
#include "broker/model/group.h"

#define MAX_MEMBERS 10000

static json_t *
group_json(gpointer item, gpointer unused)
{
    const Group *group = item;

    return json_pack("{s:s,s:s,s:o,s:o}", "id", group->id, "name", group->name, "members",
                     reply_strings((const char *const *)group->members), "created_at",
                     reply_time(group->created_at));
}

static char *
group_key(gpointer item)
{
    return g_strdup(((Group *)item)->name);
}

static gpointer
make_group(void)
{
    static const char *const nobody[] = {NULL};

    return group_new("", nobody);
}

static gboolean
read_group(Api *api, HttpRequest *request, Fields *fields, gpointer row, FieldNeed need)
{
    Group *group = row;
    const char *name = NULL;

    fields_name(fields, "name", need, &name);
    fields_strings(fields, "members", FIELD_OPTIONAL, MAX_MEMBERS, &group->members);
    if (!reply_check(request, fields))
        return FALSE;
    if (name) {
        g_free(group->name);
        group->name = g_strdup(name);
    }
    return TRUE;
}

static gboolean
write_group(Api *api, gpointer row, gboolean is_new, GError **error)
{
    caretaker_wake(api->caretaker); /* the sessions of those who are not in it any more end */
    return is_new ? group_insert(api->store, row, error) : group_update(api->store, row, error);
}

static gboolean
remove_group(Api *api, gpointer row, GError **error)
{
    caretaker_wake(api->caretaker);
    return group_delete(api->store, ((Group *)row)->id, error);
}

RESOURCE_ROWS(Group, group)

static const Resource groups = {
    .name = "group",
    .find = found,
    .free = freed,
    .json = group_json,
    .key = group_key,
    .list = group_list,
    .remove = remove_group,
    .make = make_group,
    .read = read_group,
    .write = write_group,
};

void
api_register_groups(Api *api)
{
    gpointer bound = resource_bind(&groups, api);

    http_server_route(api->server, "GET", "/api/v1/groups", resource_list, bound);
    http_server_route(api->server, "POST", "/api/v1/groups", resource_post, bound);
    http_server_route(api->server, "GET", "/api/v1/groups/:group", resource_get, bound);
    http_server_route(api->server, "PATCH", "/api/v1/groups/:group", resource_patch, bound);
    http_server_route(api->server, "DELETE", "/api/v1/groups/:group", resource_delete, bound);
}
