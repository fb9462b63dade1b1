/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* What lies over the last picture while there is no live one. "retry", "leave", "password" (const
 * char *password: to be copied). */
#define STATUS_TYPE_CARD (status_card_get_type())
G_DECLARE_FINAL_TYPE(StatusCard, status_card, STATUS, CARD, GtkBox)

/* Something goes on by itself. text may be NULL. */
void status_card_wait(StatusCard *card, const char *title, const char *text);
/* It needs the person; retry is the button's label, NULL for none. */
void status_card_ask(StatusCard *card, const char *title, const char *text, const char *retry);
/* The person must sign in again. */
void status_card_ask_password(StatusCard *card, const char *title, const char *text);
/* In a kiosk nobody leaves. */
void status_card_forbid_leaving(StatusCard *card);
