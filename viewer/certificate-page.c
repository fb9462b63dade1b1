/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/certificate-page.h"

#include "oriel-config.h"

#include "common/tls.h"

#include <glib/gi18n.h>
#include <string.h>

/* The first half of "AB:CD:…" is 16 bytes of 3 characters. */
#define HALF 48

struct _CertificatePage {
    GtkBox parent;
    GtkLabel *text, *fingerprint, *details;
    GtkWidget *cancel;
};

G_DEFINE_FINAL_TYPE(CertificatePage, certificate_page, GTK_TYPE_BOX)

static guint decided_signal;

static void
on_trust(CertificatePage *page)
{
    g_signal_emit(page, decided_signal, 0, TRUE);
}

static void
on_cancel(CertificatePage *page)
{
    g_signal_emit(page, decided_signal, 0, FALSE);
}

static void
certificate_page_class_init(CertificatePageClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    decided_signal = g_signal_new("decided", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
    gtk_widget_class_set_template_from_resource(widget,
                                                "/org/oriel_desktop/Viewer/certificate-page.ui");
    gtk_widget_class_bind_template_child(widget, CertificatePage, text);
    gtk_widget_class_bind_template_child(widget, CertificatePage, fingerprint);
    gtk_widget_class_bind_template_child(widget, CertificatePage, details);
    gtk_widget_class_bind_template_child(widget, CertificatePage, cancel);
    gtk_widget_class_bind_template_callback(widget, on_trust);
    gtk_widget_class_bind_template_callback(widget, on_cancel);
}

static void
certificate_page_init(CertificatePage *page)
{
    gtk_widget_init_template(GTK_WIDGET(page));
}

static char *
day_of(GDateTime *time)
{
    g_autoptr(GDateTime) local = time ? g_date_time_to_local(time) : NULL;
    return local ? g_date_time_format(local, "%x") : g_strdup("?");
}

static char *
describe(GTlsCertificate *chain)
{
    g_autofree char *subject = g_tls_certificate_get_subject_name(chain);
    g_autofree char *issuer = g_tls_certificate_get_issuer_name(chain);
    g_autoptr(GDateTime) from = g_tls_certificate_get_not_valid_before(chain);
    g_autoptr(GDateTime) until = g_tls_certificate_get_not_valid_after(chain);
    g_autofree char *first = day_of(from), *last = day_of(until);
    return g_strdup_printf(_("Issued to: %s\nIssued by: %s\nValid: %s to %s"),
                           subject ? subject : "?", issuer ? issuer : "?", first, last);
}

void
certificate_page_show(CertificatePage *page, const OrielUri *broker, GTlsCertificate *chain)
{
    g_autofree char *text =
        g_strdup_printf(_("This computer connects to %s for the first time. Compare this "
                          "fingerprint with the one that your "
                          "administrator gave you. If they are the same, the connection is safe."),
                        oriel_uri_display(broker));
    g_autofree char *fingerprint = tls_fingerprint(chain);
    g_autofree char *details = describe(chain);
    if (strlen(fingerprint) > HALF)
        fingerprint[HALF - 1] = '\n';
    gtk_label_set_text(page->text, text);
    gtk_label_set_text(page->fingerprint, fingerprint);
    gtk_label_set_text(page->details, details);
}

void
certificate_page_focus(CertificatePage *page)
{
    gtk_widget_grab_focus(page->cancel);
}
