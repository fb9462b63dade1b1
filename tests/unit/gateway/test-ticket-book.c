/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/gateway/ticket-book.h"

#include "common/error.h"

#include <string.h>

typedef struct {
    TicketBook *book;
    gint64 now;
    guint closed;
} Fixture;

static gint64
fixture_clock(gpointer user)
{
    return ((Fixture *)user)->now;
}

static void
set_up(Fixture *f, gconstpointer data)
{
    f->now = G_GINT64_CONSTANT(1000000) * G_USEC_PER_SEC;
    f->book = ticket_book_new_with_clock(fixture_clock, f);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    ticket_book_free(f->book);
}

static char *
issue(Fixture *f, TicketProtocol protocol, const char *session)
{
    TicketGrant grant = {protocol,       (char *)session,
                         (char *)"d1",   (char *)"local",
                         (char *)"anna", protocol == TICKET_SPICE ? (char *)"r1" : NULL};
    g_autoptr(GError) error = NULL;
    gint64 expires;
    char *ticket = ticket_book_issue(f->book, &grant, &expires, &error);

    g_assert_no_error(error);
    g_assert_cmpint(expires, ==, f->now / G_USEC_PER_SEC + 30);
    g_assert_cmpuint(strlen(ticket), ==, 43);
    return ticket;
}

static void
count_closed(gpointer user)
{
    ((Fixture *)user)->closed++;
}

static TicketStream *
redeem(Fixture *f, TicketProtocol protocol, const char *ticket, const char *peer)
{
    return ticket_book_redeem(f->book, protocol, ticket, protocol == TICKET_SPICE ? "r1" : NULL,
                              peer, count_closed, f, NULL);
}

static void
test_vnc_once(Fixture *f, gconstpointer data)
{
    g_autofree char *ticket = issue(f, TICKET_VNC, "s1");
    TicketStream *stream = redeem(f, TICKET_VNC, ticket, "::1");

    g_assert_nonnull(stream);
    g_assert_cmpstr(ticket_stream_grant(stream)->desktop, ==, "d1");
    g_assert_null(redeem(f, TICKET_VNC, ticket, "::1"));
    ticket_book_release(f->book, stream);
    g_assert_null(redeem(f, TICKET_VNC, ticket, "::1"));
}

static void
test_expiry(Fixture *f, gconstpointer data)
{
    g_autofree char *used = issue(f, TICKET_SPICE, "s1");
    g_autofree char *unused = issue(f, TICKET_VNC, "s1");
    TicketStream *stream = redeem(f, TICKET_SPICE, used, "::1");

    f->now += 30 * G_USEC_PER_SEC;
    g_assert_null(redeem(f, TICKET_VNC, unused, "::1"));
    /* a stream that lives keeps the door open for further channels */
    TicketStream *joined = redeem(f, TICKET_SPICE, used, "::1");
    g_assert_nonnull(joined);
    ticket_book_release(f->book, stream);
    ticket_book_release(f->book, joined);
    g_assert_null(redeem(f, TICKET_SPICE, used, "::1"));
}

static void
test_address(Fixture *f, gconstpointer data)
{
    g_autofree char *ticket = issue(f, TICKET_SPICE, "s1");
    g_autoptr(GError) error = NULL;
    TicketStream *stream = redeem(f, TICKET_SPICE, ticket, "10.0.0.1");

    g_assert_null(
        ticket_book_redeem(f->book, TICKET_SPICE, ticket, "r1", "10.0.0.2", NULL, NULL, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED);
    g_assert_null(strstr(error->message, ticket));
    ticket_book_release(f->book, stream);
}

static void
test_wrong_use(Fixture *f, gconstpointer data)
{
    g_autofree char *ticket = issue(f, TICKET_SPICE, "s1");
    g_autofree char *changed = g_strdup(ticket);
    g_autofree char *huge = g_strnfill(100000, 'a');

    changed[20] = changed[20] == 'a' ? 'b' : 'a';
    g_assert_null(redeem(f, TICKET_SPICE, changed, "::1"));
    g_assert_null(redeem(f, TICKET_SPICE, huge, "::1"));
    g_assert_null(redeem(f, TICKET_SPICE, "", "::1"));
    g_assert_null(redeem(f, TICKET_SPICE, NULL, "::1"));
    g_assert_null(redeem(f, TICKET_VNC, ticket, "::1"));
    g_assert_null(ticket_book_redeem(f->book, TICKET_SPICE, ticket, "r2", "::1", NULL, NULL, NULL));
    TicketStream *stream = redeem(f, TICKET_SPICE, ticket, "::1");
    g_assert_nonnull(stream);
    ticket_book_release(f->book, stream);
}

static void
test_route(Fixture *f, gconstpointer data)
{
    g_free(issue(f, TICKET_SPICE, "s1"));

    g_assert_cmpstr(ticket_book_route(f->book, "r1")->desktop, ==, "d1");
    g_assert_null(ticket_book_route(f->book, "r2"));
    f->now += 31 * G_USEC_PER_SEC;
    g_assert_null(ticket_book_route(f->book, "r1"));
}

static void
test_revoke(Fixture *f, gconstpointer data)
{
    g_autofree char *live = issue(f, TICKET_SPICE, "s1");
    g_autofree char *unused = issue(f, TICKET_VNC, "s1");
    g_autofree char *other = issue(f, TICKET_VNC, "s2");
    TicketStream *stream = redeem(f, TICKET_SPICE, live, "::1");
    TicketStream *second = redeem(f, TICKET_SPICE, live, "::1");

    ticket_book_revoke_session(f->book, "s1");
    g_assert_cmpuint(f->closed, ==, 2);
    g_assert_null(redeem(f, TICKET_SPICE, live, "::1"));
    g_assert_null(redeem(f, TICKET_VNC, unused, "::1"));
    g_assert_null(ticket_book_route(f->book, "r1"));
    ticket_book_release(f->book, stream);
    ticket_book_release(f->book, second);
    stream = redeem(f, TICKET_VNC, other, "::1");
    g_assert_nonnull(stream);
    ticket_book_release(f->book, stream);
}

static void
test_bound(Fixture *f, gconstpointer data)
{
    TicketGrant grant = {TICKET_VNC, (char *)"s1", (char *)"d", (char *)"h", (char *)"u", NULL};
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < TICKET_BOOK_MAX_OF_SESSION; i++)
        g_free(issue(f, TICKET_VNC, "s1"));
    g_assert_null(ticket_book_issue(f->book, &grant, NULL, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_BUSY);
    g_free(issue(f, TICKET_VNC, "s2"));
    f->now += 30 * G_USEC_PER_SEC;
    g_free(issue(f, TICKET_VNC, "s1"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func)                                                                            \
    g_test_add("/gateway/ticket-book/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("vnc-once", test_vnc_once);
    ADD("expiry", test_expiry);
    ADD("address", test_address);
    ADD("wrong-use", test_wrong_use);
    ADD("route", test_route);
    ADD("revoke", test_revoke);
    ADD("bound", test_bound);
    return g_test_run();
}
