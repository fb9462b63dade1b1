/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * The tickets that are out. A ticket is 256 random bits, written as base64url; only its SHA-256 is
 * kept, in memory: a broker that restarts has no tickets, and clients ask for new ones. It lives 30
 * s until its first use. The first stream binds it to the peer's address; further SPICE channels
 * may join while a stream of it lives, from that address. VNC tickets are single use. Main thread
 * only.
 */

typedef struct TicketBook TicketBook;

typedef enum { TICKET_VNC, TICKET_SPICE } TicketProtocol;

typedef struct {
    TicketProtocol protocol;
    char *session; /* id */
    char *desktop; /* id at its host */
    char *host;    /* the host's name in the broker's configuration */
    char *user;
    char *route; /* SPICE: the routing id of this connect, no secret */
} TicketGrant;

TicketBook *ticket_book_new(void);
/* With another clock (µs since the epoch), for tests. */
typedef gint64 (*TicketBookClock)(gpointer user);
TicketBook *ticket_book_new_with_clock(TicketBookClock clock, gpointer user);
/* Streams have to be released before. */
void ticket_book_free(TicketBook *book);

/* At most so many tickets are out, over all and of one session. */
#define TICKET_BOOK_MAX            4096
#define TICKET_BOOK_MAX_OF_SESSION 32

/* Issues a ticket (owned by the caller; wipe it after use). expires_at: seconds since the epoch.
 * The grant's strings are copied. ORIEL_ERROR_BUSY when too many are out. */
char *ticket_book_issue(TicketBook *book, const TicketGrant *grant, gint64 *expires_at,
                        GError **error);

/* A stream that a ticket let in. */
typedef struct TicketStream TicketStream;

/* The session was revoked: end the stream, now or soon; ticket_book_release() it also then. Not
 * called after the release. */
typedef void (*TicketStreamClosed)(gpointer user);

/*
 * Redeems a ticket for one stream. route is NULL for VNC. Returns the stream, to be given to
 * ticket_book_release() when it has ended, or NULL with ORIEL_ERROR_REFUSED; the message says which
 * rule refused it and holds nothing secret. Compares in constant time.
 */
TicketStream *ticket_book_redeem(TicketBook *book, TicketProtocol protocol, const char *ticket,
                                 const char *route, const char *peer, TicketStreamClosed closed,
                                 gpointer user, GError **error);
const TicketGrant *ticket_stream_grant(TicketStream *stream);
void ticket_book_release(TicketBook *book, TicketStream *stream);

/* What a route leads to, before the ticket is seen: session, desktop and host. NULL when nobody
 * knows it. */
const TicketGrant *ticket_book_route(TicketBook *book, const char *route);

/* Whether a stream of the session lives, or a ticket is out that may begin one. */
gboolean ticket_book_is_used(TicketBook *book, const char *session);

/* Forgets a session's tickets and calls closed for each of its live streams (logging off,
 * deleting). */
void ticket_book_revoke_session(TicketBook *book, const char *session);
