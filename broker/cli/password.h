/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#define PASSWORD_MAX 1024 /* bytes */

/* The first line of standard input. NULL with error when it is empty, too long or no UTF-8. Free
 * with password_free(). */
char *password_from_stdin(GError **error);
/* Asks on the terminal without echo; twice when it is a new one. NULL with error when there is no
 * terminal or the two differ. */
char *password_ask(const char *prompt, gboolean twice, GError **error);
/* Wipes and frees; NULL is fine. */
void password_free(char *password);
