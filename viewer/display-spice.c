/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/display-spice.h"

#include "oriel-config.h"

#include "common/error.h"

#include <glib/gi18n.h>
#include <spice-client-gtk.h>
#include <string.h>

typedef struct {
    Display base;
    SpiceSession *session;
    SpiceAudio *audio; /* owned by the session */
    SpiceChannel *playback;
    GtkWidget *widget; /* referenced */
    GdkPixbuf *last_picture;
    GPtrArray *channels; /* borrowed: those that live */
    gboolean options[DISPLAY_N_OPTIONS];
    gboolean up;
    gboolean has_surface; /* the widget has pixels to read */
    guint width, height;
    guint lost_idle;
    GError *lost_error;
} DisplaySpice;

static void
keep_picture(DisplaySpice *display)
{
    GdkPixbuf *picture = display->widget && display->up && display->has_surface
                             ? spice_display_get_pixbuf(SPICE_DISPLAY(display->widget))
                             : NULL;
    if (!picture)
        return;
    g_clear_object(&display->last_picture);
    display->last_picture = picture;
}

static gboolean
tell_lost(gpointer user)
{
    DisplaySpice *display = user;
    display->lost_idle = 0;
    display->base.events->lost(&display->base, display->lost_error, display->base.user);
    return G_SOURCE_REMOVE;
}

/* The library calls from inside its coroutines: what follows a loss waits for the main loop. The
 * first cause is the one told. */
static void
lose(DisplaySpice *display, int code, const char *message, const GError *detail)
{
    if (display->lost_error)
        return;
    keep_picture(display);
    display->lost_error = detail
                              ? g_error_new(ORIEL_ERROR, code, "%s (%s)", message, detail->message)
                              : g_error_new_literal(ORIEL_ERROR, code, message);
    display->lost_idle = g_idle_add(tell_lost, display);
}

static void
on_channel_event(SpiceChannel *channel, SpiceChannelEvent event, DisplaySpice *display)
{
    const GError *detail = spice_channel_get_error(channel);
    /* A desktop without sound is one still; without one of the others it is not. */
    if (SPICE_IS_PLAYBACK_CHANNEL(channel) || SPICE_IS_RECORD_CHANNEL(channel))
        return;
    switch (event) {
    case SPICE_CHANNEL_CLOSED:
        lose(display, ORIEL_ERROR_UNAVAILABLE, _("The desktop closed the connection."), NULL);
        break;
    case SPICE_CHANNEL_ERROR_CONNECT:
        lose(display, ORIEL_ERROR_UNAVAILABLE, _("The desktop cannot be reached."), detail);
        break;
    case SPICE_CHANNEL_ERROR_TLS:
        lose(display, ORIEL_ERROR_PROTOCOL,
             _("The connection to the desktop could not be secured."), detail);
        break;
    case SPICE_CHANNEL_ERROR_AUTH:
        lose(display, ORIEL_ERROR_REFUSED,
             _("The ticket for the desktop was refused: it was used already, or is too old."),
             NULL);
        break;
    case SPICE_CHANNEL_ERROR_LINK:
    case SPICE_CHANNEL_ERROR_IO:
        lose(display, ORIEL_ERROR_UNAVAILABLE, _("The connection to the desktop broke."), detail);
        break;
    default:
        break;
    }
}

static void
on_ready(SpiceDisplay *widget, GParamSpec *spec, DisplaySpice *display)
{
    gboolean ready;
    g_object_get(widget, "ready", &ready, NULL);
    if (!ready || display->up || display->lost_error)
        return;
    display->up = TRUE;
    display->base.events->up(&display->base, display->base.user);
}

static void
on_primary(SpiceChannel *channel, gint format, gint width, gint height, gint stride, gint shmid,
           gpointer data, DisplaySpice *display)
{
    if (width <= 0 || height <= 0)
        return;
    display->has_surface = TRUE;
    display->width = (guint)width;
    display->height = (guint)height;
    display->base.events->resized(&display->base, display->width, display->height,
                                  display->base.user);
}

static void
on_primary_gone(SpiceChannel *channel, DisplaySpice *display)
{
    display->has_surface = FALSE;
}

static void
apply_option(DisplaySpice *display, DisplayOption option)
{
    gboolean on = display->options[option];
    if (option == DISPLAY_CLIPBOARD)
        g_object_set(spice_gtk_session_get(display->session), "auto-clipboard", on, NULL);
    else if (option == DISPLAY_SOUND && display->playback)
        g_object_set(display->playback, "mute", !on, NULL);
    else if (option == DISPLAY_SCALE && display->widget)
        g_object_set(display->widget, "scaling", on, NULL);
}

static void
make_widget(DisplaySpice *display, SpiceChannel *channel)
{
    display->widget = g_object_ref_sink(GTK_WIDGET(spice_display_new(display->session, 0)));
    g_object_set(display->widget, "resize-guest", TRUE, "grab-keyboard", TRUE, "grab-mouse", TRUE,
                 "can-focus", TRUE, NULL);
    apply_option(display, DISPLAY_SCALE);
    gtk_widget_show(display->widget);
    atk_object_set_name(gtk_widget_get_accessible(display->widget), _("The desktop's screen"));
    g_signal_connect(display->widget, "notify::ready", G_CALLBACK(on_ready), display);
    g_signal_connect(channel, "display-primary-create", G_CALLBACK(on_primary), display);
    g_signal_connect(channel, "display-primary-destroy", G_CALLBACK(on_primary_gone), display);
    on_ready(SPICE_DISPLAY(display->widget), NULL, display);
}

static void
on_channel_new(SpiceSession *session, SpiceChannel *channel, DisplaySpice *display)
{
    int id;
    g_object_get(channel, "channel-id", &id, NULL);
    g_ptr_array_add(display->channels, channel);
    g_signal_connect(channel, "channel-event", G_CALLBACK(on_channel_event), display);
    if (SPICE_IS_DISPLAY_CHANNEL(channel) && id == 0 && !display->widget) {
        make_widget(display, channel);
    } else if (SPICE_IS_PLAYBACK_CHANNEL(channel)) {
        display->playback = channel;
        display->audio = spice_audio_get(session, NULL);
        apply_option(display, DISPLAY_SOUND);
    }
}

static void
on_channel_destroy(SpiceSession *session, SpiceChannel *channel, DisplaySpice *display)
{
    g_signal_handlers_disconnect_by_data(channel, display);
    g_ptr_array_remove_fast(display->channels, channel);
    if (channel == display->playback)
        display->playback = NULL;
}

static void
display_spice_free(Display *base)
{
    DisplaySpice *display = (DisplaySpice *)base;
    g_signal_handlers_disconnect_by_data(display->session, display);
    for (guint i = 0; i < display->channels->len; i++)
        g_signal_handlers_disconnect_by_data(g_ptr_array_index(display->channels, i), display);
    g_ptr_array_unref(display->channels);
    g_clear_handle_id(&display->lost_idle, g_source_remove);
    /* Losing the focus, the widget asks its session for things: not while it is destroyed. */
    if (display->widget)
        gtk_widget_hide(display->widget);
    spice_session_disconnect(display->session);
    if (display->widget) {
        g_signal_handlers_disconnect_by_data(display->widget, display);
        gtk_widget_destroy(display->widget);
        g_object_unref(display->widget);
    }
    g_clear_object(&display->last_picture);
    g_clear_error(&display->lost_error);
    g_object_unref(display->session);
    g_free(display);
}

static GtkWidget *
display_spice_widget(Display *base)
{
    return ((DisplaySpice *)base)->widget;
}

static GdkPixbuf *
display_spice_picture(Display *base)
{
    DisplaySpice *display = (DisplaySpice *)base;
    if (!display->lost_error)
        keep_picture(display);
    return display->last_picture ? g_object_ref(display->last_picture) : NULL;
}

static void
display_spice_send_keys(Display *base, const guint *keyvals, guint n_keyvals)
{
    DisplaySpice *display = (DisplaySpice *)base;
    if (display->widget && !display->lost_error)
        spice_display_send_keys(SPICE_DISPLAY(display->widget), keyvals, (int)n_keyvals,
                                SPICE_DISPLAY_KEY_EVENT_CLICK);
}

static void
display_spice_set_option(Display *base, DisplayOption option, gboolean on)
{
    DisplaySpice *display = (DisplaySpice *)base;
    display->options[option] = on;
    apply_option(display, option);
}

static void
display_spice_stats(Display *base, DisplayStats *stats)
{
    DisplaySpice *display = (DisplaySpice *)base;
    stats->width = display->width;
    stats->height = display->height;
    stats->channels = display->channels->len;
    for (guint i = 0; i < display->channels->len; i++) {
        gulong bytes = 0;
        g_object_get(g_ptr_array_index(display->channels, i), "total-read-bytes", &bytes, NULL);
        stats->bytes_read += bytes;
    }
}

static const DisplayOps spice_ops = {
    .free = display_spice_free,
    .widget = display_spice_widget,
    .picture = display_spice_picture,
    .send_keys = display_spice_send_keys,
    .set_option = display_spice_set_option,
    .stats = display_spice_stats,
};

static void
set_port(SpiceSession *session, const char *property, guint16 port)
{
    g_autofree char *text = port ? g_strdup_printf("%u", port) : NULL;
    g_object_set(session, property, text, NULL);
}

static void
set_target(SpiceSession *session, const SpiceTarget *target)
{
    /* The proxy is set in any case: NULL keeps the one of the environment out. */
    g_object_set(
        session, "host", target->host, "password", target->password, "proxy", target->proxy,
        "cert-subject", target->host_subject, "verify",
        target->host_subject ? SPICE_SESSION_VERIFY_SUBJECT : SPICE_SESSION_VERIFY_HOSTNAME, NULL);
    set_port(session, "port", target->port);
    set_port(session, "tls-port", target->tls_port);
    if (target->ca) {
        g_autoptr(GByteArray) ca = g_byte_array_new();
        g_byte_array_append(ca, (const guint8 *)target->ca, (guint)strlen(target->ca));
        g_object_set(session, "ca", ca, NULL);
    }
}

Display *
display_spice_new(const SpiceTarget *target, const gboolean options[DISPLAY_N_OPTIONS],
                  const DisplayEvents *events, gpointer user)
{
    DisplaySpice *display = g_new0(DisplaySpice, 1);
    display->base = (Display){.ops = &spice_ops, .events = events, .user = user};
    memcpy(display->options, options, sizeof display->options);
    display->channels = g_ptr_array_new();
    display->session = spice_session_new();
    g_object_set(display->session, "enable-usbredir", FALSE, "enable-smartcard", FALSE,
                 "enable-audio", TRUE, "shared-dir", NULL, NULL);
    g_object_set(spice_gtk_session_get(display->session), "auto-usbredir", FALSE, NULL);
    apply_option(display, DISPLAY_CLIPBOARD);
    set_target(display->session, target);
    g_signal_connect(display->session, "channel-new", G_CALLBACK(on_channel_new), display);
    g_signal_connect(display->session, "channel-destroy", G_CALLBACK(on_channel_destroy), display);
    if (!spice_session_connect(display->session))
        lose(display, ORIEL_ERROR_FAILED, _("The connection to the desktop could not be begun."),
             NULL);
    return &display->base;
}
