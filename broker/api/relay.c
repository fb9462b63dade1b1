/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/api/relay.h"

#include "broker/api/access.h"
#include "broker/model/audit.h"

typedef struct {
    Api *api;
    HttpRequest *request;
    HostLink *link;
    char *user;
    guint status;
    const char *call;
    char *object;
} Pending;

json_t *
relay_item(const json_t *item, HostLink *link)
{
    json_t *copy = json_is_object(item) ? json_copy((json_t *)item) : json_object();

    json_object_set_new(copy, "host", json_string(host_link_name(link)));
    return copy;
}

static void
answered(const json_t *result, const GError *error, gpointer data)
{
    Pending *pending = data;

    audit(pending->api->store, pending->user, http_request_peer(pending->request), pending->call,
          pending->object, error ? "failed" : "ok", error ? error->message : NULL);
    if (error)
        http_request_respond_error(pending->request, error);
    else
        http_request_respond_json(pending->request, pending->status,
                                  json_object_size(result) ? relay_item(result, pending->link)
                                                           : json_object());
    http_request_unref(pending->request);
    g_free(pending->user);
    g_free(pending->object);
    g_free(pending);
}

void
relay_call(const Relay *relay, json_t *args)
{
    Pending *pending = g_new0(Pending, 1);

    pending->api = relay->api;
    pending->request = http_request_ref(relay->request);
    pending->link = relay->link;
    pending->user = g_strdup(relay->user->name);
    pending->status = relay->status;
    pending->call = relay->call;
    pending->object = g_strdup(relay->object);
    host_link_call(relay->link, relay->call, args, answered, pending);
}

void
relay_name(Api *api, HttpRequest *request, const User *user, HostLink *link, const char *call,
           const char *name)
{
    Relay relay = {.api = api,
                   .request = request,
                   .user = user,
                   .link = link,
                   .status = 200,
                   .call = call,
                   .object = name};

    relay_call(&relay, json_pack("{s:s}", "name", name));
}

HostLink *
relay_host(Api *api, HttpRequest *request, const char *name)
{
    GPtrArray *links = host_set_links(api->hosts);

    for (guint i = 0; i < links->len; i++) {
        HostLink *link = g_ptr_array_index(links, i);
        if (name ? g_str_equal(name, host_link_name(link)) : host_link_is_up(link))
            return link;
    }
    if (name)
        http_request_respond_problem(request, 400, "invalid",
                                     "“host” names no host of this broker.");
    else
        http_request_respond_problem(request, 503, "host-unavailable",
                                     "No host is there at the moment.");
    return NULL;
}

static const struct {
    const char *param, *missing;
} words[HOST_KINDS] = {
    [HOST_IMAGES] = {"image", "No host that is there has such an image."},
    [HOST_TEMPLATES] = {"template", "No host that is there has such a template."},
};

HostLink *
relay_owner(Api *api, HttpRequest *request, HostKind kind)
{
    const char *name = http_request_param(request, words[kind].param);
    const char *host = http_request_query(request, "host");
    GPtrArray *links = host_set_links(api->hosts);

    for (guint i = 0; i < links->len; i++) {
        HostLink *link = g_ptr_array_index(links, i);
        if (host_link_item(link, kind, name) && (!host || g_str_equal(host, host_link_name(link))))
            return link;
    }
    http_request_respond_problem(request, 404, "not-found", words[kind].missing);
    return NULL;
}

void
relay_to_owner(Api *api, HttpRequest *request, HostKind kind, const char *call)
{
    g_autoptr(User) admin = access_admin(api, request);
    HostLink *link = admin ? relay_owner(api, request, kind) : NULL;

    if (link)
        relay_name(api, request, admin, link, call, http_request_param(request, words[kind].param));
}
