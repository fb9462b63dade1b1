/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* Address, user name and password. "submitted": the person wants to sign in; the fields are filled.
 */
#define SIGN_IN_TYPE_PAGE (sign_in_page_get_type())
G_DECLARE_FINAL_TYPE(SignInPage, sign_in_page, SIGN_IN, PAGE, GtkBox)

/* NULL leaves a field as it is. recent: addresses to choose from, newest first. */
void sign_in_page_fill(SignInPage *page, const char *address, const char *user,
                       const char *const *recent);
/* A kiosk's people do not choose where they go. */
void sign_in_page_hide_address(SignInPage *page);

const char *sign_in_page_address(SignInPage *page);
const char *sign_in_page_user(SignInPage *page);
const char *sign_in_page_password(SignInPage *page);
void sign_in_page_set_user(SignInPage *page, const char *user);
void sign_in_page_set_password(SignInPage *page, const char *password);
void sign_in_page_forget_password(SignInPage *page);

/* Is every field filled? */
gboolean sign_in_page_complete(SignInPage *page);

/* While busy nothing can be typed. */
void sign_in_page_set_busy(SignInPage *page, gboolean busy);
/* What went wrong, under the fields; NULL clears it. */
void sign_in_page_set_error(SignInPage *page, const char *message);
/* The focus goes to the first field that is empty. */
void sign_in_page_focus(SignInPage *page);
