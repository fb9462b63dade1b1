/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Desktops that nobody looks at, by a clock of the test's, at a host that says what it is told. */
#include <sys/socket.h>
#include <unistd.h>

#include "broker/care/idle.h"
#include "common/error.h"
#include "common/json-channel.h"
#include "scratch.h"

#include <glib-unix.h>

typedef struct {
    Scratch scratch;
    HostSet *hosts;
    TicketBook *tickets;
    SessionBook *sessions;
    IdleCare *care;
    int listener;
    guint source;
    JsonChannel *channel;
    gboolean up, called;
    guint suspended; /* desktop.suspend calls */
} Fixture;

static void
host_message(JsonChannel *channel, json_t *message, const int *fds, guint n_fds, gpointer user)
{
    Fixture *f = user;
    const char *call = json_string_value(json_object_get(message, "call"));

    f->suspended += g_str_equal(call, "desktop.suspend");
    json_channel_answer(channel, json_object_get(message, "id"),
                        json_pack("{s:[{s:s,s:s}]}", "desktops", "id", "d1", "state", "ready"), -1);
    f->called |= g_str_equal(call, "desktop.get");
}

static void
host_closed(JsonChannel *channel, const GError *error, gpointer user)
{
    g_clear_pointer(&((Fixture *)user)->channel, json_channel_free);
}

static gboolean
host_accept(int fd, GIOCondition condition, gpointer user)
{
    static const JsonChannelEvents events = {.message = host_message, .closed = host_closed};
    Fixture *f = user;

    f->channel = json_channel_new(accept(fd, NULL, NULL), &events, f);
    return G_SOURCE_CONTINUE;
}

static void
host_up(HostLink *link, gpointer user)
{
    ((Fixture *)user)->up = TRUE;
}

static void
write_rows(Fixture *f)
{
    g_assert_true(store_exec(
        f->scratch.store, NULL,
        "INSERT INTO users (id, name, full_name, password_hash, roles, disabled, created_at)"
        " VALUES ('u1', 'ann', '', '', 'user', 0, 1)",
        ""));
    g_assert_true(store_exec(
        f->scratch.store, NULL,
        "INSERT INTO pools (id, name, title, kind, image, host, cpus, memory_mib, maximum,"
        " created_at, policy, idle_suspend_minutes, disconnected_end_minutes)"
        " VALUES ('p1', 'lab', 'Lab', 'desktop', 'demo', '', 1, 512, 0, 1, 'persistent', 5, 60)",
        ""));
    g_assert_true(store_exec(
        f->scratch.store, NULL,
        "INSERT INTO desktops (id, pool_id, user_id, host, name, image, cpus, memory_mib, width,"
        " height, confirmed, doomed, created_at)"
        " VALUES ('d1', 'p1', 'u1', 'local', 'lab-ann', 'demo', 1, 512, 640, 480, 1, 0, 1)",
        ""));
    g_assert_true(store_exec(f->scratch.store, NULL,
                             "INSERT INTO sessions (id, user_id, pool_id, desktop_id, state, step,"
                             " step_text, progress, created_at)"
                             " VALUES ('s1', 'u1', 'p1', 'd1', 'ready', 'ready', '', 100, 1)",
                             ""));
}

static void
set_up(Fixture *f, gconstpointer data)
{
    static const HostLinkEvents events = {.up = host_up};
    g_autoptr(GError) error = NULL;

    scratch_init(&f->scratch);
    write_rows(f);
    g_autofree char *path = scratch_path(&f->scratch, "host");
    g_autofree char *address = g_strconcat("unix:", path, NULL);
    f->listener = oriel_listen_unix(path, 0600, (gid_t)-1, &error);
    g_assert_no_error(error);
    f->source = g_unix_fd_add(f->listener, G_IO_IN, host_accept, f);
    f->tickets = ticket_book_new();
    f->hosts = host_set_new(&events, f);
    g_assert_true(host_set_add(f->hosts, "local", address, &error));
    f->sessions = session_book_new(f->scratch.store, f->hosts, f->tickets);
    f->care = idle_care_new(f->scratch.store, f->hosts, f->sessions, f->tickets);
    scratch_wait(&f->up);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    idle_care_free(f->care);
    host_set_free(f->hosts);
    session_book_free(f->sessions);
    ticket_book_free(f->tickets);
    g_source_remove(f->source);
    close(f->listener);
    json_channel_free(f->channel);
    scratch_clear(&f->scratch);
}

/* Looks at that second, and returns how often the host was asked to suspend until now. */
static guint
run_at(Fixture *f, gint64 now)
{
    idle_care_run(f->care, now);
    f->called = FALSE;
    /* Calls keep their order: once this one has arrived, those before it have. */
    host_link_call(host_set_find(f->hosts, "local"), "desktop.get", NULL, NULL, NULL);
    scratch_wait(&f->called);
    return f->suspended;
}

static gboolean
session_lives(Fixture *f)
{
    g_autoptr(Session) session = session_find_of_desktop(f->scratch.store, "d1", NULL);
    return session != NULL;
}

static void
test_suspend_and_end(Fixture *f, gconstpointer data)
{
    g_assert_cmpuint(run_at(f, 1000), ==, 0);
    g_assert_cmpuint(run_at(f, 1299), ==, 0);
    g_assert_cmpuint(run_at(f, 1300), ==, 1);
    /* One that would not be suspended is left alone as long again. */
    g_assert_cmpuint(run_at(f, 1310), ==, 1);
    g_assert_cmpuint(run_at(f, 1599), ==, 1);
    g_assert_cmpuint(run_at(f, 1600), ==, 2);
    g_assert_true(session_lives(f));
}

static void
test_end(Fixture *f, gconstpointer data)
{
    g_assert_true(
        store_exec(f->scratch.store, NULL, "UPDATE pools SET idle_suspend_minutes = 0", ""));
    run_at(f, 1000);
    run_at(f, 4599);
    g_assert_true(session_lives(f));
    g_assert_cmpuint(run_at(f, 4600), ==, 0);
    g_assert_false(session_lives(f));
}

/* A ticket that is out or in use keeps the desktop awake; from its end on the time counts. */
static void
test_watched(Fixture *f, gconstpointer data)
{
    TicketGrant grant = {TICKET_VNC,      (char *)"s1",  (char *)"d1",
                         (char *)"local", (char *)"ann", NULL};
    gint64 expires_at;
    g_autofree char *ticket = ticket_book_issue(f->tickets, &grant, &expires_at, NULL);

    run_at(f, 1000);
    g_assert_cmpuint(run_at(f, 9000), ==, 0);
    TicketStream *stream =
        ticket_book_redeem(f->tickets, TICKET_VNC, ticket, NULL, "::1", NULL, NULL, NULL);
    g_assert_nonnull(stream);
    g_assert_cmpuint(run_at(f, 99000), ==, 0);
    ticket_book_release(f->tickets, stream);
    g_assert_false(ticket_book_is_used(f->tickets, "s1"));
    g_assert_cmpuint(run_at(f, 99299), ==, 0);
    g_assert_cmpuint(run_at(f, 99300), ==, 1);
    g_assert_true(session_lives(f));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/idle-care/suspend", Fixture, NULL, set_up, test_suspend_and_end, tear_down);
    g_test_add("/idle-care/end", Fixture, NULL, set_up, test_end, tear_down);
    g_test_add("/idle-care/watched", Fixture, NULL, set_up, test_watched, tear_down);
    return g_test_run();
}
