/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/model/machine.h"
#include "broker/model/name.h"
#include "broker/store/store.h"

/* What a desktop may take at its host; 0: no limit. */
typedef struct {
    gint64 disk_gib;
    gint64 disk_iops;
    gint64 disk_mibps;
    gint64 net_mbps;
    gint64 cpu_percent; /* 100 is one processor */
} PoolLimits;

/* A kind of desktop that users may have. Lookups set ORIEL_ERROR_NOT_FOUND when there is none. */
typedef struct {
    char *id;
    char *name;
    char *title;
    char *kind; /* "desktop" */
    char *image;
    char *previous_image; /* what rolling back returns to; "" for none */
    char *host;           /* "" for any */
    gint64 cpus;
    gint64 memory_mib;
    gint64 maximum;      /* desktops at the same time; 0 for no bound */
    char **entitled;     /* "everyone", "user:NAME", "group:NAME" */
    char *policy;        /* "floating", "persistent" or "static" */
    char *start;         /* "cold" or "clone" */
    gint64 home_mib;     /* size of each user's home volume; 0: they have none */
    gint64 spares;       /* desktops that wait for a user, at least */
    gint64 idle_suspend; /* minutes without a viewer; 0: never */
    gint64 disconnected_end;
    PoolLimits limits;
    GPtrArray *machines; /* of Machine; of a static pool */
    gint64 created_at;
} Pool;

void pool_free(Pool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pool, pool_free)

Pool *pool_find(Store *store, const char *id_or_name, GError **error);
GPtrArray *pool_list(Store *store, const Page *page, GError **error);
/* Write the pool, its entitlements and machines; ORIEL_ERROR_INVALID for one that names nobody. */
gboolean pool_insert(Store *store, const Pool *pool, GError **error);
gboolean pool_update(Store *store, const Pool *pool, GError **error);
gboolean pool_delete(Store *store, const char *id, GError **error);

/* What a log-off leaves of a desktop in a pool of this policy: "all", "home" or "nothing". */
const char *pool_kept(const char *policy, gint64 home_mib);
/* Whether a desktop of it is thrown away at log-off: what its user keeps is in their home, or
 * nowhere. */
gboolean pool_discards(const Pool *pool);
/* Whether its desktops are machines that are there anyway: they are connected to, and let go at
 * log-off. */
gboolean pool_is_static(const Pool *pool);
/* Whether its desktops are cloned from templates. */
gboolean pool_clones(const Pool *pool);
/* Whether its desktops may be made before anybody asks. */
gboolean pool_can_spare(const Pool *pool);

/* Whether the user is among the pool's entitled; through says how ("everyone", "user:ann",
 * "group:staff"; owned by the caller, may be NULL) and is set only where they are. FALSE with error
 * set: the store failed. */
gboolean pool_entitles(Store *store, const char *pool_id, const char *user_id, gboolean *entitled,
                       char **through, GError **error);
