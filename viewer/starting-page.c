/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/starting-page.h"

#include "oriel-config.h"

#include "viewer/announce.h"

#include <glib/gi18n.h>

struct _StartingPage {
    GtkBox parent;
    GtkLabel *title, *step;
    GtkProgressBar *progress;
};

G_DEFINE_FINAL_TYPE(StartingPage, starting_page, GTK_TYPE_BOX)

static guint cancelled_signal;

static void
on_cancel(StartingPage *page)
{
    g_signal_emit(page, cancelled_signal, 0);
}

static void
starting_page_class_init(StartingPageClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    cancelled_signal = g_signal_new("cancelled", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 0);
    gtk_widget_class_set_template_from_resource(widget,
                                                "/org/oriel_desktop/Viewer/starting-page.ui");
    gtk_widget_class_bind_template_child(widget, StartingPage, title);
    gtk_widget_class_bind_template_child(widget, StartingPage, step);
    gtk_widget_class_bind_template_child(widget, StartingPage, progress);
    gtk_widget_class_bind_template_callback(widget, on_cancel);
}

static void
starting_page_init(StartingPage *page)
{
    gtk_widget_init_template(GTK_WIDGET(page));
}

static void
set_title(StartingPage *page, const char *title)
{
    g_autofree char *text = g_strdup_printf(_("Opening %s"), title);
    gtk_label_set_text(page->title, text);
}

void
starting_page_begin(StartingPage *page, const char *title)
{
    set_title(page, title);
    gtk_label_set_text(page->step, _("Asking the broker for a desktop…"));
    gtk_progress_bar_set_fraction(page->progress, 0);
}

void
starting_page_set_progress(StartingPage *page, const SessionInfo *session)
{
    if (session->title)
        set_title(page, session->title);
    const char *phrase = session_info_phrase(session);
    if (g_strcmp0(gtk_label_get_text(page->step), phrase) != 0) {
        gtk_label_set_text(page->step, phrase);
        announce_label(GTK_WIDGET(page->step));
    }
    gtk_progress_bar_set_fraction(
        page->progress, session->state == SESSION_READY ? 1.0 : session->progress / 100.0);
}
