/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/session-book.h"
#include "broker/session-mirror.h"

/* What session-book.c, session-commands.c and session-request.c share. */

struct SessionBook {
    Store *store;
    HostSet *hosts;
    TicketBook *tickets;
    GHashTable *restarted; /* desktop ids started again or resumed for a session, once */
    SessionChanged changed;
    gpointer user;
};

void session_book_notify(SessionBook *book, const char *session_id);
/* Writes what changed about a session, with a line in its why; a failure of the store is logged:
 * the next report comes. */
void session_book_apply(SessionBook *book, Session *session, const SessionView *view);
/* Fails the session on that desktop, if there is one. */
void session_book_fail(SessionBook *book, const char *desktop_id, const char *reason);
/* Ends it, with its tickets; the desktop stays. */
gboolean session_book_close(SessionBook *book, const Session *session, GError **error);
/* A desktop that sleeps or stopped, and whose session wants it, is started once: one that stops
 * itself right away is broken. call: "desktop.start" or "desktop.resume". FALSE: it was before. */
gboolean session_book_start_again(SessionBook *book, const Session *session, const char *call);
