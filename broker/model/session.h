/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/model/name.h"
#include "broker/store/store.h"

/* One user's hold on one pool's desktop, from asking for it to logging off. */
typedef struct {
    char *id;
    char *user_id;
    char *user_name;
    char *pool_id;
    char *pool_name;
    char *pool_title;
    char *keeps; /* what logging off leaves of the desktop: "all", "home" or "nothing" */
    char *desktop_id;
    char *state; /* "starting", "ready", "suspended" or "failed" */
    char *step;
    char *step_text;
    gint64 progress; /* 0 to 100 */
    char *reason; /* why it failed, is paused, or was ended by another than its user; NULL else */
    gint64 created_at;
    gint64 ended_at; /* 0 while it lives */
} Session;

void session_free(Session *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Session, session_free)

/* It stands still for its reason, and goes on by itself: its host's disk is full. */
gboolean session_is_paused(const Session *session);

/* ORIEL_ERROR_NOT_FOUND when there is none; ended ones are found too. */
Session *session_find(Store *store, const char *id, GError **error);
/* Living ones; NULL without error when there is none. */
Session *session_find_living(Store *store, const char *pool_id, const char *user_id,
                             GError **error);
Session *session_find_of_desktop(Store *store, const char *desktop_id, GError **error);
/* Living ones by id, in order; user_id NULL for everybody's. */
GPtrArray *session_list(Store *store, const char *user_id, const Page *page, GError **error);

/* Living ones whose user is disabled, or not among their pool's entitled any more. */
GPtrArray *session_list_unentitled(Store *store, GError **error);

/* The most sessions of the pool that began within one minute since then (seconds since the epoch).
 */
gboolean session_peak_of_pool(Store *store, const char *pool_id, gint64 since, gint64 *peak,
                              GError **error);

/* Only ids, state, step, step_text, progress, reason and created_at are read. ORIEL_ERROR_EXISTS
 * when one lives for the user and pool. */
gboolean session_insert(Store *store, const Session *session, GError **error);
/* Writes state, step, step_text, progress and reason. */
gboolean session_update(Store *store, const Session *session, GError **error);
gboolean session_end(Store *store, const char *id, GError **error);
/* Forgets sessions (and their why) that ended before that time. */
gboolean session_prune(Store *store, gint64 before, GError **error);
