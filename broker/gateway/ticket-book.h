/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * The tickets that are out. A ticket is 256 random bits, written as base64url; only its SHA-256 is kept, in memory: a broker that
 * restarts has no tickets, and clients ask for new ones. It lives 30 s until its first use. The first stream binds it to the
 * peer's address; further SPICE channels may join while a stream of it lives, from that address. VNC tickets are single use.
 * Main thread only.
 */

typedef struct TicketBook TicketBook;

typedef enum { TICKET_VNC, TICKET_SPICE } TicketProtocol;

typedef struct {
    TicketProtocol protocol;
    char *session; /* id */
    char *desktop; /* id at its host */
    char *host;    /* the host's name in the broker's configuration */
    char *user;
    char *route;   /* SPICE: the routing id of this connect, no secret */
} TicketGrant;

TicketBook *ticket_book_new(void);
void ticket_book_free(TicketBook *book);

/* Issues a ticket (owned by the caller; wipe it after use). expires_at: seconds since the epoch. The grant's strings are copied. */
char *ticket_book_issue(TicketBook *book, const TicketGrant *grant, gint64 *expires_at, GError **error);

/*
 * Redeems a ticket for one stream. route is NULL for VNC. Returns the grant (owned by the book, valid until ticket_book_release())
 * or NULL with ORIEL_ERROR_REFUSED; the message says which rule refused it and holds nothing secret. Compares in constant time.
 */
const TicketGrant *ticket_book_redeem(TicketBook *book, TicketProtocol protocol, const char *ticket, const char *route, const char *peer, GError **error);
/* The stream that redeemed grant has ended. */
void ticket_book_release(TicketBook *book, const TicketGrant *grant);

/* What a route leads to, before the ticket is seen: session, desktop and host. NULL when nobody knows it. */
const TicketGrant *ticket_book_route(TicketBook *book, const char *route);

/* Forgets a session's tickets and calls closed for each of its live streams (logging off, deleting). */
void ticket_book_revoke_session(TicketBook *book, const char *session);
