/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/model/name.h"
#include "broker/store/store.h"

/* A desktop that the broker wants at a host. What it does there is the host's to say (host-link.h).
 */
typedef struct {
    char *id;
    char *pool_id; /* NULL: its pool is gone */
    char *user_id; /* NULL: a spare's, or its user is gone */
    char *host;
    char *name;
    char *image;
    gint64 cpus;
    gint64 memory_mib;
    gint64 width;
    gint64 height;
    char *template;     /* what it is cloned from; "" for one that boots cold */
    char *machine;      /* of a static pool: the name of what it shows; "" for all others */
    char *volume_id;    /* its user's home; NULL for none */
    gboolean spare;     /* made before anybody asked; the next who asks may have it */
    gboolean confirmed; /* the host has answered its creation */
    gboolean doomed;    /* to be deleted at the host; the row goes once that is done */
    gint64 created_at;
} Desktop;

void desktop_free(Desktop *desktop);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Desktop, desktop_free)

/* ORIEL_ERROR_NOT_FOUND when there is none. */
Desktop *desktop_find(Store *store, const char *id, GError **error);
/* All of a host, owned by the caller, of Desktop. */
GPtrArray *desktop_list_of_host(Store *store, const char *host, GError **error);
/* The user's own of the pool, that is not doomed; NULL without error when there is none. */
Desktop *desktop_find_of(Store *store, const char *pool_id, const char *user_id, GError **error);
/* Those that are not doomed. */
gboolean desktop_count_of_pool(Store *store, const char *pool_id, gint64 *count, GError **error);
GPtrArray *desktop_list_of_pool(Store *store, const char *pool_id, GError **error);
GPtrArray *desktop_list_of_user(Store *store, const char *user_id, GError **error);

/* Those of the pool that are nobody's yet and not doomed, the oldest first. */
GPtrArray *desktop_list_spares(Store *store, const char *pool_id, GError **error);
/* Those with the volume, doomed ones too. */
GPtrArray *desktop_list_of_volume(Store *store, const char *volume_id, GError **error);

/* Makes a spare the user's; *claimed FALSE: it is somebody's already, or doomed. */
gboolean desktop_claim(Store *store, const char *id, const char *user_id, gboolean *claimed,
                       GError **error);
gboolean desktop_insert(Store *store, const Desktop *desktop, GError **error);
gboolean desktop_set_confirmed(Store *store, const char *id, GError **error);
gboolean desktop_set_doomed(Store *store, const char *id, GError **error);
gboolean desktop_delete(Store *store, const char *id, GError **error);

/* Notes that host reports a desktop nobody here asked for; since (out) is when it was first seen.
 */
gboolean stranger_note(Store *store, const char *id, const char *host, gint64 *since,
                       GError **error);
gboolean stranger_forget(Store *store, const char *id, GError **error);
