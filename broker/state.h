/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/authority.h"
#include "broker/store/store.h"

/* The state folder: what is in it, and the errands that need no running broker. */

/* Makes the folder (0700) where it is not there. */
gboolean state_prepare(const char *folder, GError **error);
/* The store in it, at this program's schema and with the keys of its secrets. */
Store *state_open_store(const char *folder, GError **error);

/* Makes the administrator, or gives the one there is a new password and their role back, and ends
 * their logins. */
gboolean state_init_admin(const char *folder, const char *name, const char *password,
                          GError **error);
