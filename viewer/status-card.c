/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/status-card.h"

#include "oriel-config.h"

#include "viewer/announce.h"

#include <glib/gi18n.h>

struct _StatusCard {
    GtkBox parent;
    GtkWidget *spinner, *password, *buttons, *leave, *retry;
    GtkLabel *title, *text;
};

G_DEFINE_FINAL_TYPE(StatusCard, status_card, GTK_TYPE_BOX)

static guint retry_signal, leave_signal, password_signal;

static void
on_retry(StatusCard *card)
{
    if (!gtk_widget_get_visible(card->password)) {
        g_signal_emit(card, retry_signal, 0);
        return;
    }
    if (gtk_entry_get_text_length(GTK_ENTRY(card->password)) == 0)
        return;
    g_signal_emit(card, password_signal, 0, gtk_entry_get_text(GTK_ENTRY(card->password)));
    gtk_entry_set_text(GTK_ENTRY(card->password), "");
}

static void
on_leave(StatusCard *card)
{
    g_signal_emit(card, leave_signal, 0);
}

static void
status_card_class_init(StatusCardClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    GType type = G_TYPE_FROM_CLASS(class);
    retry_signal =
        g_signal_new("retry", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    leave_signal =
        g_signal_new("leave", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    password_signal = g_signal_new("password", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_STRING | G_SIGNAL_TYPE_STATIC_SCOPE);
    gtk_widget_class_set_template_from_resource(widget, "/org/oriel_desktop/Viewer/status-card.ui");
    gtk_widget_class_bind_template_child(widget, StatusCard, spinner);
    gtk_widget_class_bind_template_child(widget, StatusCard, title);
    gtk_widget_class_bind_template_child(widget, StatusCard, text);
    gtk_widget_class_bind_template_child(widget, StatusCard, password);
    gtk_widget_class_bind_template_child(widget, StatusCard, buttons);
    gtk_widget_class_bind_template_child(widget, StatusCard, leave);
    gtk_widget_class_bind_template_child(widget, StatusCard, retry);
    gtk_widget_class_bind_template_callback(widget, on_retry);
    gtk_widget_class_bind_template_callback(widget, on_leave);
}

static void
status_card_init(StatusCard *card)
{
    gtk_widget_init_template(GTK_WIDGET(card));
}

static void
show(StatusCard *card, const char *title, const char *text, gboolean busy, gboolean password,
     const char *retry)
{
    gboolean over = !busy && !password; /* there is nothing to disconnect from */

    gtk_label_set_text(card->title, title);
    gtk_label_set_text(card->text, text ? text : "");
    gtk_widget_set_visible(GTK_WIDGET(card->text), text != NULL);
    gtk_widget_set_visible(card->spinner, busy);
    g_object_set(card->spinner, "active", busy, NULL);
    gtk_widget_set_visible(card->password, password);
    gtk_button_set_label(GTK_BUTTON(card->leave), over ? _("Close") : _("Disconnect"));
    gtk_widget_set_visible(card->retry, retry != NULL);
    if (retry)
        gtk_button_set_label(GTK_BUTTON(card->retry), retry);
    gtk_widget_show(GTK_WIDGET(card));
    announce_label(GTK_WIDGET(card->title));
    if (password)
        gtk_widget_grab_focus(card->password);
    else if (retry)
        gtk_widget_grab_focus(card->retry);
}

void
status_card_wait(StatusCard *card, const char *title, const char *text)
{
    show(card, title, text, TRUE, FALSE, NULL);
}

void
status_card_ask(StatusCard *card, const char *title, const char *text, const char *retry)
{
    show(card, title, text, FALSE, FALSE, retry);
}

void
status_card_ask_password(StatusCard *card, const char *title, const char *text)
{
    show(card, title, text, FALSE, TRUE, _("Sign in"));
}

void
status_card_forbid_leaving(StatusCard *card)
{
    gtk_widget_hide(card->leave);
}
