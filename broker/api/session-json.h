/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/api/api.h"

/* A session as the REST answers have it; progress is what its host says at this moment. */
json_t *session_json(Api *api, const Session *session);
/* The progress alone. */
gint64 session_progress(Api *api, const Session *session);
/* Whether its desktop stands still at this moment, for want of room on its host's disk. */
gboolean session_paused(Api *api, const Session *session);
/* The living session of a request's path, if the user may see it (their own, or any for an
 * administrator); NULL after answering. */
Session *session_of_request(Api *api, HttpRequest *request, const User *user);
