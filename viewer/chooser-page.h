/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* What the person may open, as cards. "chosen" (const char *pool, const char *title), "refresh",
 * "sign-out". */
#define CHOOSER_TYPE_PAGE (chooser_page_get_type())
G_DECLARE_FINAL_TYPE(ChooserPage, chooser_page, CHOOSER, PAGE, GtkBox)

/* Where no header has that button. */
void chooser_page_show_sign_out(ChooserPage *page);
void chooser_page_greet(ChooserPage *page, const char *full_name);
void chooser_page_set_loading(ChooserPage *page);
/* pools: PoolInfo; only read. */
void chooser_page_set_pools(ChooserPage *page, GPtrArray *pools);
/* The list could not be had. */
void chooser_page_set_error(ChooserPage *page, const char *message);
