/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/host-link.h"

#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/json-channel.h"

#define FIRST_WAIT_MS 100
#define LAST_WAIT_MS  2000
/* Calls answer at once; what takes long goes on behind them and is reported by events. */
#define CALL_TIMEOUT_MS 15000
#define INFO_SECONDS    10

/* What the host's messages call a kind, and what names one of it. */
static const struct {
    const char *noun, *plural, *key;
} words[HOST_KINDS] = {
    [HOST_DESKTOPS] = {"desktop", "desktops", "id"},
    [HOST_IMAGES] = {"image", "images", "name"},
    [HOST_TEMPLATES] = {"template", "templates", "name"},
    [HOST_VOLUMES] = {"volume", "volumes", "id"},
};

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
    gboolean clones;           /* `watch` told of templates */
    json_t *info;              /* NULL when not known */
    json_t *items[HOST_KINDS]; /* objects by key */
    GHashTable *calls;         /* Call, under way */
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

static gboolean ask_info(gpointer user);

/* What is free changes with each desktop that has come up or ended: placement wants to know. */
static gboolean
changes_memory(HostLink *link, const json_t *desktop)
{
    const char *id = json_string_value(json_object_get(desktop, "id"));
    const json_t *known = id ? json_object_get(link->items[HOST_DESKTOPS], id) : NULL;

    return !json_equal(json_object_get(known, "state"), json_object_get(desktop, "state"));
}

static void
item_changed(HostLink *link, HostKind kind, json_t *item)
{
    const char *key;

    if (kind == HOST_DESKTOPS && !json_is_string(json_object_get(item, "state")))
        return;
    if (kind == HOST_DESKTOPS && link->up && changes_memory(link, item))
        ask_info(link);
    key = keep(link->items[kind], item, words[kind].key);
    if (!key || !link->up)
        return;
    if (kind == HOST_DESKTOPS && link->events.desktop_changed)
        link->events.desktop_changed(link, item, link->user);
    else if (kind != HOST_DESKTOPS && link->events.item_changed)
        link->events.item_changed(link, kind, key, link->user);
}

static void
item_deleted(HostLink *link, HostKind kind, const char *key)
{
    if (!key)
        return;
    json_object_del(link->items[kind], key);
    if (!link->up)
        return;
    if (kind == HOST_DESKTOPS && link->events.desktop_deleted)
        link->events.desktop_deleted(link, key, link->user);
    else if (kind != HOST_DESKTOPS && link->events.item_changed)
        link->events.item_changed(link, kind, key, link->user);
}

/* "NOUN.changed {NOUN}" and "NOUN.deleted {KEY}"; others are a newer host's. */
static void
handle_event(HostLink *link, const char *event, json_t *message)
{
    for (HostKind kind = 0; kind < HOST_KINDS; kind++) {
        gsize length = strlen(words[kind].noun);
        if (!g_str_has_prefix(event, words[kind].noun) || event[length] != '.')
            continue;
        if (g_str_equal(event + length, ".changed"))
            item_changed(link, kind, json_object_get(message, words[kind].noun));
        else if (g_str_equal(event + length, ".deleted"))
            item_deleted(link, kind, json_string_value(json_object_get(message, words[kind].key)));
        return;
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
    for (HostKind kind = 0; kind < HOST_KINDS; kind++)
        json_object_clear(link->items[kind]);
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
    for (HostKind kind = 0; kind < HOST_KINDS; kind++)
        keep_all(link->items[kind], json_object_get(result, words[kind].plural), words[kind].key);
    link->clones = json_is_array(json_object_get(result, words[HOST_TEMPLATES].plural));
    g_clear_pointer(&link->problem, g_free);
    link->wait_ms = FIRST_WAIT_MS;
    link->up = TRUE;
    g_message("The host “%s” is there, with %zu desktops.", link->name,
              json_object_size(link->items[HOST_DESKTOPS]));
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
    for (HostKind kind = 0; kind < HOST_KINDS; kind++)
        link->items[kind] = json_object();
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
    for (HostKind kind = 0; kind < HOST_KINDS; kind++)
        json_decref(link->items[kind]);
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
host_link_items(HostLink *link, HostKind kind)
{
    return link->items[kind];
}

const json_t *
host_link_item(HostLink *link, HostKind kind, const char *key)
{
    return json_object_get(link->items[kind], key);
}

const json_t *
host_link_desktop(HostLink *link, const char *id)
{
    return host_link_item(link, HOST_DESKTOPS, id);
}

const json_t *
host_link_desktops(HostLink *link)
{
    return link->items[HOST_DESKTOPS];
}

const json_t *
host_link_image(HostLink *link, const char *name)
{
    return host_link_item(link, HOST_IMAGES, name);
}

const json_t *
host_link_images(HostLink *link)
{
    return link->items[HOST_IMAGES];
}

gboolean
host_link_can_clone(HostLink *link)
{
    return link->up && link->clones;
}
