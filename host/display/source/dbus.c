/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "audio/dbus-audio.h"
#include "source/dbus-input.h"
#include "source/dbus-listener.h"
#include "source/dbus-peer.h"

#define QEMU_NAME    "org.qemu"
#define CONSOLE_PATH "/org/qemu/Display1/Console_0"
#define CONSOLE      "org.qemu.Display1.Console"
#define KEYBOARD     "org.qemu.Display1.Keyboard"
#define AUDIO_PATH   "/org/qemu/Display1/Audio"
#define AUDIO        "org.qemu.Display1.Audio"
#define PROPERTIES   "org.freedesktop.DBus.Properties"
#define WAIT_MS      10000 /* for the bus and for QEMU, at the start and when it goes */
#define AGAIN_MS     200   /* between tries to connect or to register */
#define CALL_MS      10000
#define STALE_MS     1000 /* between two listeners for a stale picture */

/*
 * QEMU's -display dbus over a private bus. All D-Bus work but input is done in a capture thread of
 * its own, which never waits: QEMU calls back while it registers a listener, and it grows without
 * bound when a listener does not read.
 */
struct Source {
    char *address;
    Surface *surface;
    const SourceEvents *events;
    gpointer user;
    GThread *thread;
    GMainContext *context;
    GMainLoop *loop;
    Outbox *outbox;
    DbusInput *input; /* main thread */

    GMutex lock; /* guards what the main thread needs of the peer; a leaf lock */
    GDBusConnection *peer_bus;
    char *peer_name;

    /* The capture thread's. */
    GCancellable *cancellable;
    guint pending; /* calls whose callbacks still want this object */
    GDBusConnection *bus;
    guint name_watch, leds_watch;
    char *owner; /* QEMU's unique name; NULL while it is away */
    DbusPeer *screen, *sound;
    DbusListener *listener;
    gint64 registered_at; /* µs, monotonic */
    DbusAudio *audio;
    GSource *connecting, *registering, *waiting; /* timers */
    gboolean over;                               /* lost for good was said */
};

/* Timers of the capture thread -------------------------------------------------------------------
 */

static void
clear_timer(GSource **timer)
{
    if (!*timer)
        return;
    g_source_destroy(*timer);
    g_clear_pointer(timer, g_source_unref);
}

static void
set_timer(Source *source, GSource **timer, guint ms, GSourceFunc func)
{
    clear_timer(timer);
    *timer = g_timeout_source_new(ms);
    g_source_set_callback(*timer, func, source, NULL);
    g_source_attach(*timer, source->context);
}

/* Losing QEMU ------------------------------------------------------------------------------------
 */

static void
set_peer(Source *source, gboolean present)
{
    g_mutex_lock(&source->lock);
    g_clear_object(&source->peer_bus);
    g_clear_pointer(&source->peer_name, g_free);
    if (present) {
        source->peer_bus = g_object_ref(source->bus);
        source->peer_name = g_strdup(source->owner);
    }
    g_mutex_unlock(&source->lock);
}

static void
drop_listeners(Source *source)
{
    clear_timer(&source->registering);
    g_clear_pointer(&source->listener, dbus_listener_free);
    g_clear_pointer(&source->screen, dbus_peer_free);
    g_clear_pointer(&source->sound, dbus_peer_free);
    g_clear_pointer(&source->audio, dbus_audio_free);
}

static void
lose(Source *source, gboolean for_good, const char *reason)
{
    set_peer(source, FALSE);
    if (source->over)
        return;
    source->over = for_good;
    outbox_post_lost(source->outbox, for_good, reason);
}

static gboolean
waited_in_vain(gpointer user)
{
    Source *source = user;
    clear_timer(&source->waiting);
    lose(source, TRUE,
         source->bus ? "QEMU is not on the desktop's bus." : "The desktop's bus does not answer.");
    return G_SOURCE_REMOVE;
}

/* Registering the screen -------------------------------------------------------------------------
 */

static gboolean register_screen(gpointer user);

/* A new connection replaces the one there is, from the loop: this may be called by what it frees.
 * QEMU may need a moment to forget the old one. */
static void
register_soon(Source *source, guint ms)
{
    set_timer(source, &source->registering, ms, register_screen);
}

/* A guest that brings this about again and again gets no more than one a while. */
static void
stale(gpointer user)
{
    Source *source = user;
    gint64 wait = (source->registered_at - g_get_monotonic_time()) / 1000 + STALE_MS;
    g_debug("The picture is stale; asking for a whole one.");
    register_soon(source, (guint)CLAMP(wait, 0, STALE_MS));
}

static gboolean
export_screen(GDBusConnection *connection, gpointer user, GError **error)
{
    Source *source = user;
    return dbus_listener_export(source->listener, connection, error);
}

static void
screen_registered(const GError *error, gpointer user)
{
    Source *source = user;
    if (error) {
        g_debug("RegisterListener: %s", error->message);
        register_soon(source, AGAIN_MS);
        return;
    }
    clear_timer(&source->waiting);
    set_peer(source, TRUE);
    outbox_post_connected(source->outbox);
}

static void
screen_closed(gpointer user)
{
    Source *source = user;
    lose(source, FALSE, "QEMU closed the display's connection.");
    set_timer(source, &source->waiting, WAIT_MS, waited_in_vain);
    register_soon(source, AGAIN_MS);
}

static gboolean
register_screen(gpointer user)
{
    static const DbusPeerEvents events = {
        .export = export_screen, .registered = screen_registered, .closed = screen_closed};
    Source *source = user;
    clear_timer(&source->registering);
    g_clear_pointer(&source->listener, dbus_listener_free);
    g_clear_pointer(&source->screen, dbus_peer_free);
    source->listener = dbus_listener_new(source->surface, source->outbox, stale, source);
    source->registered_at = g_get_monotonic_time();
    source->screen = dbus_peer_new(source->bus, source->owner, CONSOLE_PATH, CONSOLE,
                                   "RegisterListener", &events, source);
    return G_SOURCE_REMOVE;
}

/* Registering the sound --------------------------------------------------------------------------
 */

static gboolean
export_sound(GDBusConnection *connection, gpointer user, GError **error)
{
    Source *source = user;
    return dbus_audio_export(source->audio, connection, error) != 0;
}

static void
sound_registered(const GError *error, gpointer user)
{
    if (error)
        g_message("The guest has no sound: %s", error->message);
}

static void
sound_closed(gpointer user)
{
}

static void
register_sound(Source *source)
{
    static const DbusPeerEvents events = {
        .export = export_sound, .registered = sound_registered, .closed = sound_closed};
    source->audio = dbus_audio_new(source->outbox);
    source->sound = dbus_peer_new(source->bus, source->owner, AUDIO_PATH, AUDIO,
                                  "RegisterOutListener", &events, source);
}

/* Keyboard lights --------------------------------------------------------------------------------
 */

static void
leds_answered(GObject *object, GAsyncResult *result, gpointer user)
{
    Source *source = user;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, NULL);
    source->pending--;
    g_autoptr(GVariant) value = NULL;
    if (answer)
        g_variant_get(answer, "(v)", &value);
    if (value && g_variant_is_of_type(value, G_VARIANT_TYPE_UINT32))
        outbox_post_leds(source->outbox, g_variant_get_uint32(value));
}

static void
leds_changed(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
             const char *signal, GVariant *arguments, gpointer user)
{
    Source *source = user;
    if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE("(sa{sv}as)")))
        return;
    g_autoptr(GVariant) changed = g_variant_get_child_value(arguments, 1);
    guint32 leds;
    if (g_variant_lookup(changed, "Modifiers", "u", &leds))
        outbox_post_leds(source->outbox, leds);
}

static void
watch_leds(Source *source)
{
    source->leds_watch = g_dbus_connection_signal_subscribe(
        source->bus, source->owner, PROPERTIES, "PropertiesChanged", CONSOLE_PATH, KEYBOARD,
        G_DBUS_SIGNAL_FLAGS_NONE, leds_changed, source, NULL);
    source->pending++;
    g_dbus_connection_call(source->bus, source->owner, CONSOLE_PATH, PROPERTIES, "Get",
                           g_variant_new("(ss)", KEYBOARD, "Modifiers"), G_VARIANT_TYPE("(v)"),
                           G_DBUS_CALL_FLAGS_NO_AUTO_START, CALL_MS, source->cancellable,
                           leds_answered, source);
}

static void
unwatch_leds(Source *source)
{
    if (source->leds_watch)
        g_dbus_connection_signal_unsubscribe(source->bus, source->leds_watch);
    source->leds_watch = 0;
}

/* The bus ----------------------------------------------------------------------------------------
 */

static void
name_appeared(GDBusConnection *bus, const char *name, const char *owner, gpointer user)
{
    Source *source = user;
    if (source->over)
        return;
    g_free(source->owner);
    source->owner = g_strdup(owner);
    register_soon(source, 0);
    register_sound(source);
    watch_leds(source);
}

static void
name_vanished(GDBusConnection *bus, const char *name, gpointer user)
{
    Source *source = user;
    gboolean had_it = source->owner != NULL;
    g_clear_pointer(&source->owner, g_free);
    drop_listeners(source);
    unwatch_leds(source);
    if (had_it) {
        lose(source, FALSE, "QEMU left the desktop's bus.");
        set_timer(source, &source->waiting, WAIT_MS, waited_in_vain);
    }
}

static void
bus_closed(GDBusConnection *bus, gboolean remote, GError *error, gpointer user)
{
    lose(user, TRUE, "The desktop's bus has ended.");
}

static gboolean connect_bus(gpointer user);

static void
bus_connected(GObject *object, GAsyncResult *result, gpointer user)
{
    Source *source = user;
    g_autoptr(GError) error = NULL;
    source->pending--;
    source->bus = g_dbus_connection_new_for_address_finish(result, &error);
    if (!source->bus) {
        if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
            set_timer(source, &source->connecting, AGAIN_MS, connect_bus);
        return;
    }
    g_signal_connect(source->bus, "closed", G_CALLBACK(bus_closed), source);
    source->name_watch =
        g_bus_watch_name_on_connection(source->bus, QEMU_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                       name_appeared, name_vanished, source, NULL);
}

static gboolean
connect_bus(gpointer user)
{
    Source *source = user;
    clear_timer(&source->connecting);
    if (source->over)
        return G_SOURCE_REMOVE;
    source->pending++;
    g_dbus_connection_new_for_address(source->address,
                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                          G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                      NULL, source->cancellable, bus_connected, source);
    return G_SOURCE_REMOVE;
}

/* The thread -------------------------------------------------------------------------------------
 */

static void
leave_bus(Source *source)
{
    g_cancellable_cancel(source->cancellable);
    drop_listeners(source);
    clear_timer(&source->connecting);
    clear_timer(&source->waiting);
    set_peer(source, FALSE);
    if (source->bus) {
        unwatch_leds(source);
        g_bus_unwatch_name(source->name_watch);
        g_signal_handlers_disconnect_by_data(source->bus, source);
        g_dbus_connection_close(source->bus, NULL, NULL, NULL);
        g_clear_object(&source->bus);
    }
    while (source->pending > 0)
        g_main_context_iteration(source->context, TRUE);
    while (g_main_context_iteration(source->context, FALSE))
        ; /* closing and cancelling report here */
}

static gpointer
capture_thread(gpointer user)
{
    Source *source = user;
    g_main_context_push_thread_default(source->context);
    set_timer(source, &source->waiting, WAIT_MS, waited_in_vain);
    connect_bus(source);
    g_main_loop_run(source->loop);
    leave_bus(source);
    g_main_context_pop_thread_default(source->context);
    return NULL;
}

/* The main thread's side -------------------------------------------------------------------------
 */

static void
on_connected(gpointer user)
{
    Source *source = user;
    g_mutex_lock(&source->lock);
    dbus_input_set_peer(source->input, source->peer_bus, source->peer_name);
    g_mutex_unlock(&source->lock);
    source->events->connected(source->user);
}

static void
on_lost(gboolean for_good, const char *reason, gpointer user)
{
    Source *source = user;
    dbus_input_set_peer(source->input, NULL, NULL);
    source->events->lost(for_good, reason, source->user);
}

#define PASS_ON(name, parameters, ...)                                                             \
    static void on_##name parameters                                                               \
    {                                                                                              \
        Source *source = user;                                                                     \
        if (source->events->name)                                                                  \
            source->events->name(__VA_ARGS__);                                                     \
    }
PASS_ON(cursor, (Cursor * cursor, gpointer user), cursor, source->user)
PASS_ON(cursor_moved, (int x, int y, gboolean on, gpointer user), x, y, on, source->user)
PASS_ON(leds, (guint leds, gpointer user), leds, source->user)
PASS_ON(audio_start, (guint rate, gpointer user), rate, source->user)
PASS_ON(audio, (const gint16 *samples, gsize frames, gpointer user), samples, frames, source->user)
PASS_ON(audio_stop, (gpointer user), source->user)
PASS_ON(audio_volume, (gboolean mute, guint16 left, guint16 right, gpointer user), mute, left,
        right, source->user)

static const SourceEvents outbox_events = {
    .cursor = on_cursor,
    .cursor_moved = on_cursor_moved,
    .lost = on_lost,
    .connected = on_connected,
    .audio_start = on_audio_start,
    .audio = on_audio,
    .audio_stop = on_audio_stop,
    .audio_volume = on_audio_volume,
    .leds = on_leds,
};

static Source *
dbus_open(const char *address, Surface *surface, const SourceEvents *events, gpointer user,
          GError **error)
{
    if (!g_dbus_is_supported_address(address, error))
        return NULL;
    Source *source = g_new0(Source, 1);
    source->address = g_strdup(address);
    source->surface = surface;
    source->events = events;
    source->user = user;
    source->context = g_main_context_new();
    source->loop = g_main_loop_new(source->context, FALSE);
    source->cancellable = g_cancellable_new();
    source->input = dbus_input_new();
    source->outbox = outbox_new(&outbox_events, source);
    g_mutex_init(&source->lock);
    source->thread = g_thread_new("capture", capture_thread, source);
    return source;
}

static gboolean
quit(gpointer user)
{
    g_main_loop_quit(user);
    return G_SOURCE_REMOVE;
}

static void
dbus_close(Source *source)
{
    if (!source)
        return;
    dbus_input_free(source->input);
    /* By a source, so that it also works before the thread has entered its loop. */
    g_autoptr(GSource) idle = g_idle_source_new();
    g_source_set_callback(idle, quit, source->loop, NULL);
    g_source_attach(idle, source->context);
    g_thread_join(source->thread);
    outbox_free(source->outbox);
    g_main_loop_unref(source->loop);
    g_main_context_unref(source->context);
    g_object_unref(source->cancellable);
    g_mutex_clear(&source->lock);
    g_free(source->owner);
    g_free(source->address);
    g_free(source);
}

static const InputSink *
dbus_input(Source *source, gpointer *user)
{
    *user = source->input;
    return &dbus_input_sink;
}

static void
dbus_resize(Source *source, int width, int height)
{
    dbus_input_resize(source->input, width, height);
}

const SourceType source_dbus = {
    .scheme = "dbus",
    .open = dbus_open,
    .close = dbus_close,
    .input = dbus_input,
    .resize = dbus_resize,
};
