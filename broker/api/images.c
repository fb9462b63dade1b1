/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/images: those of the hosts. */
#include "broker/api/access.h"
#include "broker/api/item-waits.h"
#include "broker/api/relay.h"
#include "broker/api/reply.h"

#define MAX_PATH_TEXT 4096

static int
count_on(const json_t *items, const char *image)
{
    const char *key;
    json_t *item;
    int count = 0;

    json_object_foreach((json_t *)items, key, item)
    {
        if (g_strcmp0(json_string_value(json_object_get(item, "image")), image) == 0)
            count++;
    }
    return count;
}

/* What stands on it is counted here: hosts report an image only when it changes. */
static json_t *
image_json(const json_t *image, HostLink *link)
{
    json_t *item = relay_item(image, link);
    const char *name = json_string_value(json_object_get(item, "name"));

    json_object_set_new(item, "desktops", json_integer(count_on(host_link_desktops(link), name)));
    json_object_set_new(item, "templates",
                        json_integer(count_on(host_link_items(link, HOST_TEMPLATES), name)));
    return item;
}

static void
get_images(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    GPtrArray *links = host_set_links(api->hosts);
    json_t *items, *image;
    const char *name;
    Page page;

    if (!admin || !reply_page(request, &page))
        return;
    items = json_array();
    for (guint i = 0; i < links->len; i++) {
        HostLink *link = g_ptr_array_index(links, i);
        json_object_foreach((json_t *)host_link_images(link), name, image)
            json_array_append_new(items, image_json(image, link));
    }
    reply_array(request, &page, items, "name");
}

static void
get_image(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    HostLink *link = admin ? relay_owner(api, request, HOST_IMAGES) : NULL;

    if (link)
        item_waits_answer(api->item_waits, request, link, HOST_IMAGES,
                          http_request_param(request, "image"), image_json);
}

static void
post_image(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    Fields fields;
    const char *name = NULL, *path = NULL, *kernel = NULL, *initrd = NULL, *cmdline = NULL,
               *title = NULL, *host = NULL;
    json_auto_t *body = admin ? reply_begin(request, &fields) : NULL;

    if (!body)
        return;
    fields_name(&fields, "name", FIELD_REQUIRED, &name);
    fields_string(&fields, "path", FIELD_REQUIRED, 1, MAX_PATH_TEXT, &path);
    fields_string(&fields, "kernel", FIELD_OPTIONAL, 1, MAX_PATH_TEXT, &kernel);
    fields_string(&fields, "initrd", FIELD_OPTIONAL, 1, MAX_PATH_TEXT, &initrd);
    fields_string(&fields, "cmdline", FIELD_OPTIONAL, 0, 2048, &cmdline);
    fields_string(&fields, "title", FIELD_OPTIONAL, 1, 200, &title);
    fields_string(&fields, "host", FIELD_OPTIONAL, 1, 63, &host);
    HostLink *link = reply_check(request, &fields) ? relay_host(api, request, host) : NULL;
    if (!link)
        return;
    Relay relay = {.api = api,
                   .request = request,
                   .user = admin,
                   .link = link,
                   .status = 201,
                   .call = "image.import",
                   .object = name};
    relay_call(&relay,
               json_pack("{s:s,s:s,s:s*,s:s*,s:s*,s:s*}", "name", name, "path", path, "kernel",
                         kernel, "initrd", initrd, "cmdline", cmdline, "title", title));
}

static void
delete_image(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    HostLink *link = admin ? relay_owner(api, request, HOST_IMAGES) : NULL;
    const char *name = http_request_param(request, "image");

    if (!link)
        return;
    const char *state = json_string_value(json_object_get(host_link_image(link, name), "state"));
    if (g_strcmp0(state, "importing") == 0)
        host_link_call(link, "image.cancel", json_pack("{s:s}", "name", name), NULL, NULL);
    relay_name(api, request, admin, link, "image.delete", name);
}

/* Ends an import; one that is over stays as it is. */
static void
post_cancel(HttpRequest *request, gpointer data)
{
    relay_to_owner(data, request, HOST_IMAGES, "image.cancel");
}

void
api_register_images(Api *api)
{
    http_server_route(api->server, "GET", "/api/v1/images", get_images, api);
    http_server_route(api->server, "POST", "/api/v1/images", post_image, api);
    http_server_route(api->server, "GET", "/api/v1/images/:image", get_image, api);
    http_server_route(api->server, "DELETE", "/api/v1/images/:image", delete_image, api);
    http_server_route(api->server, "POST", "/api/v1/images/:image/cancel", post_cancel, api);
}
