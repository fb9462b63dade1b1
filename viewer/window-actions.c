/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/window-actions.h"

#include "oriel-config.h"

#include <glib/gi18n.h>

#define MAX_KEYS 8

static void
on_full_screen(GSimpleAction *action, GVariant *state, gpointer user)
{
    g_simple_action_set_state(action, state);
    desktop_window_set_full_screen(user, g_variant_get_boolean(state));
}

static void
on_send_keys(GSimpleAction *action, GVariant *parameter, gpointer user)
{
    Display *display = desktop_link_display(desktop_window_link(user));
    g_auto(GStrv) names = g_strsplit(g_variant_get_string(parameter, NULL), "+", MAX_KEYS);
    guint keyvals[MAX_KEYS], n = 0;
    for (; names[n] && n < MAX_KEYS; n++) {
        keyvals[n] = gdk_keyval_from_name(names[n]);
        if (keyvals[n] == GDK_KEY_VoidSymbol)
            return;
    }
    if (display)
        display_send_keys(display, keyvals, n);
}

static void
save_picture(GtkWindow *window, GdkPixbuf *picture, const char *path)
{
    g_autoptr(GError) error = NULL;
    if (gdk_pixbuf_save(picture, path, "png", &error, NULL))
        return;
    GtkWidget *dialog = gtk_message_dialog_new(
        window, GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT, GTK_MESSAGE_ERROR,
        GTK_BUTTONS_CLOSE, "%s", _("The screenshot could not be saved"));
    gtk_message_dialog_format_secondary_text(GTK_MESSAGE_DIALOG(dialog), "%s", error->message);
    g_signal_connect(dialog, "response", G_CALLBACK(gtk_widget_destroy), NULL);
    gtk_widget_show(dialog);
}

static void
on_screenshot(GSimpleAction *action, GVariant *parameter, gpointer user)
{
    Display *display = desktop_link_display(desktop_window_link(user));
    /* Taken now: what the person saw when they asked, not what it is once a file has been chosen.
     */
    g_autoptr(GdkPixbuf) picture = display ? display_picture(display) : NULL;
    if (!picture)
        return;
    g_autoptr(GtkWindow) window = g_object_ref(user); /* it may close while a name is chosen */
    g_autoptr(GtkFileChooserNative) native = gtk_file_chooser_native_new(
        _("Save a screenshot"), window, GTK_FILE_CHOOSER_ACTION_SAVE, _("Save"), _("Cancel"));
    GtkFileChooser *chooser = GTK_FILE_CHOOSER(native);
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *name = g_date_time_format(now, "oriel-%Y-%m-%d-%H%M%S.png");
    const char *pictures = g_get_user_special_dir(G_USER_DIRECTORY_PICTURES);
    if (pictures)
        gtk_file_chooser_set_current_folder(chooser, pictures);
    gtk_file_chooser_set_current_name(chooser, name);
    gtk_file_chooser_set_do_overwrite_confirmation(chooser, TRUE);
    if (gtk_native_dialog_run(GTK_NATIVE_DIALOG(native)) != GTK_RESPONSE_ACCEPT)
        return;
    g_autofree char *path = gtk_file_chooser_get_filename(chooser);
    if (path)
        save_picture(window, picture, path);
}

static void
set_option(GSimpleAction *action, GVariant *state, gpointer user, DisplayOption option)
{
    g_simple_action_set_state(action, state);
    desktop_link_set_option(desktop_window_link(user), option, g_variant_get_boolean(state));
}

static void
on_scale(GSimpleAction *action, GVariant *state, gpointer user)
{
    set_option(action, state, user, DISPLAY_SCALE);
}

static void
on_clipboard(GSimpleAction *action, GVariant *state, gpointer user)
{
    set_option(action, state, user, DISPLAY_CLIPBOARD);
}

static void
on_sound(GSimpleAction *action, GVariant *state, gpointer user)
{
    set_option(action, state, user, DISPLAY_SOUND);
}

static void
on_statistics(GSimpleAction *action, GVariant *state, gpointer user)
{
    g_simple_action_set_state(action, state);
    desktop_window_set_statistics(user, g_variant_get_boolean(state));
}

static void
on_menu(GSimpleAction *action, GVariant *parameter, gpointer user)
{
    desktop_window_open_menu(user);
}

static void
on_disconnect(GSimpleAction *action, GVariant *parameter, gpointer user)
{
    gtk_window_close(user);
}

static void
on_log_off_answer(GtkDialog *dialog, int response, DesktopWindow *window)
{
    gtk_widget_destroy(GTK_WIDGET(dialog));
    if (response == GTK_RESPONSE_ACCEPT)
        desktop_window_log_off(window);
}

static void
on_log_off(GSimpleAction *action, GVariant *parameter, gpointer user)
{
    GtkWidget *dialog = gtk_message_dialog_new(
        user, GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT, GTK_MESSAGE_QUESTION,
        GTK_BUTTONS_NONE, "%s", _("Log off from this desktop?"));
    gtk_message_dialog_format_secondary_text(
        GTK_MESSAGE_DIALOG(dialog), "%s",
        _("Programs that run there are closed, and what is not saved may be lost. To go on later, "
          "disconnect instead."));
    gtk_dialog_add_buttons(GTK_DIALOG(dialog), _("Cancel"), GTK_RESPONSE_CANCEL, _("Log off"),
                           GTK_RESPONSE_ACCEPT, NULL);
    gtk_dialog_set_default_response(GTK_DIALOG(dialog), GTK_RESPONSE_CANCEL);
    g_signal_connect(dialog, "response", G_CALLBACK(on_log_off_answer), user);
    gtk_widget_show(dialog);
}

void
window_actions_add(DesktopWindow *window)
{
    static const GActionEntry entries[] = {
        {.name = "full-screen", .state = "false", .change_state = on_full_screen},
        {.name = "send-keys", .parameter_type = "s", .activate = on_send_keys},
        {.name = "screenshot", .activate = on_screenshot},
        {.name = "scale", .state = "true", .change_state = on_scale},
        {.name = "clipboard", .state = "true", .change_state = on_clipboard},
        {.name = "sound", .state = "true", .change_state = on_sound},
        {.name = "statistics", .state = "false", .change_state = on_statistics},
        {.name = "menu", .activate = on_menu},
        {.name = "disconnect", .activate = on_disconnect},
        {.name = "log-off", .activate = on_log_off},
    };
    g_action_map_add_action_entries(G_ACTION_MAP(window), entries, G_N_ELEMENTS(entries), window);
    GAction *log_off = g_action_map_lookup_action(G_ACTION_MAP(window), "log-off");
    g_simple_action_set_enabled(G_SIMPLE_ACTION(log_off),
                                desktop_link_connector(desktop_window_link(window)) != NULL);
}
