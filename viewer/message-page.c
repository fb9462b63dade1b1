/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/message-page.h"

struct _MessagePage {
    GtkBox parent;
    GtkImage *icon;
    GtkLabel *title, *text;
    GtkButton *button;
};

G_DEFINE_FINAL_TYPE(MessagePage, message_page, GTK_TYPE_BOX)

static guint answered_signal;

static void
on_button(MessagePage *page)
{
    g_signal_emit(page, answered_signal, 0);
}

static void
message_page_class_init(MessagePageClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    answered_signal = g_signal_new("answered", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
    gtk_widget_class_set_template_from_resource(widget,
                                                "/org/oriel_desktop/Viewer/message-page.ui");
    gtk_widget_class_bind_template_child(widget, MessagePage, icon);
    gtk_widget_class_bind_template_child(widget, MessagePage, title);
    gtk_widget_class_bind_template_child(widget, MessagePage, text);
    gtk_widget_class_bind_template_child(widget, MessagePage, button);
    gtk_widget_class_bind_template_callback(widget, on_button);
}

static void
message_page_init(MessagePage *page)
{
    gtk_widget_init_template(GTK_WIDGET(page));
}

void
message_page_show(MessagePage *page, const char *icon_name, const char *title, const char *text,
                  const char *button)
{
    g_object_set(page->icon, "icon-name", icon_name, NULL);
    gtk_label_set_text(page->title, title);
    gtk_label_set_text(page->text, text);
    gtk_button_set_label(page->button, button);
}

void
message_page_focus(MessagePage *page)
{
    gtk_widget_grab_focus(GTK_WIDGET(page->button));
}
