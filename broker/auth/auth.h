/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/auth/password-pool.h"
#include "broker/model/user.h"
#include "broker/store/store.h"

/* Signing in: throttle, then the password, then a token. Main thread only. */

typedef struct Auth Auth;

/* store is borrowed and outlives it. */
Auth *auth_new(Store *store, GError **error);
void auth_free(Auth *auth);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Auth, auth_free)

typedef struct {
    const User *user;    /* NULL: refused, and error says why */
    const char *token;   /* secret */
    gint64 expires_at;   /* seconds since the epoch */
    guint retry_after;   /* seconds, with ORIEL_ERROR_BUSY */
    gboolean throttled;  /* ORIEL_ERROR_BUSY for too many tries, not for a full queue */
    const GError *error; /* ORIEL_ERROR_UNAUTHORIZED, ORIEL_ERROR_BUSY or the store's */
} AuthOutcome;

/* outcome and what it points to are borrowed for the call. */
typedef void (*AuthDone)(const AuthOutcome *outcome, gpointer user);

/* Calls done once, now or later, unless auth is freed before; destroy on user after it in any case.
 * Writes the audit entry. */
void auth_login(Auth *auth, const char *name, const char *password, const char *address,
                AuthDone done, gpointer user, GDestroyNotify destroy);

/* For setting passwords. Borrowed. */
PasswordPool *auth_passwords(Auth *auth);
/* Since the start, for /metrics. */
guint64 auth_logins(Auth *auth);
guint64 auth_refusals(Auth *auth);
