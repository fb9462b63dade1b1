/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/gateway/ticket-book.h"
#include "broker/host-set.h"
#include "broker/model/desktop.h"
#include "broker/model/pool.h"
#include "broker/model/session.h"
#include "broker/model/user.h"

/*
 * The life of sessions and of the desktops behind them: asking for one, following what the host
 * reports, ending it. What must survive is in the store before a host is told; a host's commands
 * carry the desktop's UUID, so that sending one again is harmless. Main thread only.
 */

typedef struct SessionBook SessionBook;

/* All borrowed; they outlive it. tickets may be NULL (tests). */
SessionBook *session_book_new(Store *store, HostSet *hosts, TicketBook *tickets);
void session_book_free(SessionBook *book);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SessionBook, session_book_free)

/*
 * The user's session of the pool: the one that lives (*created FALSE), or a new one on the user's
 * kept desktop, a spare or a new desktop. A failed one is cleaned away first; one that is suspended
 * resumes. ORIEL_ERROR_NOT_FOUND: not
 * entitled (as if there were no such pool); ORIEL_ERROR_REFUSED, ORIEL_ERROR_BUSY,
 * ORIEL_ERROR_UNAVAILABLE: see placement.h.
 */
Session *session_book_request(SessionBook *book, const User *user, const Pool *pool,
                              gboolean *created, GError **error);
/* A desktop of the pool for the user, before they ask (or the one they have). */
Desktop *session_book_prepare(SessionBook *book, const User *user, const Pool *pool,
                              gboolean *created, GError **error);

/* Logs off: streams are closed, tickets forgotten, and the desktop is kept or deleted as the pool
 * says. */
gboolean session_book_end(SessionBook *book, const Session *session, GError **error);
/* The same without its user's wish: the reason stands in its why, its row, the audit trail and the
 * log. */
gboolean session_book_end_because(SessionBook *book, const Session *session, const char *reason,
                                  GError **error);
/* Ends what stands on it, and has its host delete it, now or when the host is there. */
gboolean session_book_delete_desktop(SessionBook *book, const Desktop *desktop, GError **error);
/* Before a user or a pool goes: ends the sessions, deletes the desktops. */
gboolean session_book_forget_user(SessionBook *book, const char *user_id, const char *reason,
                                  GError **error);
gboolean session_book_forget_pool(SessionBook *book, const char *pool_id, GError **error);
/* Ends sessions, keeps desktops: the user was disabled, as the reason says. */
gboolean session_book_end_all_of(SessionBook *book, const char *user_id, const char *reason,
                                 GError **error);

/* Somebody wants to see a session that is suspended: its desktop is resumed. session follows. */
void session_book_wake(SessionBook *book, Session *session);

/* --- for the reconciler --- */
/* The host reports the desktop in this state (a host's desktop object). */
void session_book_mirror(SessionBook *book, const char *desktop_id, const json_t *reported);
/* The host has no such desktop any more. */
void session_book_lost(SessionBook *book, const Desktop *desktop, const char *reason);
/* The host has made it and reports this; one that lacks its user's home is given to nobody. */
void session_book_confirm(SessionBook *book, const Desktop *desktop, const json_t *reported);
/* The host has deleted it: the row goes, and who waited for its home gets it. */
void session_book_gone(SessionBook *book, const Desktop *desktop);
void session_book_send_create(SessionBook *book, const Desktop *desktop);
void session_book_send_delete(SessionBook *book, const Desktop *desktop);

/* --- for long polls --- */
typedef void (*SessionChanged)(const char *session_id, gpointer user);
/* changed is called after each change of any session, or its end. One listener. */
void session_book_set_listener(SessionBook *book, SessionChanged changed, gpointer user);
