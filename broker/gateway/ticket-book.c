/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/gateway/ticket-book.h"

#include "common/error.h"

#include <string.h>
#include <sys/random.h>

#define TICKET_BYTES     32
#define TICKET_TEXT_MAX  64 /* ours are 43 characters */
#define TICKET_LIFE_USEC (30 * G_USEC_PER_SEC)
#define HASH_BYTES       32

typedef struct {
    guint8 hash[HASH_BYTES];
    TicketGrant grant;
    gint64 expires; /* counts until the first use */
    char *peer;     /* of the first use; NULL before */
    GPtrArray *streams;
    gboolean revoked; /* its streams are told to end; nobody joins */
} Ticket;

struct TicketStream {
    Ticket *ticket;
    TicketStreamClosed closed;
    gpointer user;
};

struct TicketBook {
    GPtrArray *tickets;
    TicketBookClock clock;
    gpointer clock_user;
};

static void
ticket_free(gpointer data)
{
    Ticket *ticket = data;

    g_free(ticket->grant.session);
    g_free(ticket->grant.desktop);
    g_free(ticket->grant.host);
    g_free(ticket->grant.user);
    g_free(ticket->grant.route);
    g_free(ticket->peer);
    g_ptr_array_unref(ticket->streams);
    explicit_bzero(ticket->hash, sizeof ticket->hash);
    g_free(ticket);
}

static gint64
real_clock(gpointer user)
{
    return g_get_real_time();
}

TicketBook *
ticket_book_new_with_clock(TicketBookClock clock, gpointer user)
{
    TicketBook *book = g_new0(TicketBook, 1);

    book->tickets = g_ptr_array_new_with_free_func(ticket_free);
    book->clock = clock;
    book->clock_user = user;
    return book;
}

TicketBook *
ticket_book_new(void)
{
    return ticket_book_new_with_clock(real_clock, NULL);
}

void
ticket_book_free(TicketBook *book)
{
    if (!book)
        return;
    g_ptr_array_unref(book->tickets);
    g_free(book);
}

static void
ticket_hash(const char *text, guint8 hash[HASH_BYTES])
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize size = HASH_BYTES;

    g_checksum_update(checksum, (const guchar *)text, strlen(text));
    g_checksum_get_digest(checksum, hash, &size);
}

static gboolean
ticket_is_spent(const Ticket *ticket, gint64 now)
{
    return ticket->streams->len == 0 && (ticket->peer || ticket->revoked || now >= ticket->expires);
}

static void
book_purge(TicketBook *book)
{
    gint64 now = book->clock(book->clock_user);

    for (guint i = book->tickets->len; i > 0; i--)
        if (ticket_is_spent(book->tickets->pdata[i - 1], now))
            g_ptr_array_remove_index_fast(book->tickets, i - 1);
}

static gboolean
book_has_room(TicketBook *book, const char *session)
{
    guint of_session = 0;

    book_purge(book);
    for (guint i = 0; i < book->tickets->len; i++) {
        const Ticket *ticket = book->tickets->pdata[i];
        of_session += g_str_equal(ticket->grant.session, session);
    }
    return book->tickets->len < TICKET_BOOK_MAX && of_session < TICKET_BOOK_MAX_OF_SESSION;
}

/* base64url without padding */
static char *
ticket_text(const guint8 *secret)
{
    char *text = g_base64_encode(secret, TICKET_BYTES);

    text[strcspn(text, "=")] = '\0';
    return g_strdelimit(g_strdelimit(text, "+", '-'), "/", '_');
}

char *
ticket_book_issue(TicketBook *book, const TicketGrant *grant, gint64 *expires_at, GError **error)
{
    guint8 secret[TICKET_BYTES];

    if (!book_has_room(book, grant->session)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_BUSY,
                    "Too many tickets are out. Try again in half a minute.");
        return NULL;
    }
    if (getrandom(secret, sizeof secret, 0) != sizeof secret) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "There is no randomness to be had.");
        return NULL;
    }
    char *text = ticket_text(secret);
    explicit_bzero(secret, sizeof secret);

    Ticket *ticket = g_new0(Ticket, 1);
    ticket_hash(text, ticket->hash);
    ticket->grant.protocol = grant->protocol;
    ticket->grant.session = g_strdup(grant->session);
    ticket->grant.desktop = g_strdup(grant->desktop);
    ticket->grant.host = g_strdup(grant->host);
    ticket->grant.user = g_strdup(grant->user);
    ticket->grant.route = g_strdup(grant->route);
    ticket->expires = book->clock(book->clock_user) + TICKET_LIFE_USEC;
    ticket->streams = g_ptr_array_new();
    g_ptr_array_add(book->tickets, ticket);
    if (expires_at)
        *expires_at = ticket->expires / G_USEC_PER_SEC;
    return text;
}

/* Looks at every ticket and every byte, so that the time says nothing of how near a guess was. */
static Ticket *
book_find(TicketBook *book, const char *text)
{
    guint8 hash[HASH_BYTES];
    Ticket *found = NULL;

    ticket_hash(text, hash);
    for (guint i = 0; i < book->tickets->len; i++) {
        Ticket *ticket = book->tickets->pdata[i];
        guint8 difference = 0;
        for (gsize byte = 0; byte < HASH_BYTES; byte++)
            difference |= (guint8)(hash[byte] ^ ticket->hash[byte]);
        if (difference == 0)
            found = ticket;
    }
    return found;
}

/* Which rule speaks against it, or NULL. */
static const char *
ticket_objection(const Ticket *ticket, TicketProtocol protocol, const char *route, const char *peer,
                 gint64 now)
{
    if (!ticket || ticket_is_spent(ticket, now) || ticket->revoked)
        return "The ticket is unknown, has expired or was used.";
    if (ticket->grant.protocol != protocol)
        return "The ticket is for another protocol.";
    if (g_strcmp0(ticket->grant.route, route) != 0)
        return "The ticket is for another connection.";
    if (!ticket->peer)
        return NULL;
    if (protocol != TICKET_SPICE)
        return "The ticket was used already.";
    if (!g_str_equal(ticket->peer, peer))
        return "The ticket is bound to another address.";
    return NULL;
}

TicketStream *
ticket_book_redeem(TicketBook *book, TicketProtocol protocol, const char *ticket, const char *route,
                   const char *peer, TicketStreamClosed closed, gpointer user, GError **error)
{
    gboolean sane = ticket && *ticket && strnlen(ticket, TICKET_TEXT_MAX + 1) <= TICKET_TEXT_MAX;
    Ticket *found = sane ? book_find(book, ticket) : NULL;
    const char *objection =
        ticket_objection(found, protocol, route, peer, book->clock(book->clock_user));

    if (objection) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED, objection);
        return NULL;
    }
    if (!found->peer)
        found->peer = g_strdup(peer);
    TicketStream *stream = g_new0(TicketStream, 1);
    stream->ticket = found;
    stream->closed = closed;
    stream->user = user;
    g_ptr_array_add(found->streams, stream);
    return stream;
}

const TicketGrant *
ticket_stream_grant(TicketStream *stream)
{
    return &stream->ticket->grant;
}

void
ticket_book_release(TicketBook *book, TicketStream *stream)
{
    if (!stream)
        return;
    g_ptr_array_remove_fast(stream->ticket->streams, stream);
    if (stream->ticket->streams->len == 0)
        g_ptr_array_remove_fast(book->tickets, stream->ticket);
    g_free(stream);
}

const TicketGrant *
ticket_book_route(TicketBook *book, const char *route)
{
    gint64 now = book->clock(book->clock_user);

    for (guint i = 0; route && i < book->tickets->len; i++) {
        const Ticket *ticket = book->tickets->pdata[i];
        if (g_strcmp0(ticket->grant.route, route) == 0 && !ticket->revoked &&
            !ticket_is_spent(ticket, now))
            return &ticket->grant;
    }
    return NULL;
}

gboolean
ticket_book_is_used(TicketBook *book, const char *session)
{
    gint64 now = book->clock(book->clock_user);

    for (guint i = 0; i < book->tickets->len; i++) {
        const Ticket *ticket = book->tickets->pdata[i];
        if (g_str_equal(ticket->grant.session, session) && !ticket->revoked &&
            !ticket_is_spent(ticket, now))
            return TRUE;
    }
    return FALSE;
}

void
ticket_book_revoke_session(TicketBook *book, const char *session)
{
    g_autoptr(GPtrArray) told = g_ptr_array_new();

    for (guint i = 0; i < book->tickets->len; i++) {
        Ticket *ticket = book->tickets->pdata[i];
        if (!g_str_equal(ticket->grant.session, session) || ticket->revoked)
            continue;
        ticket->revoked = TRUE;
        for (guint j = 0; j < ticket->streams->len; j++)
            g_ptr_array_add(told, g_memdup2(ticket->streams->pdata[j], sizeof(TicketStream)));
    }
    /* closed may release, now: copies, and each stream tells only its own user */
    for (guint i = 0; i < told->len; i++) {
        TicketStream *stream = told->pdata[i];
        if (stream->closed)
            stream->closed(stream->user);
        g_free(stream);
    }
    book_purge(book);
}
