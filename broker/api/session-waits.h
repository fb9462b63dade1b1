/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/api/api.h"

/* Requests that wait for a session to change. Main thread only. */

#define SESSION_WAITS_MAX 512

/* Listens to api->sessions; api is borrowed. */
SessionWaits *session_waits_new(Api *api);
/* Those that wait are dropped unanswered: the server is going. */
void session_waits_free(SessionWaits *waits);

/*
 * Keeps the request until the session differs from what the caller has seen (?state=, ?step=,
 * ?progress=; nothing said: until its state is another than now), it ends (404), or the seconds are
 * over. FALSE, and the caller answers now: it differs already, or too many wait.
 */
gboolean session_waits_add(SessionWaits *waits, HttpRequest *request, const Session *session,
                           guint seconds);
