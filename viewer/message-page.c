/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/message-page.h"

#include <string.h>

/* A fingerprint has 32 bytes of 3 characters; its first half goes on a line of its own. */
#define FINGERPRINT 95
#define HALF        47

struct _MessagePage {
    GtkBox parent;
    GtkImage *icon;
    GtkLabel *title, *text, *details;
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
    gtk_widget_class_bind_template_child(widget, MessagePage, details);
    gtk_widget_class_bind_template_child(widget, MessagePage, button);
    gtk_widget_class_bind_template_callback(widget, on_button);
}

static void
message_page_init(MessagePage *page)
{
    gtk_widget_init_template(GTK_WIDGET(page));
}

/* Each "word: fingerprint" becomes three lines that no window is too narrow for. */
static char *
lay_out(const char *details)
{
    g_auto(GStrv) lines = g_strsplit(details, "\n", 8);
    GString *text = g_string_new(NULL);
    for (char **line = lines; *line; line++) {
        const char *value = strstr(*line, ": ");
        if (text->len)
            g_string_append_c(text, '\n');
        if (value && strlen(value + 2) == FINGERPRINT)
            g_string_append_printf(text, "%.*s\n%.*s\n%s", (int)(value - *line), *line, HALF,
                                   value + 2, value + 2 + HALF + 1);
        else
            g_string_append(text, *line);
    }
    return g_string_free(text, FALSE);
}

void
message_page_show(MessagePage *page, const char *icon_name, const char *title, const char *text,
                  const char *button)
{
    g_object_set(page->icon, "icon-name", icon_name, NULL);
    gtk_label_set_text(page->title, title);
    const char *rest = strchr(text, '\n');
    g_autofree char *first = rest ? g_strndup(text, (gsize)(rest - text)) : g_strdup(text);
    g_autofree char *details = rest ? lay_out(rest + 1) : NULL;
    gtk_label_set_text(page->text, first);
    gtk_label_set_text(page->details, details ? details : "");
    gtk_widget_set_visible(GTK_WIDGET(page->details), details != NULL);
    gtk_button_set_label(page->button, button);
}

void
message_page_focus(MessagePage *page)
{
    gtk_widget_grab_focus(GTK_WIDGET(page->button));
}
