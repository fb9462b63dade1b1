/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/groups */
#include "broker/api/access.h"
#include "broker/api/reply.h"
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

static void
get_groups(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(GError) error = NULL;
    Page page;

    if (!admin || !reply_page(request, &page))
        return;
    g_autoptr(GPtrArray) groups = group_list(api->store, &page, &error);
    if (!groups)
        http_request_respond_error(request, error);
    else
        reply_list(request, &page, groups, group_json, NULL, group_key);
}

/* The group a path names; NULL after answering, or without an administrator. */
static Group *
named_group(Api *api, HttpRequest *request, const User *admin)
{
    g_autoptr(GError) error = NULL;
    Group *group =
        admin ? group_find(api->store, http_request_param(request, "group"), &error) : NULL;

    if (admin && !group)
        http_request_respond_error(request, error);
    return group;
}

static void
get_group(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(Group) group = named_group(api, request, admin);

    if (group)
        http_request_respond_json(request, 200, group_json(group, NULL));
}

static gboolean
read_group(HttpRequest *request, Fields *fields, Group *group, FieldNeed need)
{
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

static void
post_group(HttpRequest *request, gpointer data)
{
    static const char *const nobody[] = {NULL};
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(GError) error = NULL;
    Fields fields;
    json_t *body = admin ? reply_begin(request, &fields) : NULL;

    if (!body)
        return;
    g_autoptr(Group) group = group_new("", nobody);
    if (read_group(request, &fields, group, FIELD_REQUIRED)) {
        if (!group_insert(api->store, group, &error)) {
            http_request_respond_error(request, error);
        } else {
            access_audit(api, request, admin, "group.create", group->name, "ok", NULL);
            http_request_respond_json(request, 201, group_json(group, NULL));
        }
    }
    json_decref(body);
}

static void
patch_group(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(Group) group = named_group(api, request, admin);
    g_autoptr(GError) error = NULL;
    Fields fields;
    json_t *body = group ? reply_begin(request, &fields) : NULL;

    if (!body)
        return;
    if (read_group(request, &fields, group, FIELD_OPTIONAL)) {
        if (!group_update(api->store, group, &error)) {
            http_request_respond_error(request, error);
        } else {
            access_audit(api, request, admin, "group.update", group->name, "ok", NULL);
            http_request_respond_json(request, 200, group_json(group, NULL));
        }
    }
    json_decref(body);
}

static void
delete_group(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(Group) group = named_group(api, request, admin);
    g_autoptr(GError) error = NULL;

    if (!group)
        return;
    if (!group_delete(api->store, group->id, &error)) {
        http_request_respond_error(request, error);
        return;
    }
    access_audit(api, request, admin, "group.delete", group->name, "ok", NULL);
    http_request_respond_json(request, 200, json_object());
}

void
api_register_groups(Api *api)
{
    http_server_route(api->server, "GET", "/api/v1/groups", get_groups, api);
    http_server_route(api->server, "POST", "/api/v1/groups", post_group, api);
    http_server_route(api->server, "GET", "/api/v1/groups/:group", get_group, api);
    http_server_route(api->server, "PATCH", "/api/v1/groups/:group", patch_group, api);
    http_server_route(api->server, "DELETE", "/api/v1/groups/:group", delete_group, api);
}
