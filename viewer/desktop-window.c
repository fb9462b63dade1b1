/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/desktop-window.h"

#include "oriel-config.h"

#include "common/error.h"
#include "viewer/announce.h"
#include "viewer/bare-screen.h"
#include "viewer/sign-in.h"
#include "viewer/stats-overlay.h"
#include "viewer/status-card.h"
#include "viewer/window-actions.h"

#include <glib/gi18n.h>

/* Where the pointer calls the hidden header on the full screen, and how far below it sends it away
 * again; pixels. */
#define EDGE_SHOW 2
#define EDGE_HIDE 90

/* How long the full screen says how to leave it; seconds. */
#define HINT_S 6

struct _DesktopWindow {
    GtkApplicationWindow parent;
    GtkHeaderBar *header, *full_screen_header;
    GtkOverlay *overlay;
    GtkStack *stage;
    GtkWidget *picture, *screen, *full_screen_revealer, *statistics, *hint;
    GtkWidget *menu_button, *full_screen_menu;
    StatusCard *status;

    DesktopLink *link;
    StatsOverlay *stats;
    GdkPixbuf *last_picture; /* grey; NULL before the first one */
    GError *trouble;         /* why there is no picture; NULL for none */
    char *user;
    GCancellable *cancellable;
    guint hint_over;
    gboolean kiosk, full_screen, shown_once;
};

G_DEFINE_FINAL_TYPE(DesktopWindow, desktop_window, GTK_TYPE_APPLICATION_WINDOW)

/* ---- the last picture ---- */

static void
keep_grey(DesktopWindow *window, GdkPixbuf *picture)
{
    g_clear_object(&window->last_picture);
    if (picture) {
        window->last_picture = gdk_pixbuf_copy(picture);
        if (window->last_picture)
            gdk_pixbuf_saturate_and_pixelate(picture, window->last_picture, 0.15f, FALSE);
    }
    gtk_widget_queue_draw(window->picture);
}

static gboolean
on_draw_picture(GtkWidget *widget, cairo_t *cr, DesktopWindow *window)
{
    if (!window->last_picture)
        return GDK_EVENT_STOP;
    double width = gtk_widget_get_allocated_width(widget),
           height = gtk_widget_get_allocated_height(widget);
    double picture_width = gdk_pixbuf_get_width(window->last_picture);
    double picture_height = gdk_pixbuf_get_height(window->last_picture);
    double scale = MIN(width / picture_width, height / picture_height);
    cairo_translate(cr, (width - picture_width * scale) / 2, (height - picture_height * scale) / 2);
    cairo_scale(cr, scale, scale);
    gdk_cairo_set_source_pixbuf(cr, window->last_picture, 0, 0);
    cairo_paint_with_alpha(cr, 0.55);
    return GDK_EVENT_STOP;
}

/* ---- full screen ---- */

/* A hidden header takes no room at all: even its empty window would keep the pointer from the
 * screen's edge. */
static void
reveal_header(DesktopWindow *window, gboolean reveal)
{
    if (reveal)
        gtk_widget_show(window->full_screen_revealer);
    gtk_revealer_set_reveal_child(GTK_REVEALER(window->full_screen_revealer), reveal);
}

static void
on_header_revealed(GtkRevealer *revealer, GParamSpec *spec, DesktopWindow *window)
{
    if (!gtk_revealer_get_child_revealed(revealer) && !gtk_revealer_get_reveal_child(revealer))
        gtk_widget_hide(window->full_screen_revealer);
}

static gboolean
on_motion(GtkWidget *widget, GdkEventMotion *event, DesktopWindow *window)
{
    if (!window->full_screen || window->kiosk ||
        gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(window->full_screen_menu)))
        return GDK_EVENT_PROPAGATE;
    if (event->y <= EDGE_SHOW)
        reveal_header(window, TRUE);
    else if (event->y > EDGE_HIDE)
        reveal_header(window, FALSE);
    return GDK_EVENT_PROPAGATE;
}

static gboolean
on_hint_over(gpointer user)
{
    DesktopWindow *window = user;
    window->hint_over = 0;
    gtk_widget_hide(window->hint);
    return G_SOURCE_REMOVE;
}

/* All keys go to the desktop then, and nothing of the window is to be seen: say how to come back.
 */
static void
show_hint(DesktopWindow *window, gboolean show)
{
    g_clear_handle_id(&window->hint_over, g_source_remove);
    gtk_widget_set_visible(window->hint, show);
    if (!show)
        return;
    announce_label(window->hint);
    window->hint_over = g_timeout_add_seconds(HINT_S, on_hint_over, window);
}

void
desktop_window_open_menu(DesktopWindow *window)
{
    if (window->kiosk)
        return;
    if (window->full_screen)
        reveal_header(window, TRUE);
    gtk_toggle_button_set_active(
        GTK_TOGGLE_BUTTON(window->full_screen ? window->full_screen_menu : window->menu_button),
        TRUE);
}

/* The keys go to the desktop again, also where the menu was opened by one. */
static void
on_menu_toggled(GtkToggleButton *button, DesktopWindow *window)
{
    Display *display = window->link ? desktop_link_display(window->link) : NULL;
    if (gtk_toggle_button_get_active(button))
        return;
    if (GTK_WIDGET(button) == window->full_screen_menu)
        reveal_header(window, FALSE);
    if (display && display_widget(display))
        gtk_widget_grab_focus(display_widget(display));
}

void
desktop_window_set_full_screen(DesktopWindow *window, gboolean full_screen)
{
    if (window->kiosk && !full_screen)
        return;
    window->full_screen = full_screen;
    reveal_header(window, FALSE);
    gtk_widget_hide(window->full_screen_revealer);
    show_hint(window, full_screen && !window->kiosk);
    bare_screen_set_full(GTK_WINDOW(window), full_screen);
}

/* ---- the connection's states ---- */

static void
show_screen(DesktopWindow *window)
{
    GtkWidget *widget = display_widget(desktop_link_display(window->link));
    if (!gtk_widget_get_parent(widget)) {
        gtk_box_pack_start(GTK_BOX(window->screen), widget, TRUE, TRUE, 0);
        gtk_widget_add_events(widget, GDK_POINTER_MOTION_MASK);
        g_signal_connect(widget, "motion-notify-event", G_CALLBACK(on_motion), window);
    }
    gtk_stack_set_visible_child(window->stage, window->screen);
    gtk_widget_hide(GTK_WIDGET(window->status));
    gtk_widget_grab_focus(widget);
    window->shown_once = TRUE;
}

/* Why there is no picture and what may be done about it. */
static void
show_trouble(DesktopWindow *window, ReconnectState state)
{
    const char *text = window->trouble ? window->trouble->message : NULL;
    gboolean alone = desktop_link_connector(window->link) == NULL;

    if (state == RECONNECT_SIGN_IN)
        status_card_ask_password(window->status, _("Please sign in again"),
                                 _("Your sign-in has expired. The desktop is still there."));
    else if (state == RECONNECT_STOP)
        status_card_ask(window->status, _("The desktop is not connected"), text,
                        alone ? NULL : _("Start again"));
    else
        status_card_wait(window->status, window->shown_once ? _("Reconnecting…") : _("Connecting…"),
                         text);
}

static void
on_state(DesktopLink *link, ReconnectState state, GdkPixbuf *picture, const GError *error,
         gpointer user)
{
    DesktopWindow *window = user;
    if (state == RECONNECT_UP) {
        g_clear_error(&window->trouble);
        keep_grey(window, NULL);
        show_screen(window);
        return;
    }
    if (error) {
        g_clear_error(&window->trouble);
        window->trouble = g_error_copy(error);
    }
    if (state == RECONNECT_STOP && window->kiosk) {
        /* The next person signs in. */
        gtk_widget_destroy(GTK_WIDGET(window));
        return;
    }
    keep_grey(window, picture);
    gtk_stack_set_visible_child(window->stage, window->picture);
    show_trouble(window, state);
}

/* A desktop that starts anew takes its time: say how far it is. */
static void
on_progress(DesktopLink *link, const SessionInfo *session, gpointer user)
{
    DesktopWindow *window = user;
    if (session->state == SESSION_STARTING)
        status_card_wait(window->status, _("Reconnecting…"), session_info_phrase(session));
}

static void
on_resized(DesktopLink *link, guint width, guint height, gpointer user)
{
}

/* Without a word, a desktop that is paused looks like one that hangs. */
static void
on_paused(DesktopLink *link, const char *why, gpointer user)
{
    DesktopWindow *window = user;
    if (why)
        status_card_wait(window->status, _("The desktop is paused"), why);
    else
        gtk_widget_hide(GTK_WIDGET(window->status));
}

static const DesktopLinkEvents link_events = {
    .state = on_state, .progress = on_progress, .resized = on_resized, .paused = on_paused};

static void
on_retry(DesktopWindow *window)
{
    Connector *connector = desktop_link_connector(window->link);
    /* The old session may be what is over: the same pool gives the one that lives, or a new one. */
    if (connector)
        connector_forget_session(connector);
    desktop_link_retry(window->link);
}

static void
on_leave(DesktopWindow *window)
{
    gtk_window_close(GTK_WINDOW(window));
}

static void
on_signed_in(GObject *source, GAsyncResult *result, gpointer user)
{
    g_autoptr(DesktopWindow) window = user;
    g_autoptr(GError) error = NULL;
    gboolean good = sign_in_finish(REST_CLIENT(source), result, NULL, &error);
    if (!window->link || g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (good)
        desktop_link_retry(window->link);
    else
        status_card_ask_password(window->status, _("Please sign in again"), error->message);
}

static void
on_password(DesktopWindow *window, const char *password)
{
    status_card_wait(window->status, _("Signing in…"), NULL);
    sign_in_async(connector_client(desktop_link_connector(window->link)), window->user, password,
                  window->cancellable, on_signed_in, g_object_ref(window));
}

/* ---- leaving ---- */

static void
on_logged_off(GObject *source, GAsyncResult *result, gpointer user)
{
    g_autoptr(DesktopWindow) window = user;
    g_autoptr(GError) error = NULL;
    json_t *answer = rest_client_call_finish(REST_CLIENT(source), result, NULL, &error);
    json_decref(answer);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (!error || g_error_matches(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND)) {
        gtk_widget_destroy(GTK_WIDGET(window));
        return;
    }
    GtkWidget *dialog = gtk_message_dialog_new(
        GTK_WINDOW(window), GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT, GTK_MESSAGE_ERROR,
        GTK_BUTTONS_CLOSE, "%s", _("Logging off did not work"));
    gtk_message_dialog_format_secondary_text(GTK_MESSAGE_DIALOG(dialog), "%s", error->message);
    g_signal_connect(dialog, "response", G_CALLBACK(gtk_widget_destroy), NULL);
    gtk_widget_show(dialog);
}

void
desktop_window_log_off(DesktopWindow *window)
{
    Connector *connector = desktop_link_connector(window->link);
    if (!connector || !connector_session(connector)) {
        gtk_widget_destroy(GTK_WIDGET(window));
        return;
    }
    g_autofree char *path = g_strdup_printf("/api/v1/sessions/%s", connector_session(connector));
    rest_client_call_async(connector_client(connector), "DELETE", path, NULL, 20,
                           window->cancellable, on_logged_off, g_object_ref(window));
}

static gboolean
desktop_window_delete(GtkWidget *widget, GdkEventAny *event)
{
    return DESKTOP_WINDOW(widget)->kiosk;
}

void
desktop_window_set_statistics(DesktopWindow *window, gboolean visible)
{
    gtk_widget_set_visible(window->statistics, visible);
    g_clear_pointer(&window->stats, stats_overlay_free);
    if (visible)
        window->stats = stats_overlay_new(GTK_LABEL(window->statistics), window->link);
}

DesktopLink *
desktop_window_link(DesktopWindow *window)
{
    return window->link;
}

/* ---- the window ---- */

static void
desktop_window_dispose(GObject *object)
{
    DesktopWindow *window = DESKTOP_WINDOW(object);
    if (window->cancellable)
        g_cancellable_cancel(window->cancellable);
    g_clear_object(&window->cancellable);
    g_clear_pointer(&window->stats, stats_overlay_free);
    g_clear_pointer(&window->link, desktop_link_free);
    g_clear_handle_id(&window->hint_over, g_source_remove);
    g_clear_object(&window->last_picture);
    g_clear_error(&window->trouble);
    g_clear_pointer(&window->user, g_free);
    G_OBJECT_CLASS(desktop_window_parent_class)->dispose(object);
}

static void
desktop_window_class_init(DesktopWindowClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    G_OBJECT_CLASS(class)->dispose = desktop_window_dispose;
    widget->delete_event = desktop_window_delete;
    g_type_ensure(STATUS_TYPE_CARD);
    gtk_widget_class_set_template_from_resource(widget,
                                                "/org/oriel_desktop/Viewer/desktop-window.ui");
    gtk_widget_class_bind_template_child(widget, DesktopWindow, header);
    gtk_widget_class_bind_template_child(widget, DesktopWindow, full_screen_header);
    gtk_widget_class_bind_template_child(widget, DesktopWindow, overlay);
    gtk_widget_class_bind_template_child(widget, DesktopWindow, stage);
    gtk_widget_class_bind_template_child(widget, DesktopWindow, picture);
    gtk_widget_class_bind_template_child(widget, DesktopWindow, screen);
    gtk_widget_class_bind_template_child(widget, DesktopWindow, full_screen_revealer);
    gtk_widget_class_bind_template_child(widget, DesktopWindow, statistics);
    gtk_widget_class_bind_template_child(widget, DesktopWindow, hint);
    gtk_widget_class_bind_template_child(widget, DesktopWindow, menu_button);
    gtk_widget_class_bind_template_child(widget, DesktopWindow, full_screen_menu);
    gtk_widget_class_bind_template_callback(widget, on_menu_toggled);
    gtk_widget_class_bind_template_child(widget, DesktopWindow, status);
    gtk_widget_class_bind_template_callback(widget, on_draw_picture);
    gtk_widget_class_bind_template_callback(widget, on_header_revealed);
    gtk_widget_class_bind_template_callback(widget, on_retry);
    gtk_widget_class_bind_template_callback(widget, on_leave);
    gtk_widget_class_bind_template_callback(widget, on_password);
}

static void
desktop_window_init(DesktopWindow *window)
{
    gtk_widget_init_template(GTK_WIDGET(window));
    window->cancellable = g_cancellable_new();
    bare_screen_watch(GTK_WINDOW(window));
}

static void
set_titles(DesktopWindow *window, const char *title, const char *subtitle)
{
    gtk_window_set_title(GTK_WINDOW(window), title);
    gtk_header_bar_set_title(window->header, title);
    gtk_header_bar_set_subtitle(window->header, subtitle);
    gtk_header_bar_set_title(window->full_screen_header, title);
    gtk_header_bar_set_subtitle(window->full_screen_header, subtitle);
}

GtkWindow *
desktop_window_new(GtkApplication *application, Connector *connector, SpiceTarget *target,
                   const char *user, gboolean kiosk)
{
    static const gboolean options[DISPLAY_N_OPTIONS] = {TRUE, TRUE, TRUE};
    DesktopWindow *window = g_object_new(DESKTOP_TYPE_WINDOW, "application", application, NULL);
    window->kiosk = kiosk;
    window->user = g_strdup(user);
    set_titles(window, target->title ? target->title : target->host,
               connector ? oriel_uri_display(rest_client_broker(connector_client(connector)))
                         : NULL);
    window->link = desktop_link_new(connector, target, options, &link_events, window);
    window_actions_add(window);
    if (kiosk)
        status_card_forbid_leaving(window->status);
    status_card_wait(window->status, _("Connecting…"), NULL);
    desktop_link_start(window->link);
    return GTK_WINDOW(window);
}
