/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "common/rest-client.h"

/* POST /api/v1/login: on success the client has its token. full_name (may be NULL) gets what to
 * call the person; free with g_free(). */
void sign_in_async(RestClient *client, const char *user, const char *password,
                   GCancellable *cancellable, GAsyncReadyCallback done, gpointer data);
gboolean sign_in_finish(RestClient *client, GAsyncResult *result, char **full_name, GError **error);
