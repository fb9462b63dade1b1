/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/starting-page.h"

#include "oriel-config.h"

#include <glib/gi18n.h>
#include <string.h>

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

/* The steps that the contract names, in the person's language; the broker's own phrase for any
 * other. */
static const char *
step_text(const SessionInfo *session)
{
    static const struct {
        const char *step, *text;
    } known[] = {
        {"disk", N_("Preparing the disk…")},
        {"machine", N_("Switching the machine on…")},
        {"boot", N_("The system is starting…")},
        {"desktop", N_("Waiting for the desktop…")},
        {"ready", N_("Connecting…")},
    };
    if (session->state == SESSION_READY)
        return _("Connecting…");
    for (gsize i = 0; session->step && i < G_N_ELEMENTS(known); i++) {
        if (strcmp(session->step, known[i].step) == 0)
            return _(known[i].text);
    }
    return session->step_text ? session->step_text : _("The desktop is starting…");
}

void
starting_page_set_progress(StartingPage *page, const SessionInfo *session)
{
    if (session->title)
        set_title(page, session->title);
    gtk_label_set_text(page->step, session->reason ? session->reason : step_text(session));
    gtk_progress_bar_set_fraction(
        page->progress, session->state == SESSION_READY ? 1.0 : session->progress / 100.0);
}
