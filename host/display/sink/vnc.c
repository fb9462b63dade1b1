/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "sink.h"
#include "vnc-client.h"
#include "vnc-groups.h"

#include <unistd.h>

#define MAX_CLIENTS 32

/* What a client is told that comes before there is any screen. */
#define FIRST_WIDTH  640
#define FIRST_HEIGHT 480

struct Sink {
    SinkContext context;
    VncProtocol *protocol;
    VncGroups *groups; /* of the clients that are being sent a frame */
    gboolean has_frame;
    guint32 generation; /* of the last one */
    int width, height;  /* as the handshake tells them */
    Cursor *cursor;
    gboolean cursor_known;
    GPtrArray *clients; /* VncClient */
    ClientStats gone;   /* of clients that have left, summed */
};

/* Clients ----------------------------------------------------------------------------------------
 */

static void
on_gone(VncClient *client, gpointer user)
{
    Sink *sink = user;
    ClientStats stats;

    vnc_client_stats(client, &stats);
    client_stats_sum(&sink->gone, &stats);
    vnc_groups_forget(sink->groups, client);
    g_ptr_array_remove_fast(sink->clients, client); /* frees it */
    sink->context.events->clients_changed(sink->context.user);
}

static void
on_wants_frame(gpointer user)
{
    Sink *sink = user;

    sink->context.events->wants_frame(sink->context.user);
}

static void
on_resize_wanted(int width, int height, gpointer user)
{
    Sink *sink = user;

    sink->context.events->resize_wanted(width, height, sink->context.user);
}

static void
on_entered(VncClient *client, gpointer user)
{
    Sink *sink = user;

    vnc_client_resized(client, sink->width, sink->height);
    if (sink->cursor_known)
        vnc_update_set_cursor(vnc_client_update(client), sink->cursor);
    vnc_update_set_leds(vnc_client_update(client), input_leds(sink->context.input));
    sink->context.events->clients_changed(sink->context.user);
}

static const VncClientEvents client_events = {
    .gone = on_gone,
    .wants_frame = on_wants_frame,
    .resize_wanted = on_resize_wanted,
    .entered = on_entered,
};

static void
set_size(Sink *sink, int width, int height)
{
    sink->width = width;
    sink->height = height;
    vnc_protocol_resize(sink->protocol, width, height);
}

static Sink *
vnc_open(const SinkContext *context, GError **error)
{
    Sink *sink = g_new0(Sink, 1);

    sink->context = *context;
    sink->protocol = vnc_protocol_new(context->name ? context->name : "Oriel");
    set_size(sink, FIRST_WIDTH, FIRST_HEIGHT);
    sink->groups = vnc_groups_new(on_wants_frame, sink);
    sink->clients = g_ptr_array_new_with_free_func((GDestroyNotify)vnc_client_free);
    return sink;
}

static void
vnc_close(Sink *sink)
{
    if (!sink)
        return;
    g_ptr_array_set_size(sink->clients, 0);
    vnc_groups_free(sink->groups);
    g_ptr_array_unref(sink->clients);
    vnc_protocol_free(sink->protocol);
    cursor_unref(sink->cursor);
    g_free(sink);
}

static gboolean
vnc_add_client(Sink *sink, int fd, GError **error)
{
    if (sink->clients->len >= MAX_CLIENTS) {
        close(fd);
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_BUSY, "There are already %d VNC connections.",
                    MAX_CLIENTS);
        return FALSE;
    }
    g_ptr_array_add(sink->clients, vnc_client_new(fd, sink->protocol, sink->context.input,
                                                  sink->context.clipboard, &client_events, sink));
    sink->context.events->wants_frame(sink->context.user); /* the handshake tells the size */
    return TRUE;
}

/* Frames -----------------------------------------------------------------------------------------
 */

static gboolean
vnc_ready(Sink *sink)
{
    for (guint i = 0; i < sink->clients->len; i++)
        if (vnc_client_ready(sink->clients->pdata[i]) ||
            !vnc_client_entered(sink->clients->pdata[i]))
            return TRUE;
    return FALSE;
}

static gboolean
vnc_busy(Sink *sink)
{
    return vnc_groups_busy(sink->groups);
}

static void
vnc_present(Sink *sink, const Frame *frame, const Plan *plan)
{
    gboolean resized = !sink->has_frame || sink->generation != frame->generation;

    sink->has_frame = TRUE;
    sink->generation = frame->generation;
    if (resized)
        set_size(sink, frame->width, frame->height);
    for (guint i = 0; i < sink->clients->len; i++) {
        VncClient *client = sink->clients->pdata[i];

        if (!vnc_client_entered(client))
            continue;
        if (resized)
            vnc_client_resized(client, frame->width, frame->height);
        else
            vnc_update_frame(vnc_client_update(client), frame, plan);
    }
    vnc_groups_present(sink->groups, sink->clients, frame, plan, resized);
}

/* The rest ---------------------------------------------------------------------------------------
 */

static void
vnc_cursor(Sink *sink, Cursor *cursor)
{
    cursor_unref(sink->cursor);
    sink->cursor = cursor ? cursor_ref(cursor) : NULL;
    sink->cursor_known = TRUE;
    for (guint i = 0; i < sink->clients->len; i++)
        if (vnc_client_entered(sink->clients->pdata[i]))
            vnc_update_set_cursor(vnc_client_update(sink->clients->pdata[i]), cursor);
}

static void
vnc_leds(Sink *sink, guint leds)
{
    for (guint i = 0; i < sink->clients->len; i++)
        if (vnc_client_entered(sink->clients->pdata[i]))
            vnc_update_set_leds(vnc_client_update(sink->clients->pdata[i]), leds);
}

static guint
vnc_clients(Sink *sink)
{
    guint n = 0;

    for (guint i = 0; i < sink->clients->len; i++)
        n += vnc_client_entered(sink->clients->pdata[i]);
    return n;
}

static SinkProgress
vnc_progress(Sink *sink)
{
    SinkProgress progress = SINK_SETTLED;

    for (guint i = 0; i < sink->clients->len; i++)
        progress = MIN(progress, vnc_client_progress(sink->clients->pdata[i]));
    return progress;
}

static void
vnc_stats(Sink *sink, json_t *object)
{
    json_t *list = json_array();
    ClientStats sum = sink->gone, stats;

    for (guint i = 0; i < sink->clients->len; i++) {
        vnc_client_stats(sink->clients->pdata[i], &stats);
        client_stats_sum(&sum, &stats);
        json_array_append_new(list, client_stats_to_json(&stats, "vnc"));
    }
    json_object_set_new(object, "vnc", list);
    client_stats_add_to_json(&sum, object);
}

const SinkType sink_vnc = {
    .name = "vnc",
    .open = vnc_open,
    .close = vnc_close,
    .add_client = vnc_add_client,
    .ready = vnc_ready,
    .present = vnc_present,
    .busy = vnc_busy,
    .cursor = vnc_cursor,
    .stats = vnc_stats,
    .clients = vnc_clients,
    .leds = vnc_leds,
    .progress = vnc_progress,
};
