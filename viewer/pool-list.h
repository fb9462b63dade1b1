/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "common/rest-client.h"

/* What the person may open, and which of it runs already: two calls to the broker as one. */
void pool_list_load_async(RestClient *client, GCancellable *cancellable, GAsyncReadyCallback done,
                          gpointer user);

/* Array of PoolInfo, owned by the caller. UNAUTHORIZED: sign in again. */
GPtrArray *pool_list_load_finish(GAsyncResult *result, GError **error);
