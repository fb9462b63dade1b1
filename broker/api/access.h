/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/api/api.h"

/*
 * Who asks. The token comes as `Authorization: Bearer`, or in the cookie __Host-oriel; with the
 * cookie a call that changes something needs the header X-CSRF-Token too.
 */

/* The caller, or NULL after answering the request with 401 or 403. */
User *access_user(Api *api, HttpRequest *request);
User *access_admin(Api *api, HttpRequest *request);

/* The request's token (wipe it with password_wipe()) or NULL; cookie (may be NULL) says where it
 * came from. */
char *access_token(HttpRequest *request, gboolean *cookie);

/* Writes an audit entry for the caller. */
void access_audit(Api *api, HttpRequest *request, const User *user, const char *action,
                  const char *object, const char *outcome, const char *detail);

#define COOKIE_NAME "__Host-oriel"
