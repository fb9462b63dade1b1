/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-viewer.h"

#include "common/error.h"
#include "sink/spice-agent.h"
#include "sink/spice-input.h"
#include "sink/spice-relay.h"
#include "sink/spice-sound.h"

#include <spice/enums.h>
#include <unistd.h>

#define MAX_CONNECTIONS 16 /* a client has 6 to 10 channels */
#define LAST_WORD_MS    1000
#define LINK_MS         15000 /* until the main channel is up */
/* Bits a second: below that a photograph of a full screen takes seconds without loss. */
#define SLOW_LINK  (10u << 20)
#define JPEG_LEVEL 8 /* of ClientStats: libspice-server's JPEG has a quality of 85 */

struct SpiceViewer {
    const SinkContext *context;
    const SpiceViewerEvents *events;
    gpointer user;
    SpiceScope scope;
    SpiceServer *server;
    QxlScreen *screen;
    SpiceInput *input;
    SpiceSound *sound;
    SpiceAgent *agent;
    GPtrArray *relays; /* one a connection */
    SpiceRelay *first; /* of them: the main channel's, held until the others have ended; or NULL */
    guint64 ended_bytes; /* to the client, by connections that ended */
    guint streams;       /* connections that the server has */
    guint32 connection;
    gboolean leaving; /* no more connections */
    gboolean watches; /* its display channel is up */
    guint deadline, going;
};

static gboolean
report_gone(gpointer user)
{
    SpiceViewer *viewer = user;
    viewer->going = 0;
    if (viewer->relays->len > 0)
        return G_SOURCE_REMOVE;                 /* another one came meanwhile: it is waited for */
    viewer->events->gone(viewer, viewer->user); /* frees the viewer */
    return G_SOURCE_REMOVE;
}

static void
go(SpiceViewer *viewer, guint wait_ms)
{
    g_clear_handle_id(&viewer->going, g_source_remove);
    viewer->going = g_timeout_add_full(G_PRIORITY_DEFAULT, wait_ms, report_gone, viewer, NULL);
}

/* The server is destroyed when it has closed all connections. Its word alone does not do: it may
 * tell the end of one twice, and forgets those that are still coming in. That the end of each was
 * told is only waited for, as the server's threads tell it a moment later. */
static void
go_if_ended(SpiceViewer *viewer)
{
    if (viewer->relays->len == 0)
        go(viewer, viewer->streams > 0 ? LAST_WORD_MS : 0);
}

/* Of all connections, those that have ended too. */
static SpiceRelayStats
link_stats(const SpiceViewer *viewer)
{
    SpiceRelayStats sum = {.to_client = viewer->ended_bytes}, stats;
    for (guint i = 0; i < viewer->relays->len; i++) {
        spice_relay_stats(g_ptr_array_index(viewer->relays, i), &stats);
        sum.to_client += stats.to_client;
        sum.queued += stats.queued;
        sum.bandwidth = MAX(sum.bandwidth, stats.bandwidth);
        if (stats.round_trip && (!sum.round_trip || stats.round_trip < sum.round_trip))
            sum.round_trip = stats.round_trip;
    }
    return sum;
}

/* A client opens its other channels once it has answered the main channel's bandwidth test, and
 * libspice-server takes these settings over when a channel is opened. So the choice is ours, and we
 * know what goes out with loss. */
static void
choose_for_link(SpiceViewer *viewer)
{
    guint64 bits = link_stats(viewer).bandwidth;
    if (!bits || bits >= SLOW_LINK)
        return;
    spice_server_set_image_compression(viewer->server, SPICE_IMAGE_COMPRESSION_AUTO_GLZ);
    spice_server_set_jpeg_compression(viewer->server, SPICE_WAN_COMPRESSION_ALWAYS);
    spice_server_set_zlib_glz_compression(viewer->server, SPICE_WAN_COMPRESSION_ALWAYS);
    qxl_screen_slow_link(viewer->screen);
}

static void
forget_relay(SpiceViewer *viewer, SpiceRelay *relay)
{
    SpiceRelayStats stats;
    spice_relay_stats(relay, &stats);
    viewer->ended_bytes += stats.to_client;
    if (relay == viewer->first)
        viewer->first = NULL;
    g_ptr_array_remove_fast(viewer->relays, relay); /* frees it */
}

/* The first connection ends last. */
static void
close_first(SpiceViewer *viewer)
{
    if (viewer->first && viewer->relays->len == 1) {
        spice_relay_hold(viewer->first, FALSE);
        if (spice_relay_close(viewer->first))
            forget_relay(viewer, viewer->first);
    }
    go_if_ended(viewer);
}

/* It gets no more connections, and gone() follows the end of those it has. */
static void
leave(SpiceViewer *viewer)
{
    viewer->leaving = TRUE;
    for (guint i = viewer->relays->len; i-- > 0;) {
        SpiceRelay *relay = g_ptr_array_index(viewer->relays, i);
        if (relay != viewer->first && spice_relay_close(relay))
            forget_relay(viewer, relay);
    }
    close_first(viewer);
}

static void
channel_event(int event, const SpiceChannelEventInfo *info, gpointer user)
{
    SpiceViewer *viewer = user;
    gboolean is_main = info->type == SPICE_CHANNEL_MAIN;
    if (event == SPICE_CHANNEL_EVENT_CONNECTED) {
        viewer->streams++;
    } else if (event == SPICE_CHANNEL_EVENT_INITIALIZED && is_main && !viewer->connection) {
        viewer->connection = (guint32)info->connection_id;
        g_clear_handle_id(&viewer->deadline, g_source_remove);
        viewer->events->changed(viewer->user);
    } else if (event == SPICE_CHANNEL_EVENT_INITIALIZED && info->type == SPICE_CHANNEL_DISPLAY) {
        viewer->watches = TRUE;
        viewer->context->events->wants_frame(viewer->context->user);
    } else if (event == SPICE_CHANNEL_EVENT_DISCONNECTED) {
        viewer->streams -= MIN(viewer->streams, 1);
        if (is_main && viewer->connection)
            leave(viewer);
        go_if_ended(viewer);
    }
}

static void
on_resize(int width, int height, gpointer user)
{
    SpiceViewer *viewer = user;
    if (width > 0 && height > 0)
        viewer->context->events->resize_wanted(width, height, viewer->context->user);
}

static void
on_room(gpointer user)
{
    SpiceViewer *viewer = user;
    viewer->context->events->wants_frame(viewer->context->user);
}

static gint64
clogged_us(gpointer user)
{
    SpiceViewer *viewer = user;
    gint64 longest = 0;
    for (guint i = 0; i < viewer->relays->len; i++)
        longest = MAX(longest, spice_relay_full_us(g_ptr_array_index(viewer->relays, i)));
    return longest;
}

static const QxlScreenEvents screen_events = {
    .resize = on_resize, .room = on_room, .clogged_us = clogged_us};

static gboolean
no_link(gpointer user)
{
    SpiceViewer *viewer = user;
    viewer->deadline = 0;
    leave(viewer);
    go_if_ended(viewer);
    return G_SOURCE_REMOVE;
}

/* No listener, no ticket: whoever hands us a connection has checked who it is. */
static gboolean
start_server(SpiceViewer *viewer)
{
    SpiceServer *server = viewer->server;
    spice_server_set_name(server, viewer->context->name ? viewer->context->name : "Oriel");
    spice_server_set_noauth(server);
    spice_server_set_image_compression(server, SPICE_IMAGE_COMPRESSION_AUTO_LZ);
    spice_server_set_jpeg_compression(server, SPICE_WAN_COMPRESSION_NEVER);
    spice_server_set_zlib_glz_compression(server, SPICE_WAN_COMPRESSION_NEVER);
    spice_server_set_streaming_video(server, SPICE_STREAM_VIDEO_ALL); /* see spice-video.h */
    spice_server_set_video_codecs(server, "spice:mjpeg");
    spice_server_set_playback_compression(server, TRUE);
    spice_server_set_agent_mouse(server, FALSE); /* the tablet stays: positions come to us */
    spice_server_set_agent_copypaste(server, TRUE);
    spice_server_set_agent_file_xfer(server, FALSE);
    return spice_server_init(server, spice_core()) == 0;
}

SpiceViewer *
spice_viewer_new(const SinkContext *context, BitmapPool *bitmaps, const Frame *frame,
                 const SpiceViewerEvents *events, gpointer user)
{
    SpiceViewer *viewer = g_new0(SpiceViewer, 1);
    viewer->context = context;
    viewer->events = events;
    viewer->user = user;
    viewer->scope = (SpiceScope){.channel_event = channel_event, .user = viewer};
    viewer->relays = g_ptr_array_new_with_free_func((GDestroyNotify)spice_relay_free);

    SpiceScope *previous = spice_scope_enter(&viewer->scope);
    viewer->server = spice_server_new();
    gboolean started = start_server(viewer);
    if (started) {
        viewer->screen =
            qxl_screen_new(viewer->server, &viewer->scope, bitmaps, frame, &screen_events, viewer);
        viewer->input = spice_input_new(viewer->server, context->input);
        viewer->sound = spice_sound_new(viewer->server);
        viewer->agent =
            spice_agent_new(viewer->server, &viewer->scope, context->clipboard, on_resize, viewer);
    }
    spice_scope_leave(previous);
    if (!started) {
        spice_viewer_free(viewer);
        return NULL;
    }
    viewer->deadline = g_timeout_add(LINK_MS, no_link, viewer);
    return viewer;
}

void
spice_viewer_free(SpiceViewer *viewer)
{
    if (!viewer)
        return;
    g_clear_handle_id(&viewer->deadline, g_source_remove);
    g_ptr_array_set_size(viewer->relays, 0);
    spice_agent_stop(viewer->agent);
    spice_input_stop(viewer->input);
    SpiceScope *previous = spice_scope_enter(&viewer->scope);
    spice_server_destroy(viewer->server); /* joins the worker */
    spice_scope_leave(previous);
    g_clear_handle_id(&viewer->going, g_source_remove);
    spice_agent_free(viewer->agent);
    spice_sound_free(viewer->sound);
    spice_input_free(viewer->input);
    qxl_screen_free(viewer->screen);
    g_ptr_array_unref(viewer->relays);
    g_free(viewer);
}

static void
on_relay_ended(SpiceRelay *relay, gpointer user)
{
    SpiceViewer *viewer = user;
    forget_relay(viewer, relay);
    qxl_screen_drained(viewer->screen);
    if (viewer->leaving)
        close_first(viewer);
    else
        go_if_ended(viewer);
}

static void
on_client_left(gpointer user)
{
    leave(user);
}

static void
on_relay_drained(gpointer user)
{
    SpiceViewer *viewer = user;
    qxl_screen_drained(viewer->screen);
}

static const SpiceRelayEvents relay_events = {
    .ended = on_relay_ended, .drained = on_relay_drained, .left = on_client_left};

gboolean
spice_viewer_add(SpiceViewer *viewer, int fd, GError **error)
{
    int end;
    if (viewer->leaving || viewer->relays->len >= MAX_CONNECTIONS) {
        close(fd);
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_BUSY,
                    "The viewer is leaving, or has too many connections.");
        return FALSE;
    }
    SpiceRelay *relay = spice_relay_new(fd, &end, &relay_events, viewer, error);
    if (!relay)
        return FALSE;
    SpiceScope *previous = spice_scope_enter(&viewer->scope);
    choose_for_link(viewer);
    int failed =
        spice_server_add_client(viewer->server, end, TRUE); /* takes the end only on success */
    spice_scope_leave(previous);
    if (failed) {
        close(end);
        spice_relay_free(relay);
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED,
                    "The SPICE server refused a connection.");
        return FALSE;
    }
    if (!viewer->first && !viewer->connection) {
        viewer->first = relay;
        spice_relay_hold(relay, TRUE);
    }
    g_ptr_array_add(viewer->relays, relay);
    return TRUE;
}

guint32
spice_viewer_connection(const SpiceViewer *viewer)
{
    return viewer->connection;
}

QxlScreen *
spice_viewer_screen(SpiceViewer *viewer)
{
    return viewer->screen;
}

SinkProgress
spice_viewer_progress(SpiceViewer *viewer)
{
    SpiceScope *previous = spice_scope_enter(&viewer->scope);
    SinkProgress progress = viewer->watches ? qxl_screen_progress(viewer->screen) : SINK_SENDING;
    spice_scope_leave(previous);
    return progress;
}

void
spice_viewer_stats(SpiceViewer *viewer, ClientStats *stats)
{
    SpiceRelayStats link = link_stats(viewer);
    QxlScreenStats screen;
    qxl_screen_stats(viewer->screen, &screen);
    *stats = (ClientStats){
        .encoding = screen.video ? "spice-stream" : "spice",
        .bytes = link.to_client,
        .updates = screen.drawn,
        .merged = screen.merged,
        .round_trip_us = link.round_trip,
        .bandwidth = link.bandwidth / 8,
        .queued = link.queued,
        .wish = -1,
        .quality = screen.slow_link ? JPEG_LEVEL : -1,
        .settled = spice_viewer_progress(viewer) == SINK_SETTLED,
    };
}

void
spice_viewer_leds(SpiceViewer *viewer, guint leds)
{
    SpiceScope *previous = spice_scope_enter(&viewer->scope);
    spice_input_leds(viewer->input, leds);
    spice_scope_leave(previous);
}

void
spice_viewer_sound_start(SpiceViewer *viewer, guint rate)
{
    SpiceScope *previous = spice_scope_enter(&viewer->scope);
    spice_sound_start(viewer->sound, rate);
    spice_scope_leave(previous);
}

void
spice_viewer_sound(SpiceViewer *viewer, const gint16 *samples, gsize frames)
{
    SpiceScope *previous = spice_scope_enter(&viewer->scope);
    spice_sound_write(viewer->sound, samples, frames);
    spice_scope_leave(previous);
}

void
spice_viewer_sound_stop(SpiceViewer *viewer)
{
    SpiceScope *previous = spice_scope_enter(&viewer->scope);
    spice_sound_stop(viewer->sound);
    spice_scope_leave(previous);
}

void
spice_viewer_sound_volume(SpiceViewer *viewer, gboolean mute, guint16 left, guint16 right)
{
    SpiceScope *previous = spice_scope_enter(&viewer->scope);
    spice_sound_volume(viewer->sound, mute, left, right);
    spice_scope_leave(previous);
}
