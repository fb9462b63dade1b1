/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "common/uri.h"

#include <gtk/gtk.h>

/* Shows a certificate that this computer does not know. "decided" (gboolean trusted). */
#define CERTIFICATE_TYPE_PAGE (certificate_page_get_type())
G_DECLARE_FINAL_TYPE(CertificatePage, certificate_page, CERTIFICATE, PAGE, GtkBox)

void certificate_page_show(CertificatePage *page, const OrielUri *broker, GTlsCertificate *chain);
/* The focus goes to "Cancel": an Enter too many trusts nobody. */
void certificate_page_focus(CertificatePage *page);
