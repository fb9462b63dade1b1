/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display.h"

#include "common/error.h"
#include "control.h"
#include "guest-agent/vdagent.h"
#include "measure.h"
#include "pipeline.h"
#include "sink/sink.h"
#include "socket-listener.h"
#include "source/source-clipboard.h"
#include "source/source.h"

#include <stdio.h>
#include <unistd.h>

#define SETTLE_MS     150              /* a window that is dragged wishes for many sizes */
#define WISH_AGAIN_US (G_USEC_PER_SEC) /* the same wish is passed on again after that */
#define MIN_WIDTH     320
#define MIN_HEIGHT    200
#define MAX_WIDTH     4096
#define MAX_HEIGHT    2304

typedef struct {
    const SinkType *type;
    Sink *sink;
    SocketListener *listener;
} Output;

struct Display {
    char *name;
    const DisplayEvents *events;
    gpointer user;
    Surface *surface;
    Pipeline *pipeline;
    Input *input;
    Clipboard *clipboard;
    Vdagent *agent;
    Control *control;
    Output outputs[3];
    Measure *measure; /* of a recording */
    char *stats_path;
    const SourceType *source_type;
    Source *source;
    SourceClipboard *source_clipboard; /* of one that has its own */
    gboolean connected;
    int width, height; /* of the guest's screen */
    int wished_width, wished_height;
    guint settle;
    gint64 wish_again; /* µs, monotonic */
};

/* What every sink is told that wants to know; the arguments begin with output->sink. */
#define TELL_SINKS(display, member, ...)                                                           \
    do {                                                                                           \
        for (guint i = 0; i < G_N_ELEMENTS((display)->outputs); i++) {                             \
            Output *output = &(display)->outputs[i];                                               \
            if (output->sink && output->type->member)                                              \
                output->type->member(__VA_ARGS__);                                                 \
        }                                                                                          \
    } while (0)

/* A recording's course ----------------------------------------------------------------------------
 */

static SinkProgress
sinks_progress(const Display *display, gboolean *any_client)
{
    SinkProgress progress = SINK_SETTLED;
    *any_client = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(display->outputs); i++) {
        const Output *output = &display->outputs[i];
        if (!output->sink)
            continue;
        *any_client |= output->type->clients && output->type->clients(output->sink);
        if (output->type->progress)
            progress = MIN(progress, output->type->progress(output->sink));
    }
    return progress;
}

static void
played(Display *display)
{
    g_autofree char *text = measure_text(display->measure);
    g_autoptr(GError) error = NULL;
    printf("%s\n", text);
    fflush(stdout);
    if (display->stats_path && !measure_write(display->measure, display->stats_path, &error))
        g_critical("%s", error->message);
    display->events->played(display->user);
}

/* The clients may have been sent all there is. Whether they were is asked in the order that
 * SourceType.sent wants. */
static void
sinks_came_further(gpointer user)
{
    Display *display = user;
    SourceProgress source;
    gboolean any_client;
    if (!display->measure || !display->source)
        return;
    display->source_type->progress(display->source, &source);
    SinkProgress clients = sinks_progress(display, &any_client);
    if (surface_is_damaged(display->surface))
        clients = any_client ? SINK_SENDING : clients;
    gboolean complete = measure_step(display->measure, &source, clients, any_client);
    if (any_client && clients >= SINK_SENT)
        display->source_type->sent(display->source, source.shown);
    if (complete)
        played(display);
}

/* From the source --------------------------------------------------------------------------------
 */

static void
surface_changed(gpointer user)
{
    Display *display = user;
    pipeline_wake(display->pipeline);
}

static void
source_cursor(Cursor *cursor, gpointer user)
{
    TELL_SINKS((Display *)user, cursor, output->sink, cursor);
}

static void
source_cursor_moved(int x, int y, gboolean on, gpointer user)
{
    TELL_SINKS((Display *)user, cursor_moved, output->sink, x, y);
}

static void
source_connected(gpointer user)
{
    Display *display = user;
    display->connected = TRUE;
    g_message("The guest's screen is connected.");
}

static void
source_lost(gboolean for_good, const char *reason, gpointer user)
{
    Display *display = user;
    display->connected = FALSE;
    g_message("%s", reason);
    if (for_good)
        display->events->lost(display->user);
}

static void
source_leds(guint leds, gpointer user)
{
    Display *display = user;
    input_set_leds(display->input, leds);
    TELL_SINKS(display, leds, output->sink, leds);
}

static void
source_text(const char *text, gpointer user)
{
    Display *display = user;
    if (display->source_clipboard)
        source_clipboard_copied(display->source_clipboard, text);
}

static void
source_ended(gpointer user)
{
    sinks_came_further(user);
}

static void
source_audio_start(guint rate, gpointer user)
{
    TELL_SINKS((Display *)user, audio_start, output->sink, rate);
}

static void
source_audio(const gint16 *samples, gsize frames, gpointer user)
{
    TELL_SINKS((Display *)user, audio, output->sink, samples, frames);
}

static void
source_audio_stop(gpointer user)
{
    TELL_SINKS((Display *)user, audio_stop, output->sink);
}

static void
source_audio_volume(gboolean mute, guint16 left, guint16 right, gpointer user)
{
    TELL_SINKS((Display *)user, audio_volume, output->sink, mute, left, right);
}

static const SourceEvents source_events = {
    .cursor = source_cursor,
    .cursor_moved = source_cursor_moved,
    .lost = source_lost,
    .connected = source_connected,
    .audio_start = source_audio_start,
    .audio = source_audio,
    .audio_stop = source_audio_stop,
    .audio_volume = source_audio_volume,
    .leds = source_leds,
    .text = source_text,
    .ended = source_ended,
};

/* From the sinks ---------------------------------------------------------------------------------
 */

static void
sink_wants_frame(gpointer user)
{
    Display *display = user;
    pipeline_wake(display->pipeline);
}

static gboolean
settled(gpointer user)
{
    Display *display = user;
    display->settle = 0;
    display->wish_again = g_get_monotonic_time() + WISH_AGAIN_US;
    if (display->wished_width == display->width && display->wished_height == display->height)
        return G_SOURCE_REMOVE;
    if (display->source_type->resize)
        display->source_type->resize(display->source, display->wished_width,
                                     display->wished_height);
    if (display->agent)
        vdagent_resize(display->agent, display->wished_width, display->wished_height);
    return G_SOURCE_REMOVE;
}

/* Graphics cards and their drivers like widths of whole groups of eight. A client may say the same
 * wish again and again until it is fulfilled (noVNC does): that must neither put it off nor flood
 * the guest. */
static void
sink_resize_wanted(int width, int height, gpointer user)
{
    Display *display = user;
    int wished_width = CLAMP(width, MIN_WIDTH, MAX_WIDTH) & ~7;
    int wished_height = CLAMP(height, MIN_HEIGHT, MAX_HEIGHT) & ~1;
    gboolean same =
        wished_width == display->wished_width && wished_height == display->wished_height;
    if (same && (display->settle || g_get_monotonic_time() < display->wish_again))
        return;
    display->wished_width = wished_width;
    display->wished_height = wished_height;
    g_clear_handle_id(&display->settle, g_source_remove);
    display->settle = g_timeout_add(SETTLE_MS, settled, display);
}

static void
sink_clients_changed(gpointer user)
{
    sinks_came_further(user);
}

static const SinkEvents sink_events = {.wants_frame = sink_wants_frame,
                                       .resize_wanted = sink_resize_wanted,
                                       .clients_changed = sink_clients_changed};

static void
size_changed(int width, int height, gpointer user)
{
    Display *display = user;
    display->width = width;
    display->height = height;
    input_set_screen(display->input, width, height);
}

/* The control socket -----------------------------------------------------------------------------
 */

static const Frame *
current_frame(gpointer user)
{
    Display *display = user;
    pipeline_refresh(display->pipeline);
    return pipeline_frame(display->pipeline);
}

static json_t *
stats(gpointer user)
{
    Display *display = user;
    json_t *object = json_object();
    int width, height;
    surface_size(display->surface, &width, &height); /* no frame is made for figures */
    pipeline_stats(display->pipeline, object);
    for (guint i = 0; i < G_N_ELEMENTS(display->outputs); i++) {
        Output *output = &display->outputs[i];
        g_autofree char *key =
            output->listener ? g_strdup_printf("%s_clients", output->type->name) : NULL;
        guint clients = key && output->type->clients ? output->type->clients(output->sink) : 0;
        if (key)
            json_object_set_new(object, key, json_integer(clients));
        if (output->sink && output->type->stats)
            output->type->stats(output->sink, object);
    }
    json_object_set_new(object, "name", json_string(display->name));
    json_object_set_new(object, "pid", json_integer(getpid()));
    json_object_set_new(object, "width", json_integer(width));
    json_object_set_new(object, "height", json_integer(height));
    json_object_set_new(object, "agent", json_boolean(vdagent_is_up(display->agent)));
    json_object_set_new(object, "source", json_string(display->connected ? "connected" : "lost"));
    return object;
}

static gboolean
screen_settled(gpointer user)
{
    Display *display = user;
    gboolean any_client;
    return sinks_progress(display, &any_client) == SINK_SETTLED &&
           pipeline_is_shown(display->pipeline);
}

static const ControlCalls control_calls = {
    .stats = stats, .frame = current_frame, .settled = screen_settled};

/* Building ---------------------------------------------------------------------------------------
 */

static void
client_accepted(int fd, gpointer user)
{
    Output *output = user;
    g_autoptr(GError) error = NULL;
    if (!output->type->add_client(output->sink, fd, &error))
        g_message("A %s client was turned away: %s", output->type->name, error->message);
}

static gboolean
open_sink(Display *display, Output *output, const SinkType *type, const char *path, GError **error)
{
    if (!path)
        return TRUE;
    SinkContext context = {.input = display->input,
                           .clipboard = display->clipboard,
                           .events = &sink_events,
                           .user = display,
                           .name = display->name,
                           .path = path};
    output->type = type;
    output->sink = type->open(&context, error);
    if (!output->sink)
        return FALSE;
    pipeline_add_sink(display->pipeline, type, output->sink);
    if (type == &sink_record)
        return TRUE;
    output->listener = socket_listener_new(path, client_accepted, output, error);
    return output->listener != NULL;
}

static gboolean
open_source(Display *display, const char *uri, GError **error)
{
    const char *address;
    display->source_type = source_type_find(uri, &address);
    if (!display->source_type) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "There is no source “%s”.", uri);
        return FALSE;
    }
    display->source =
        display->source_type->open(address, display->surface, &source_events, display, error);
    if (!display->source)
        return FALSE;
    if (display->source_type->clip)
        display->source_clipboard =
            source_clipboard_new(display->clipboard, display->source_type, display->source);
    gpointer input_user = NULL;
    const InputSink *sink = display->source_type->input
                                ? display->source_type->input(display->source, &input_user)
                                : NULL;
    if (sink)
        input_set_sink(display->input, sink, input_user);
    return TRUE;
}

static gboolean
build(Display *display, const DisplayOptions *options, GError **error)
{
    if (!open_sink(display, &display->outputs[0], &sink_vnc, options->vnc_path, error) ||
        !open_sink(display, &display->outputs[1], &sink_spice, options->spice_path, error) ||
        !open_sink(display, &display->outputs[2], &sink_record, options->record_path, error))
        return FALSE;
    if (options->agent_path)
        display->agent = vdagent_new(options->agent_path, display->clipboard, NULL, NULL);
    if (!open_source(display, options->source, error))
        return FALSE;
    if (display->source_type->progress)
        display->measure = measure_new(stats, display);
    if (options->control_path)
        display->control = control_new(options->control_path, &control_calls, display, error);
    return !options->control_path || display->control;
}

Display *
display_new(const DisplayOptions *options, const DisplayEvents *events, gpointer user,
            GError **error)
{
    Display *display = g_new0(Display, 1);
    display->name = g_strdup(options->name ? options->name : "Oriel");
    display->events = events;
    display->stats_path = g_strdup(options->stats_path);
    display->user = user;
    display->surface = surface_new(surface_changed, display);
    display->pipeline = pipeline_new(display->surface, size_changed, display);
    pipeline_watch(display->pipeline, sinks_came_further);
    display->input = input_new();
    display->clipboard = clipboard_new();
    if (!build(display, options, error))
        g_clear_pointer(&display, display_free);
    return display;
}

void
display_free(Display *display)
{
    if (!display)
        return;
    g_clear_handle_id(&display->settle, g_source_remove);
    control_free(display->control);
    for (guint i = 0; i < G_N_ELEMENTS(display->outputs); i++)
        socket_listener_free(display->outputs[i].listener);
    /* Sinks release held keys into the source, and the source's thread wakes the pipeline: each
     * goes before what it uses. The pipeline itself only runs from the main loop. */
    for (guint i = 0; i < G_N_ELEMENTS(display->outputs); i++)
        if (display->outputs[i].sink)
            display->outputs[i].type->close(display->outputs[i].sink);
    vdagent_free(display->agent);
    source_clipboard_free(display->source_clipboard);
    if (display->source)
        display->source_type->close(display->source);
    pipeline_free(display->pipeline);
    measure_free(display->measure);
    clipboard_free(display->clipboard);
    input_free(display->input);
    surface_free(display->surface);
    g_free(display->stats_path);
    g_free(display->name);
    g_free(display);
}
