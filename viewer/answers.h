/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

/* A broker's answers as structs. Strings are bounded and printable; ORIEL_ERROR_PROTOCOL where an
 * answer lacks what it must have. */

/* What this user has of a pool already; the later ones say more. */
typedef enum {
    POOL_UNUSED,
    POOL_FAILED, /* the last start; asking again starts anew */
    POOL_STARTING,
    POOL_SUSPENDED,
    POOL_RUNNING,
    POOL_PAUSED, /* it stands still until its host has room again */
    POOL_SILENT, /* its machine does not answer */
} PoolUse;

typedef struct {
    char *id, *name, *title;
    gboolean is_app;
    gboolean available;
    PoolUse use; /* set by pool_list_mark_sessions() */
} PoolInfo;

/* {"items":[…]} → array of PoolInfo, which it owns. */
GPtrArray *pool_list_parse(const json_t *answer, GError **error);

/* Marks the pools that the answer of GET /api/v1/sessions names; a malformed answer marks none. */
void pool_list_mark_sessions(GPtrArray *pools, const json_t *sessions);

/* What stands below a pool's title. */
const char *pool_info_phrase(const PoolInfo *pool);

/* Whether it can be opened: there is a place, or this user has one. */
gboolean pool_info_can_open(const PoolInfo *pool);

typedef enum {
    SESSION_STARTING,
    SESSION_READY,
    SESSION_SUSPENDED, /* it wakes when it is asked for again */
    SESSION_FAILED,
    SESSION_OVER,
} SessionState;

typedef struct {
    char *id, *title;
    SessionState state;
    char *step;      /* the wire's word */
    char *step_text; /* a phrase for people */
    guint progress;  /* 0…100 */
    gboolean paused; /* it stands still, and reason says why */
    gboolean silent; /* … because its machine does not answer */
    char *reason;    /* NULL unless it says why it failed or waits */
} SessionInfo;

SessionInfo *session_info_parse(const json_t *answer, GError **error);
/* Why it stands still, in a sentence in the person's language; NULL when it does not. */
const char *session_info_pause(const SessionInfo *session);
/* What the session is at, in a phrase for the person: why it waits, its step in their language, or
 * the broker's own words for a step that is not known here. Owned by session or constant. */
const char *session_info_phrase(const SessionInfo *session);
void session_info_free(SessionInfo *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SessionInfo, session_info_free)
