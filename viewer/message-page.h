/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* One thing to tell, and one button. "answered": the button was pressed. */
#define MESSAGE_TYPE_PAGE (message_page_get_type())
G_DECLARE_FINAL_TYPE(MessagePage, message_page, MESSAGE, PAGE, GtkBox)

/* text: a sentence or two; lines after the first are details ("Shown now: AB:CD:…") and stand
 * apart. */
void message_page_show(MessagePage *page, const char *icon_name, const char *title,
                       const char *text, const char *button);
void message_page_focus(MessagePage *page);
