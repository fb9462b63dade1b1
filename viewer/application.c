/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/application.h"

#include "oriel-config.h"

#include "viewer/appearance.h"
#include "viewer/desktop-window.h"
#include "viewer/portal-window.h"
#include "viewer/vv-file.h"

#include <glib-unix.h>
#include <glib/gi18n.h>

struct _Application {
    GtkApplication parent;
    ViewerOptions *options; /* borrowed */
    Settings *settings;
    KnownBrokers *known;
    Appearance *appearance;
};

G_DEFINE_FINAL_TYPE(Application, application, GTK_TYPE_APPLICATION)

static void
show_error(GtkWindow *parent, const char *title, const GError *error)
{
    GtkWidget *dialog = gtk_message_dialog_new(parent, GTK_DIALOG_MODAL, GTK_MESSAGE_ERROR,
                                               GTK_BUTTONS_CLOSE, "%s", title);
    gtk_message_dialog_format_secondary_text(GTK_MESSAGE_DIALOG(dialog), "%s", error->message);
    gtk_dialog_run(GTK_DIALOG(dialog));
    gtk_widget_destroy(dialog);
}

static gboolean
open_file(Application *application, GtkWindow *parent, const char *path)
{
    g_autoptr(GError) error = NULL;
    SpiceTarget *target = vv_file_load(path, &error);
    if (target)
        application_open_desktop(application, NULL, target, NULL);
    else
        show_error(parent, _("This file cannot be opened"), error);
    return target != NULL;
}

static void
on_open_file(GSimpleAction *action, GVariant *parameter, gpointer user)
{
    Application *application = user;
    GtkWindow *parent = gtk_application_get_active_window(GTK_APPLICATION(application));
    g_autoptr(GtkFileChooserNative) chooser = gtk_file_chooser_native_new(
        _("Open a connection file"), parent, GTK_FILE_CHOOSER_ACTION_OPEN, _("Open"), _("Cancel"));
    GtkFileFilter *filter = gtk_file_filter_new();
    gtk_file_filter_set_name(filter, _("Connection files (*.vv)"));
    gtk_file_filter_add_pattern(filter, "*.vv");
    gtk_file_chooser_add_filter(GTK_FILE_CHOOSER(chooser), filter);
    if (gtk_native_dialog_run(GTK_NATIVE_DIALOG(chooser)) != GTK_RESPONSE_ACCEPT)
        return;
    g_autofree char *path = gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(chooser));
    if (path)
        open_file(application, parent, path);
}

static void
on_appearance(GSimpleAction *action, GVariant *state, gpointer user)
{
    Application *application = user;
    AppearanceChoice choice = appearance_choice_from_word(g_variant_get_string(state, NULL));
    g_simple_action_set_state(action, state);
    settings_set_appearance(application->settings, choice);
    appearance_set(application->appearance, choice);
}

static void
on_about(GSimpleAction *action, GVariant *parameter, gpointer user)
{
    gtk_show_about_dialog(gtk_application_get_active_window(user), "program-name", "Oriel",
                          "version", ORIEL_VERSION, "logo-icon-name", "org.oriel_desktop.Viewer",
                          "comments", _("Your desktop, from any machine."), "license-type",
                          GTK_LICENSE_GPL_3_0, NULL);
}

static void
add_actions(Application *application)
{
    static const GActionEntry entries[] = {
        {.name = "open-file", .activate = on_open_file},
        {.name = "about", .activate = on_about},
        {.name = "appearance",
         .parameter_type = "s",
         .state = "'system'",
         .change_state = on_appearance},
    };
    static const char *const full_screen_keys[] = {"F11", NULL};
    static const char *const statistics_keys[] = {"<Primary><Alt>s", NULL};
    static const char *const menu_keys[] = {"<Primary><Alt>m", NULL};
    g_action_map_add_action_entries(G_ACTION_MAP(application), entries, G_N_ELEMENTS(entries),
                                    application);
    GAction *appearance = g_action_map_lookup_action(G_ACTION_MAP(application), "appearance");
    g_simple_action_set_state(
        G_SIMPLE_ACTION(appearance),
        g_variant_new_string(appearance_choice_word(settings_appearance(application->settings))));
    gtk_application_set_accels_for_action(GTK_APPLICATION(application), "win.full-screen",
                                          full_screen_keys);
    gtk_application_set_accels_for_action(GTK_APPLICATION(application), "win.menu", menu_keys);
    gtk_application_set_accels_for_action(GTK_APPLICATION(application), "win.statistics",
                                          statistics_keys);
}

static void
load_style(void)
{
    g_autoptr(GtkCssProvider) provider = gtk_css_provider_new();
    gtk_css_provider_load_from_resource(provider, "/org/oriel_desktop/Viewer/style.css");
    gtk_style_context_add_provider_for_screen(gdk_screen_get_default(),
                                              GTK_STYLE_PROVIDER(provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
    gtk_icon_theme_add_resource_path(gtk_icon_theme_get_default(),
                                     "/org/oriel_desktop/Viewer/icons");
}

/* Asked to end from outside: as if each window had been closed, so that the broker hears of it. */
static gboolean
on_end_signal(gpointer user)
{
    g_application_quit(user);
    return G_SOURCE_CONTINUE;
}

static void
application_startup(GApplication *base)
{
    Application *application = ORIEL_APPLICATION(base);
    G_APPLICATION_CLASS(application_parent_class)->startup(base);
    application->settings = settings_new(NULL);
    application->known = known_brokers_new(NULL);
    application->appearance = appearance_new(settings_appearance(application->settings));
    load_style();
    add_actions(application);
    g_unix_signal_add(SIGTERM, on_end_signal, application);
    g_unix_signal_add(SIGINT, on_end_signal, application);
}

static void
application_activate(GApplication *base)
{
    Application *application = ORIEL_APPLICATION(base);
    if (application->options->file && open_file(application, NULL, application->options->file))
        return;
    if (application->options->file)
        return; /* told already; without a window the program ends */
    GtkWindow *window = portal_window_new(application);
    gtk_window_present(window);
}

static void
application_finalize(GObject *object)
{
    Application *application = ORIEL_APPLICATION(object);
    appearance_free(application->appearance);
    known_brokers_free(application->known);
    settings_free(application->settings);
    G_OBJECT_CLASS(application_parent_class)->finalize(object);
}

static void
application_class_init(ApplicationClass *class)
{
    G_OBJECT_CLASS(class)->finalize = application_finalize;
    G_APPLICATION_CLASS(class)->startup = application_startup;
    G_APPLICATION_CLASS(class)->activate = application_activate;
}

static void
application_init(Application *application)
{
}

Application *
application_new(ViewerOptions *options)
{
    /* Each start is a viewer of its own: one that waits for a password on stdin must not end up in
     * another process. */
    Application *application =
        g_object_new(TYPE_APPLICATION, "application-id", "org.oriel_desktop.Viewer", "flags",
                     G_APPLICATION_NON_UNIQUE, NULL);
    application->options = options;
    return application;
}

ViewerOptions *
application_options(Application *application)
{
    return application->options;
}

Settings *
application_settings(Application *application)
{
    return application->settings;
}

KnownBrokers *
application_known_brokers(Application *application)
{
    return application->known;
}

/* A full screen is a wish for one time; the size behind it is not known here. */
static void
on_desktop_unmap(GtkWindow *window, Application *application)
{
    g_autoptr(GVariant) full =
        g_action_group_get_action_state(G_ACTION_GROUP(window), "full-screen");
    gboolean maximized = gtk_window_is_maximized(window);
    int width = 0, height = 0;
    if (g_variant_get_boolean(full))
        return;
    if (!maximized)
        gtk_window_get_size(window, &width, &height);
    settings_set_window(application->settings, width, height, maximized);
}

/* The size that the last desktop's window had. */
static void
restore_size(Application *application, GtkWindow *window)
{
    gboolean maximized;
    int width, height;
    if (settings_window(application->settings, &width, &height, &maximized))
        gtk_window_set_default_size(window, width, height);
    if (maximized)
        gtk_window_maximize(window);
    g_signal_connect_object(window, "unmap", G_CALLBACK(on_desktop_unmap), application, 0);
}

GtkWindow *
application_open_desktop(Application *application, Connector *connector, SpiceTarget *target,
                         const char *user)
{
    gboolean kiosk = application->options->kiosk;
    gboolean full_screen = application->options->full_screen || target->full_screen || kiosk;
    GtkWindow *window =
        desktop_window_new(GTK_APPLICATION(application), connector, target, user, kiosk);
    restore_size(application, window);
    if (full_screen)
        g_action_group_activate_action(G_ACTION_GROUP(window), "full-screen", NULL);
    gtk_window_present(window);
    return window;
}
