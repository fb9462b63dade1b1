/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest-agent/clipboard.h"

#include <string.h>

typedef struct {
    ClipboardParty *party;
    int offered, wanted, cleared;
    const char *answer; /* what it provides when asked; NULL: silent */
    char *got;
    int n_got;
} Party;

static void
on_offered(gpointer user)
{
    ((Party *)user)->offered++;
}

static void
on_wanted(gpointer user)
{
    Party *self = user;
    self->wanted++;
    if (self->answer)
        clipboard_provide(self->party, self->answer, -1);
}

static void
on_cleared(gpointer user)
{
    ((Party *)user)->cleared++;
}

static const ClipboardEvents events = {on_offered, on_wanted, on_cleared};

static void
on_text(const char *text, gpointer user)
{
    Party *self = user;
    self->n_got++;
    g_free(self->got);
    self->got = g_strdup(text);
}

static void
settle(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

typedef struct {
    Clipboard *clipboard;
    Party a, b, c;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
    f->clipboard = clipboard_new();
    f->a.party = clipboard_join(f->clipboard, &events, &f->a);
    f->b.party = clipboard_join(f->clipboard, &events, &f->b);
    f->c.party = clipboard_join(f->clipboard, &events, &f->c);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    clipboard_leave(f->a.party);
    clipboard_leave(f->b.party);
    clipboard_leave(f->c.party);
    clipboard_free(f->clipboard);
    g_free(f->a.got);
    g_free(f->b.got);
    g_free(f->c.got);
}

static void
test_on_demand(Fixture *f, gconstpointer data)
{
    f->a.answer = "Grüße";
    clipboard_offer(f->a.party);
    settle();
    g_assert_cmpint(f->a.offered, ==, 0);
    g_assert_cmpint(f->b.offered, ==, 1);
    g_assert_cmpint(f->c.offered, ==, 1);
    g_assert_cmpint(f->a.wanted, ==, 0);

    clipboard_fetch(f->b.party, on_text, &f->b);
    clipboard_fetch(f->c.party, on_text, &f->c);
    settle();
    g_assert_cmpint(f->a.wanted, ==, 1); /* asked once for both */
    g_assert_cmpstr(f->b.got, ==, "Grüße");
    g_assert_cmpstr(f->c.got, ==, "Grüße");

    clipboard_fetch(f->a.party, on_text, &f->a); /* its own text never comes back */
    g_assert_cmpint(f->a.n_got, ==, 1);
    g_assert_null(f->a.got);
}

static void
test_newer_offer_wins(Fixture *f, gconstpointer data)
{
    clipboard_offer(f->a.party);
    clipboard_fetch(f->c.party, on_text, &f->c);
    clipboard_offer(f->b.party);
    g_assert_cmpint(f->c.n_got, ==, 1); /* a's text is not wanted any more */
    g_assert_null(f->c.got);
    clipboard_provide(f->a.party, "late", -1);
    f->b.answer = "new";
    clipboard_fetch(f->c.party, on_text, &f->c);
    settle();
    g_assert_cmpstr(f->c.got, ==, "new");
}

static void
test_text_is_cleaned(Fixture *f, gconstpointer data)
{
    clipboard_offer(f->a.party);
    clipboard_provide(f->a.party, "a\r\nb\xff\0hidden", 13);
    clipboard_fetch(f->b.party, on_text, &f->b);
    g_assert_cmpstr(f->b.got, ==, "a\nb\xef\xbf\xbd");
    g_assert_true(g_utf8_validate(f->b.got, -1, NULL));

    g_autofree char *large = g_malloc(CLIPBOARD_MAX + 10);
    memset(large, 'x', CLIPBOARD_MAX + 10);
    memcpy(large + CLIPBOARD_MAX - 1, "ü", 2); /* the cut is inside a character */
    clipboard_provide(f->a.party, large, CLIPBOARD_MAX + 10);
    clipboard_fetch(f->b.party, on_text, &f->b);
    g_assert_cmpuint(strlen(f->b.got), ==, CLIPBOARD_MAX - 1);

    memset(large, 0xff, CLIPBOARD_MAX);
    clipboard_provide(f->a.party, large, CLIPBOARD_MAX);
    clipboard_fetch(f->b.party, on_text, &f->b);
    g_assert_cmpuint(strlen(f->b.got), <=, CLIPBOARD_MAX);
    g_assert_true(g_utf8_validate(f->b.got, -1, NULL));
}

static void
test_leaving(Fixture *f, gconstpointer data)
{
    clipboard_offer(f->a.party);
    settle();
    clipboard_fetch(f->b.party, on_text, &f->b);
    clipboard_fetch(f->c.party, on_text, &f->c);
    clipboard_leave(g_steal_pointer(&f->c.party)); /* asked, and is not called any more */
    clipboard_leave(g_steal_pointer(&f->a.party)); /* never answered */
    settle();
    g_assert_cmpint(f->b.n_got, ==, 1);
    g_assert_null(f->b.got);
    g_assert_cmpint(f->b.cleared, ==, 1);
    g_assert_cmpint(f->c.n_got, ==, 0);

    f->a.party = clipboard_join(f->clipboard, &events, &f->a);
    clipboard_offer(f->a.party);
    clipboard_provide(f->a.party, "kept", -1);
    clipboard_leave(g_steal_pointer(&f->a.party));
    clipboard_fetch(f->b.party, on_text, &f->b);
    g_assert_cmpstr(f->b.got, ==, "kept");

    f->c.offered = 0;
    f->c.party = clipboard_join(f->clipboard, &events, &f->c);
    settle();
    g_assert_cmpint(f->c.offered, ==, 1); /* told of what is there */
}

static void
test_silent_owner(Fixture *f, gconstpointer data)
{
    clipboard_offer(f->a.party);
    clipboard_fetch(f->b.party, on_text, &f->b);
    gint64 begin = g_get_monotonic_time();
    while (f->b.n_got == 0 && g_get_monotonic_time() - begin < 10 * G_USEC_PER_SEC)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpint(f->b.n_got, ==, 1);
    g_assert_null(f->b.got);
    g_assert_cmpint(g_get_monotonic_time() - begin, >, 2 * G_USEC_PER_SEC);
}

static void
test_fetches_are_bounded(Fixture *f, gconstpointer data)
{
    clipboard_offer(f->a.party);
    for (int i = 0; i < 1000; i++)
        clipboard_fetch(f->b.party, on_text, &f->b);
    g_assert_cmpint(f->b.n_got, >, 900); /* turned away at once */
    clipboard_provide(f->a.party, "x", 1);
    g_assert_cmpint(f->b.n_got, ==, 1000);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, func) g_test_add("/clipboard/" path, Fixture, NULL, set_up, func, tear_down)
    ADD("on-demand", test_on_demand);
    ADD("newer-offer-wins", test_newer_offer_wins);
    ADD("text-is-cleaned", test_text_is_cleaned);
    ADD("leaving", test_leaving);
    ADD("silent-owner", test_silent_owner);
    ADD("fetches-are-bounded", test_fetches_are_bounded);
    return g_test_run();
}
