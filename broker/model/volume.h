/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/model/name.h"
#include "broker/store/store.h"

/* A user's home in a pool: a disk at one host, attached to each desktop that is made for them. */
typedef struct {
    char *id;
    char *pool_id; /* NULL: its pool is gone, */
    char *user_id; /* or its user; an administrator decides what becomes of it */
    char *host;
    gint64 size_mib;
    gboolean doomed; /* to be deleted at the host; the row goes once that is done */
    gint64 created_at;
} Volume;

void volume_free(Volume *volume);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Volume, volume_free)

/* ORIEL_ERROR_NOT_FOUND when there is none. */
Volume *volume_find(Store *store, const char *id, GError **error);
/* The user's of the pool; NULL without error when they have none. */
Volume *volume_find_of(Store *store, const char *pool_id, const char *user_id, GError **error);
/* By id, owned by the caller, of Volume. */
GPtrArray *volume_list(Store *store, const Page *page, GError **error);
/* Those of a host that are doomed. */
GPtrArray *volume_list_doomed(Store *store, const char *host, GError **error);

gboolean volume_insert(Store *store, const Volume *volume, GError **error);
/* Takes it from its owner, who gets a new one. */
gboolean volume_set_doomed(Store *store, const char *id, GError **error);
gboolean volume_delete(Store *store, const char *id, GError **error);
