/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/portal-window.h"

#include "oriel-config.h"

#include "common/error.h"
#include "viewer/bare-screen.h"
#include "viewer/certificate-page.h"
#include "viewer/chooser-page.h"
#include "viewer/message-page.h"
#include "viewer/pool-list.h"
#include "viewer/sign-in-page.h"
#include "viewer/sign-in.h"
#include "viewer/starting-page.h"

#include <glib/gi18n.h>
#include <string.h>

struct _PortalWindow {
    GtkApplicationWindow parent;
    GtkHeaderBar *header;
    GtkWidget *menu_button, *sign_out, *refresh;
    GtkStack *stack;
    SignInPage *sign_in;
    CertificatePage *certificate;
    ChooserPage *chooser;
    StartingPage *starting;
    MessagePage *message;

    Application *application; /* borrowed */
    RestClient *client;       /* of the address that is typed in */
    Connector *connector;
    char *user;
    const char *after_message; /* the page behind the message */
    GCancellable *cancellable; /* of the sign-in or the list */
};

G_DEFINE_FINAL_TYPE(PortalWindow, portal_window, GTK_TYPE_APPLICATION_WINDOW)

static void load_pools(PortalWindow *window);
static void sign_in(PortalWindow *window);
static void open_pool(PortalWindow *window, const char *pool, const char *title);

static void
show_page(PortalWindow *window, const char *name)
{
    gboolean chooser = strcmp(name, "chooser") == 0;
    gtk_stack_set_visible_child_name(window->stack, name);
    gtk_widget_set_visible(window->sign_out, chooser);
    gtk_widget_set_visible(window->refresh, chooser);
    gtk_header_bar_set_title(window->header,
                             window->client && strcmp(name, "sign-in") != 0
                                 ? oriel_uri_display(rest_client_broker(window->client))
                                 : _("Oriel"));
    if (strcmp(name, "sign-in") == 0)
        sign_in_page_focus(window->sign_in);
}

static void
show_message(PortalWindow *window, const char *icon, const char *title, const char *text,
             const char *back_to)
{
    window->after_message = back_to;
    message_page_show(window->message, icon, title, text, _("Back"));
    show_page(window, "message");
    message_page_focus(window->message);
}

static void
stop_calls(PortalWindow *window)
{
    g_cancellable_cancel(window->cancellable);
    g_object_unref(window->cancellable);
    window->cancellable = g_cancellable_new();
}

static void
forget_token(PortalWindow *window)
{
    if (window->client)
        rest_client_set_token(window->client, NULL);
    sign_in_page_forget_password(window->sign_in);
}

/* At a kiosk the next person is another one. */
static void
forget_person(PortalWindow *window)
{
    ViewerOptions *options = application_options(window->application);
    forget_token(window);
    if (options->kiosk)
        sign_in_page_set_user(window->sign_in, options->user ? options->user : "");
}

/* ---- signing in ---- */

static void
sign_in_failed(PortalWindow *window, const GError *error)
{
    gboolean certificate = g_error_matches(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED);
    BrokerTrust trust = rest_client_trust(window->client);

    sign_in_page_set_busy(window->sign_in, FALSE);
    if (certificate && trust == BROKER_TRUST_UNKNOWN) {
        certificate_page_show(window->certificate, rest_client_broker(window->client),
                              rest_client_chain(window->client));
        show_page(window, "certificate");
        certificate_page_focus(window->certificate);
    } else if (certificate && trust == BROKER_TRUST_REFUSED) {
        sign_in_page_forget_password(window->sign_in);
        show_message(window, "channel-insecure-symbolic", _("This broker was not recognised"),
                     error->message, "sign-in");
    } else {
        if (g_error_matches(error, ORIEL_ERROR, ORIEL_ERROR_UNAUTHORIZED))
            sign_in_page_forget_password(window->sign_in);
        sign_in_page_set_error(window->sign_in, error->message);
        sign_in_page_focus(window->sign_in);
    }
}

static void
on_signed_in(GObject *source, GAsyncResult *result, gpointer user)
{
    g_autoptr(PortalWindow) window = user;
    g_autofree char *name = NULL;
    g_autoptr(GError) error = NULL;
    ViewerOptions *options = application_options(window->application);

    gboolean good = sign_in_finish(REST_CLIENT(source), result, &name, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (!good) {
        sign_in_failed(window, error);
        return;
    }
    g_message("signed in to %s", oriel_uri_address(rest_client_broker(window->client)));
    /* Who used a kiosk is nobody's business there. */
    if (!options->kiosk)
        settings_remember(application_settings(window->application),
                          oriel_uri_display(rest_client_broker(window->client)), window->user);
    sign_in_page_set_busy(window->sign_in, FALSE);
    sign_in_page_forget_password(window->sign_in);
    chooser_page_greet(window->chooser, name ? name : window->user);
    if (options->pool)
        open_pool(window, options->pool, options->pool);
    else
        load_pools(window);
}

static void
sign_in(PortalWindow *window)
{
    stop_calls(window);
    sign_in_page_set_error(window->sign_in, NULL);
    sign_in_page_set_busy(window->sign_in, TRUE);
    sign_in_async(window->client, window->user, sign_in_page_password(window->sign_in),
                  window->cancellable, on_signed_in, g_object_ref(window));
}

static void
on_submitted(PortalWindow *window)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(OrielUri) broker = oriel_uri_parse(sign_in_page_address(window->sign_in), &error);
    ViewerOptions *options = application_options(window->application);

    if (!broker) {
        sign_in_page_set_error(window->sign_in, error->message);
        return;
    }
    if (oriel_uri_pool(broker)) {
        g_free(options->pool);
        options->pool = g_strdup(oriel_uri_pool(broker));
    }
    g_clear_object(&window->client);
    window->client = rest_client_new(broker, application_known_brokers(window->application));
    if (options->fingerprint)
        rest_client_accept_fingerprint(window->client, options->fingerprint);
    g_free(window->user);
    window->user = g_strdup(sign_in_page_user(window->sign_in));
    sign_in(window);
}

static void
on_certificate_decided(PortalWindow *window, gboolean trusted)
{
    g_autoptr(GError) error = NULL;
    show_page(window, "sign-in");
    if (!trusted)
        return;
    if (known_brokers_remember(application_known_brokers(window->application),
                               rest_client_broker(window->client),
                               rest_client_chain(window->client), &error))
        sign_in(window);
    else
        sign_in_page_set_error(window->sign_in, error->message);
}

static void
on_signed_out(GObject *source, GAsyncResult *result, gpointer user)
{
    /* Whether the broker heard it or not: the token is gone here, and expires there. */
    json_decref(rest_client_call_finish(REST_CLIENT(source), result, NULL, NULL));
}

static void
on_sign_out(PortalWindow *window)
{
    stop_calls(window);
    rest_client_call_async(window->client, "POST", "/api/v1/logout", NULL, 5, NULL, on_signed_out,
                           NULL);
    forget_person(window);
    show_page(window, "sign-in");
}

/* ---- choosing ---- */

static void
list_failed(PortalWindow *window, const GError *error)
{
    if (!g_error_matches(error, ORIEL_ERROR, ORIEL_ERROR_UNAUTHORIZED)) {
        chooser_page_set_error(window->chooser, error->message);
        return;
    }
    forget_token(window);
    show_page(window, "sign-in");
    sign_in_page_set_error(window->sign_in, _("You were signed out. Please sign in again."));
}

static void
on_pools(GObject *source, GAsyncResult *result, gpointer user)
{
    g_autoptr(PortalWindow) window = user;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) pools = pool_list_load_finish(result, &error);

    if (pools)
        chooser_page_set_pools(window->chooser, pools);
    else if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        list_failed(window, error);
}

static void
load_pools(PortalWindow *window)
{
    stop_calls(window);
    show_page(window, "chooser");
    chooser_page_set_loading(window->chooser);
    pool_list_load_async(window->client, window->cancellable, on_pools, g_object_ref(window));
}

static void
on_refresh(PortalWindow *window)
{
    load_pools(window);
}

static void
on_chosen(PortalWindow *window, const char *pool, const char *title)
{
    open_pool(window, pool, title);
}

/* ---- starting ---- */

static void
on_progress(Connector *connector, const SessionInfo *session, gpointer user)
{
    PortalWindow *window = user;
    starting_page_set_progress(window->starting, session);
}

/* The page that stands behind a desktop: the choice, or the sign-in of a kiosk; none where one pool
 * was asked for. */
static void
come_back(PortalWindow *window)
{
    ViewerOptions *options = application_options(window->application);
    if (options->kiosk) {
        forget_person(window);
        show_page(window, "sign-in");
    } else if (options->pool) {
        gtk_widget_destroy(GTK_WIDGET(window));
        return;
    } else {
        load_pools(window);
    }
    gtk_window_present(GTK_WINDOW(window));
}

static void
on_ready(Connector *connector, SpiceTarget *target, gpointer user)
{
    PortalWindow *window = user;
    window->connector = NULL;
    GtkWindow *desktop =
        application_open_desktop(window->application, connector, target, window->user);
    g_signal_connect_object(desktop, "destroy", G_CALLBACK(come_back), window, G_CONNECT_SWAPPED);
    gtk_widget_hide(GTK_WIDGET(window));
}

static void
on_start_failed(Connector *connector, const GError *error, gpointer user)
{
    PortalWindow *window = user;
    if (g_error_matches(error, ORIEL_ERROR, ORIEL_ERROR_UNAUTHORIZED)) {
        list_failed(window, error);
        return;
    }
    /* A pool that was asked for by name and failed: the choice is the next best thing. */
    g_clear_pointer(&application_options(window->application)->pool, g_free);
    show_message(window, "dialog-warning-symbolic", _("The desktop could not be opened"),
                 error->message, "chooser");
}

static const ConnectorEvents connector_events = {
    .progress = on_progress, .ready = on_ready, .failed = on_start_failed};

static void
open_pool(PortalWindow *window, const char *pool, const char *title)
{
    stop_calls(window);
    connector_free(window->connector);
    window->connector = connector_new(window->client, pool, &connector_events, window);
    starting_page_begin(window->starting, title);
    show_page(window, "starting");
    connector_start(window->connector);
}

static void
on_start_cancelled(PortalWindow *window)
{
    connector_cancel(window->connector);
    g_clear_pointer(&application_options(window->application)->pool, g_free);
    load_pools(window);
}

static void
on_message_answered(PortalWindow *window)
{
    if (g_strcmp0(window->after_message, "chooser") == 0)
        load_pools(window);
    else
        show_page(window, "sign-in");
}

/* ---- the window ---- */

/* Escape is the page's way back: Cancel, or Back. */
static gboolean
leave_page(PortalWindow *window)
{
    const char *page = gtk_stack_get_visible_child_name(window->stack);
    if (g_strcmp0(page, "certificate") == 0)
        on_certificate_decided(window, FALSE);
    else if (g_strcmp0(page, "starting") == 0)
        on_start_cancelled(window);
    else if (g_strcmp0(page, "message") == 0)
        on_message_answered(window);
    else
        return GDK_EVENT_PROPAGATE;
    return GDK_EVENT_STOP;
}

static gboolean
portal_window_key_press(GtkWidget *widget, GdkEventKey *event)
{
    PortalWindow *window = PORTAL_WINDOW(widget);
    gboolean plain = (event->state & gtk_accelerator_get_default_mod_mask()) == 0;
    /* GTK itself would only move the focus to the header's first button. */
    if (plain && event->keyval == GDK_KEY_F10 && gtk_widget_is_visible(window->menu_button)) {
        gtk_button_clicked(GTK_BUTTON(window->menu_button));
        return GDK_EVENT_STOP;
    }
    /* First whoever has the focus: Escape also closes a list of addresses. */
    if (GTK_WIDGET_CLASS(portal_window_parent_class)->key_press_event(widget, event))
        return GDK_EVENT_STOP;
    if (plain && event->keyval == GDK_KEY_Escape)
        return leave_page(window);
    if (plain && event->keyval == GDK_KEY_F5 && gtk_widget_is_visible(window->refresh)) {
        load_pools(window);
        return GDK_EVENT_STOP;
    }
    return GDK_EVENT_PROPAGATE;
}

static void
portal_window_dispose(GObject *object)
{
    PortalWindow *window = PORTAL_WINDOW(object);
    if (window->cancellable)
        g_cancellable_cancel(window->cancellable);
    g_clear_object(&window->cancellable);
    g_clear_pointer(&window->connector, connector_free);
    g_clear_object(&window->client);
    g_clear_pointer(&window->user, g_free);
    G_OBJECT_CLASS(portal_window_parent_class)->dispose(object);
}

static void
bind_template(GtkWidgetClass *widget)
{
    gtk_widget_class_set_template_from_resource(widget,
                                                "/org/oriel_desktop/Viewer/portal-window.ui");
    gtk_widget_class_bind_template_child(widget, PortalWindow, header);
    gtk_widget_class_bind_template_child(widget, PortalWindow, menu_button);
    gtk_widget_class_bind_template_child(widget, PortalWindow, sign_out);
    gtk_widget_class_bind_template_child(widget, PortalWindow, refresh);
    gtk_widget_class_bind_template_child(widget, PortalWindow, stack);
    gtk_widget_class_bind_template_child(widget, PortalWindow, sign_in);
    gtk_widget_class_bind_template_child(widget, PortalWindow, certificate);
    gtk_widget_class_bind_template_child(widget, PortalWindow, chooser);
    gtk_widget_class_bind_template_child(widget, PortalWindow, starting);
    gtk_widget_class_bind_template_child(widget, PortalWindow, message);
    gtk_widget_class_bind_template_callback(widget, on_sign_out);
    gtk_widget_class_bind_template_callback(widget, on_refresh);
    gtk_widget_class_bind_template_callback(widget, on_submitted);
    gtk_widget_class_bind_template_callback(widget, on_certificate_decided);
    gtk_widget_class_bind_template_callback(widget, on_chosen);
    gtk_widget_class_bind_template_callback(widget, on_start_cancelled);
    gtk_widget_class_bind_template_callback(widget, on_message_answered);
}

static void
portal_window_class_init(PortalWindowClass *class)
{
    G_OBJECT_CLASS(class)->dispose = portal_window_dispose;
    GTK_WIDGET_CLASS(class)->key_press_event = portal_window_key_press;
    /* The template names these types. */
    g_type_ensure(SIGN_IN_TYPE_PAGE);
    g_type_ensure(CERTIFICATE_TYPE_PAGE);
    g_type_ensure(CHOOSER_TYPE_PAGE);
    g_type_ensure(STARTING_TYPE_PAGE);
    g_type_ensure(MESSAGE_TYPE_PAGE);
    bind_template(GTK_WIDGET_CLASS(class));
}

static void
portal_window_init(PortalWindow *window)
{
    gtk_widget_init_template(GTK_WIDGET(window));
    window->cancellable = g_cancellable_new();
    bare_screen_watch(GTK_WINDOW(window));
}

static void
fill_sign_in(PortalWindow *window)
{
    Settings *settings = application_settings(window->application);
    ViewerOptions *options = application_options(window->application);
    const char *const *recent = settings_recent(settings);
    const char *address = options->broker ? oriel_uri_display(options->broker) : recent[0];
    g_autofree char *user = address && !options->kiosk ? settings_user(settings, address) : NULL;
    sign_in_page_fill(window->sign_in, address, options->user ? options->user : user, recent);
    if (options->kiosk)
        sign_in_page_hide_address(window->sign_in);
}

GtkWindow *
portal_window_new(Application *application)
{
    PortalWindow *window = g_object_new(PORTAL_TYPE_WINDOW, "application", application, NULL);
    ViewerOptions *options = application_options(application);
    window->application = application;
    fill_sign_in(window);
    show_page(window, "sign-in");
    if (options->kiosk) {
        chooser_page_show_sign_out(window->chooser);
        bare_screen_set_full(GTK_WINDOW(window), TRUE);
    }
    if (options->password) {
        sign_in_page_set_password(window->sign_in, options->password);
        viewer_options_forget_password(options);
        if (sign_in_page_complete(window->sign_in))
            on_submitted(window);
    }
    return GTK_WINDOW(window);
}
