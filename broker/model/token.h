/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/model/name.h"
#include "broker/model/user.h"

/*
 * Logins. A token is 256 random bits as base64url; only its SHA-256 is stored. It lives
 * TOKEN_LIFETIME seconds after its last use (to within TOKEN_SLIDE_STEP, so that not every request
 * writes).
 */
#define TOKEN_LIFETIME   (12 * 60 * 60)
#define TOKEN_SLIDE_STEP (10 * 60)

/* Owned by the caller; wipe it after use. */
char *token_issue(Store *store, const char *user_id, gint64 *expires_at, GError **error);
/* Whose token it is, and slides its end. ORIEL_ERROR_UNAUTHORIZED for one that is unknown or over,
 * or whose user is disabled. */
User *token_user(Store *store, const char *token, gint64 *expires_at, GError **error);
gboolean token_revoke(Store *store, const char *token, GError **error);
/* All of a user's, but for except (a token, or NULL). */
gboolean token_revoke_user(Store *store, const char *user_id, const char *except, GError **error);
/* Forgets those that are over. */
gboolean token_prune(Store *store, GError **error);

/* The CSRF word that goes with a token in a cookie: HMAC-SHA256 of it, so that it needs no storage.
 * Owned by the caller. */
char *token_csrf(const char *token);
