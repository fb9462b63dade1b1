/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/host-link.h"

#include <unistd.h>

#include "common/error.h"
#include "common/json-channel.h"

#define FIRST_WAIT_MS 100
#define LAST_WAIT_MS  2000
/* Calls answer at once; what takes long goes on behind them and is reported by events. */
#define CALL_TIMEOUT_MS 15000
#define INFO_SECONDS    10

struct HostLink {
    char *name;
    char *path;
    HostLinkEvents events;
    gpointer user;
    JsonChannel *channel; /* NULL while there is no connection */
    gboolean up;          /* `watch` was answered on this connection */
    char *problem;
    guint wait_ms;
    guint retry; /* GSource ids, 0 for none */
    guint info_timer;
    json_t *info;      /* NULL when not known */
    json_t *desktops;  /* object by id */
    json_t *images;    /* object by name */
    GHashTable *calls; /* Call, under way */
};

/* One call to the host, ours until it is answered. */
typedef struct {
    HostLink *link;
    HostLinkDone done;
    HostLinkOpened opened;
    gpointer user;
    guint idle; /* set when the host was not there at all */
} Call;

static void schedule(HostLink *link);

static void
call_free(gpointer data)
{
    Call *call = data;

    if (call->idle)
        g_source_remove(call->idle);
    g_free(call);
}

static void
call_finish(Call *call, json_t *result, const int *fds, guint n_fds, const GError *error)
{
    g_hash_table_steal(call->link->calls, call);
    g_autoptr(GError) missing = NULL;

    if (call->opened) {
        if (!error && n_fds == 0) {
            missing = g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_PROTOCOL,
                                          "The host sent no connection to the desktop.");
            error = missing;
        }
        guint used = error ? 0 : 1;
        call->opened(used ? fds[0] : -1, error, call->user);
        for (guint i = used; i < n_fds; i++)
            close(fds[i]);
    } else {
        for (guint i = 0; i < n_fds; i++)
            close(fds[i]);
        if (call->done)
            call->done(result, error, call->user);
    }
    call_free(call);
}

static void
call_answered(json_t *result, const int *fds, guint n_fds, const GError *error, gpointer user)
{
    call_finish(user, result, fds, n_fds, error);
}

static gboolean
call_unavailable(gpointer user)
{
    Call *call = user;
    g_autoptr(GError) error = g_error_new(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE,
                                          "The host “%s” does not answer.", call->link->name);

    call->idle = 0;
    call_finish(call, NULL, NULL, 0, error);
    return G_SOURCE_REMOVE;
}

static void
start_call(HostLink *link, const char *name, json_t *args, Call *call)
{
    call->link = link;
    g_hash_table_add(link->calls, call);
    if (link->channel) {
        json_channel_call(link->channel, name, args, CALL_TIMEOUT_MS, call_answered, call);
        return;
    }
    json_decref(args);
    call->idle = g_idle_add(call_unavailable, call);
}

void
host_link_call(HostLink *link, const char *name, json_t *args, HostLinkDone done, gpointer user)
{
    Call *call = g_new0(Call, 1);

    call->done = done;
    call->user = user;
    start_call(link, name, args, call);
}

void
host_link_open(HostLink *link, const char *desktop, const char *protocol, HostLinkOpened opened,
               gpointer user)
{
    Call *call = g_new0(Call, 1);

    call->opened = opened;
    call->user = user;
    start_call(link, "desktop.open",
               json_pack("{s:s,s:s}", "desktop", desktop, "protocol", protocol), call);
}

/* Takes over one reported item under its key; what has no key is not kept. Returns the key. */
static const char *
keep(json_t *table, json_t *item, const char *key_name)
{
    const char *key = json_string_value(json_object_get(item, key_name));

    if (key)
        json_object_set(table, key, item);
    return key;
}

static void
keep_all(json_t *table, json_t *items, const char *key_name)
{
    size_t index;
    json_t *item;

    json_object_clear(table);
    json_array_foreach(items, index, item) keep(table, item, key_name);
}

static void
handle_event(HostLink *link, const char *event, json_t *message)
{
    if (g_str_equal(event, "desktop.changed")) {
        json_t *desktop = json_object_get(message, "desktop");
        if (json_is_string(json_object_get(desktop, "state")) &&
            keep(link->desktops, desktop, "id") && link->up && link->events.desktop_changed)
            link->events.desktop_changed(link, desktop, link->user);
    } else if (g_str_equal(event, "desktop.deleted")) {
        const char *id = json_string_value(json_object_get(message, "id"));
        if (!id)
            return;
        json_object_del(link->desktops, id);
        if (link->up && link->events.desktop_deleted)
            link->events.desktop_deleted(link, id, link->user);
    } else if (g_str_equal(event, "image.changed")) {
        keep(link->images, json_object_get(message, "image"), "name");
    } else if (g_str_equal(event, "image.deleted")) {
        const char *name = json_string_value(json_object_get(message, "name"));
        if (name)
            json_object_del(link->images, name);
    }
}

static void
channel_message(JsonChannel *channel, json_t *message, const int *fds, guint n_fds, gpointer user)
{
    const char *event = json_string_value(json_object_get(message, "event"));

    for (guint i = 0; i < n_fds; i++)
        close(fds[i]);
    if (event)
        handle_event(user, event, message);
}

/* Calls whose channel is gone without having answered them. */
static void
answer_orphans(HostLink *link)
{
    GHashTableIter iter;
    Call *call;

    g_hash_table_iter_init(&iter, link->calls);
    while (g_hash_table_iter_next(&iter, (gpointer *)&call, NULL))
        if (!call->idle)
            call->idle = g_idle_add(call_unavailable, call);
}

static void
go_down(HostLink *link, const char *problem)
{
    gboolean was_up = link->up;

    g_free(link->problem);
    link->problem = g_strdup(problem);
    link->up = FALSE;
    g_clear_pointer(&link->channel, json_channel_free);
    answer_orphans(link);
    g_clear_pointer(&link->info, json_decref);
    g_clear_handle_id(&link->info_timer, g_source_remove);
    json_object_clear(link->desktops);
    json_object_clear(link->images);
    if (was_up) {
        /* problem may have been the channel's, which is gone */
        g_warning("The host “%s” went away: %s", link->name, link->problem);
        link->wait_ms = FIRST_WAIT_MS;
        if (link->events.down)
            link->events.down(link, link->user);
    }
    schedule(link);
}

static void
channel_closed(JsonChannel *channel, const GError *error, gpointer user)
{
    go_down(user, error ? error->message : "The host closed the connection.");
}

static const JsonChannelEvents channel_events = {
    .message = channel_message,
    .closed = channel_closed,
};

static void
info_answered(const json_t *result, const GError *error, gpointer user)
{
    HostLink *link = user;

    if (!link->channel || !json_is_object(result))
        return;
    json_decref(link->info);
    link->info = json_incref((json_t *)result);
}

static gboolean
ask_info(gpointer user)
{
    host_link_call(user, "host.info", NULL, info_answered, user);
    return G_SOURCE_CONTINUE;
}

static void
watch_answered(const json_t *result, const GError *error, gpointer user)
{
    HostLink *link = user;

    if (!link->channel)
        return;
    if (error) {
        go_down(link, error->message);
        return;
    }
    keep_all(link->desktops, json_object_get(result, "desktops"), "id");
    keep_all(link->images, json_object_get(result, "images"), "name");
    g_clear_pointer(&link->problem, g_free);
    link->wait_ms = FIRST_WAIT_MS;
    link->up = TRUE;
    g_message("The host “%s” is there, with %zu desktops.", link->name,
              json_object_size(link->desktops));
    if (link->events.up)
        link->events.up(link, link->user);
}

static gboolean
try_connect(gpointer user)
{
    HostLink *link = user;
    g_autoptr(GError) error = NULL;

    link->retry = 0;
    link->channel = json_channel_connect(link->path, &channel_events, link, &error);
    if (!link->channel) {
        if (link->wait_ms == FIRST_WAIT_MS)
            g_warning("The host “%s” is not there: %s", link->name, error->message);
        g_free(link->problem);
        link->problem = g_strdup(error->message);
        schedule(link);
        return G_SOURCE_REMOVE;
    }
    /* host.info first: placement wants to know the memory once the host counts as up. */
    ask_info(link);
    link->info_timer = g_timeout_add_seconds(INFO_SECONDS, ask_info, link);
    host_link_call(link, "watch", NULL, watch_answered, link);
    return G_SOURCE_REMOVE;
}

static void
schedule(HostLink *link)
{
    if (link->retry)
        return;
    link->retry = g_timeout_add(link->wait_ms, try_connect, link);
    link->wait_ms = MIN(link->wait_ms * 2, LAST_WAIT_MS);
}

HostLink *
host_link_new(const char *name, const char *path, const HostLinkEvents *events, gpointer user)
{
    HostLink *link = g_new0(HostLink, 1);

    link->name = g_strdup(name);
    link->path = g_strdup(path);
    if (events)
        link->events = *events;
    link->user = user;
    link->problem = g_strdup("The broker has not reached it yet.");
    link->wait_ms = FIRST_WAIT_MS;
    link->desktops = json_object();
    link->images = json_object();
    link->calls = g_hash_table_new_full(NULL, NULL, call_free, NULL);
    link->retry = g_idle_add(try_connect, link);
    return link;
}

/* Each call is answered once, also when its host is forgotten: somebody may wait for it. */
static void
end_calls(HostLink *link)
{
    g_autoptr(GError) error =
        g_error_new(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE,
                    "The host “%s” is not one of this broker any more.", link->name);
    GHashTableIter iter;
    Call *call;

    for (;;) {
        g_hash_table_iter_init(&iter, link->calls);
        if (!g_hash_table_iter_next(&iter, (gpointer *)&call, NULL))
            return;
        call_finish(call, NULL, NULL, 0, error);
    }
}

void
host_link_free(HostLink *link)
{
    if (!link)
        return;
    link->up = FALSE;
    g_clear_handle_id(&link->retry, g_source_remove);
    g_clear_handle_id(&link->info_timer, g_source_remove);
    g_clear_pointer(&link->channel, json_channel_free);
    end_calls(link);
    g_hash_table_unref(link->calls);
    json_decref(link->info);
    json_decref(link->desktops);
    json_decref(link->images);
    g_free(link->problem);
    g_free(link->name);
    g_free(link->path);
    g_free(link);
}

const char *
host_link_name(HostLink *link)
{
    return link->name;
}

gboolean
host_link_is_up(HostLink *link)
{
    return link->up;
}

const char *
host_link_problem(HostLink *link)
{
    return link->up ? NULL : link->problem;
}

const json_t *
host_link_info(HostLink *link)
{
    return link->info;
}

const json_t *
host_link_desktop(HostLink *link, const char *id)
{
    return json_object_get(link->desktops, id);
}

const json_t *
host_link_desktops(HostLink *link)
{
    return link->desktops;
}

const json_t *
host_link_image(HostLink *link, const char *name)
{
    return json_object_get(link->images, name);
}

const json_t *
host_link_images(HostLink *link)
{
    return link->images;
}
