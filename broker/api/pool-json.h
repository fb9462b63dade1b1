/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/api/api.h"
#include "broker/api/reply.h"

/* A pool as an administrator reads and writes it. */
json_t *pool_json(gpointer pool, gpointer user);

/* What a new pool is where nothing is said. */
Pool *pool_default(void);
/* Reads what a request says about a pool over what the pool has; ends fields. FALSE after
 * answering.
 */
gboolean pool_read(Api *api, HttpRequest *request, Fields *fields, Pool *pool, FieldNeed need);
