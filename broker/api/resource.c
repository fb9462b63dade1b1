/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/api/resource.h"

#include "broker/api/access.h"

typedef struct {
    const Resource *resource;
    Api *api;
} Bound;

gpointer
resource_bind(const Resource *resource, Api *api)
{
    Bound *bound = g_new(Bound, 1);

    *bound = (Bound){.resource = resource, .api = api};
    g_ptr_array_add(api->bound, bound);
    return bound;
}

void
resource_list(HttpRequest *request, gpointer data)
{
    const Bound *bound = data;
    const Resource *resource = bound->resource;
    g_autoptr(User) admin = access_admin(bound->api, request);
    g_autoptr(GError) error = NULL;
    Page page;

    if (!admin || !reply_page(request, &page))
        return;
    g_autoptr(GPtrArray) rows = resource->list(bound->api->store, &page, &error);
    if (!rows)
        http_request_respond_error(request, error);
    else
        reply_list(request, &page, rows, resource->json, bound->api, resource->key);
}

gpointer
resource_named(const Resource *resource, Api *api, HttpRequest *request, const User *admin)
{
    g_autoptr(GError) error = NULL;
    gpointer row =
        admin ? resource->find(api->store, http_request_param(request, resource->name), &error)
              : NULL;

    if (admin && !row)
        http_request_respond_error(request, error);
    return row;
}

void
resource_get(HttpRequest *request, gpointer data)
{
    const Bound *bound = data;
    const Resource *resource = bound->resource;
    g_autoptr(User) admin = access_admin(bound->api, request);
    gpointer row = resource_named(resource, bound->api, request, admin);

    if (!row)
        return;
    http_request_respond_json(request, 200, resource->json(row, bound->api));
    resource->free(row);
}

static void
audit_row(const Bound *bound, HttpRequest *request, const User *admin, const char *verb,
          gpointer row)
{
    g_autofree char *action = g_strdup_printf("%s.%s", bound->resource->name, verb);
    g_autofree char *key = bound->resource->key(row);

    access_audit(bound->api, request, admin, action, key, "ok", NULL);
}

/* Reads the request's body over the row, and writes it down. */
static void
save(const Bound *bound, HttpRequest *request, const User *admin, gpointer row, gboolean is_new)
{
    const Resource *resource = bound->resource;
    g_autoptr(GError) error = NULL;
    Fields fields;
    json_auto_t *body = reply_begin(request, &fields);

    if (!body || !resource->read(bound->api, request, &fields, row,
                                 is_new ? FIELD_REQUIRED : FIELD_OPTIONAL))
        return;
    if (!resource->write(bound->api, row, is_new, &error)) {
        http_request_respond_error(request, error);
        return;
    }
    audit_row(bound, request, admin, is_new ? "create" : "update", row);
    http_request_respond_json(request, is_new ? 201 : 200, resource->json(row, bound->api));
}

void
resource_post(HttpRequest *request, gpointer data)
{
    const Bound *bound = data;
    g_autoptr(User) admin = access_admin(bound->api, request);

    if (!admin)
        return;
    gpointer row = bound->resource->make();
    save(bound, request, admin, row, TRUE);
    bound->resource->free(row);
}

void
resource_patch(HttpRequest *request, gpointer data)
{
    const Bound *bound = data;
    g_autoptr(User) admin = access_admin(bound->api, request);
    gpointer row = resource_named(bound->resource, bound->api, request, admin);

    if (!row)
        return;
    save(bound, request, admin, row, FALSE);
    bound->resource->free(row);
}

void
resource_delete(HttpRequest *request, gpointer data)
{
    const Bound *bound = data;
    g_autoptr(User) admin = access_admin(bound->api, request);
    gpointer row = resource_named(bound->resource, bound->api, request, admin);
    g_autoptr(GError) error = NULL;

    if (!row)
        return;
    if (!bound->resource->remove(bound->api, row, &error)) {
        http_request_respond_error(request, error);
    } else {
        audit_row(bound, request, admin, "delete", row);
        http_request_respond_json(request, 200, json_object());
    }
    bound->resource->free(row);
}
