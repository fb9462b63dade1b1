/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/model/name.h"
#include "broker/store/store.h"

/* A kind of desktop that users may have. Lookups set ORIEL_ERROR_NOT_FOUND when there is none. */
typedef struct {
    char *id;
    char *name;
    char *title;
    char *kind; /* "desktop" */
    char *image;
    char *host; /* "" for any */
    gint64 cpus;
    gint64 memory_mib;
    gint64 maximum;  /* desktops at the same time; 0 for no bound */
    char **entitled; /* "everyone", "user:NAME", "group:NAME" */
    char *on_logoff; /* "keep" or "delete" */
    gint64 created_at;
} Pool;

void pool_free(Pool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pool, pool_free)

Pool *pool_find(Store *store, const char *id_or_name, GError **error);
GPtrArray *pool_list(Store *store, const Page *page, GError **error);
/* Write the pool and its entitlements; ORIEL_ERROR_INVALID for one that names nobody. */
gboolean pool_insert(Store *store, const Pool *pool, GError **error);
gboolean pool_update(Store *store, const Pool *pool, GError **error);
gboolean pool_delete(Store *store, const char *id, GError **error);

/* Whether the user is among the pool's entitled; through says how ("everyone", "user:ann",
 * "group:staff"; owned by the caller, may be NULL) and is set only where they are. FALSE with error
 * set: the store failed. */
gboolean pool_entitles(Store *store, const char *pool_id, const char *user_id, gboolean *entitled,
                       char **through, GError **error);
