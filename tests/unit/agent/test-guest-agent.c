/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/guest-agent.h"

#include "common/unix-socket.h"

#include <glib/gstdio.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A guest's agent as the test plays it. */
typedef struct {
    char *folder, *path;
    int listener, peer;
    GuestAgent *agent;
    GuestState state;
    guint changes;
} Fixture;

static void
on_changed(GuestAgent *agent, GuestState state, gpointer user)
{
    Fixture *fixture = user;
    fixture->state = state;
    fixture->changes++;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    fixture->folder = g_dir_make_tmp("oXXXXXX", &error);
    g_assert_no_error(error);
    fixture->path = g_build_filename(fixture->folder, "qga", NULL);
    fixture->listener = oriel_listen_unix(fixture->path, 0600, (gid_t)-1, &error);
    g_assert_no_error(error);
    fixture->peer = -1;
    fixture->agent = guest_agent_new(fixture->path, on_changed, fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    guest_agent_free(fixture->agent);
    close(fixture->listener);
    if (fixture->peer >= 0)
        close(fixture->peer);
    g_unlink(fixture->path);
    g_rmdir(fixture->folder);
    g_free(fixture->path);
    g_free(fixture->folder);
}

/* Runs the loop until the agent's client has asked something; its question as JSON. */
static json_t *
next_question(Fixture *fixture)
{
    gint64 deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    while (g_get_monotonic_time() < deadline) {
        char text[2048];
        g_main_context_iteration(NULL, TRUE);
        if (fixture->peer < 0)
            fixture->peer = accept4(fixture->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        ssize_t length = fixture->peer >= 0 ? read(fixture->peer, text, sizeof text) : -1;
        if (length > 0)
            return json_loadb(text, (gsize)length, 0, NULL);
    }
    g_error("Nothing was asked in time.");
    return NULL;
}

static gboolean
asks(json_t *question, const char *command)
{
    return g_strcmp0(json_string_value(json_object_get(question, "execute")), command) == 0;
}

static void
say(Fixture *fixture, const char *text)
{
    g_assert_cmpint(write(fixture->peer, text, strlen(text)), ==, (gssize)strlen(text));
}

static void
say_number(Fixture *fixture, json_int_t number)
{
    g_autofree char *text = g_strdup_printf("{\"return\": %" G_GINT64_FORMAT "}\n", (gint64)number);
    say(fixture, text);
}

static void
wait_for(Fixture *fixture, GuestState state)
{
    gint64 deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    while (fixture->state != state && g_get_monotonic_time() < deadline)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpint(fixture->state, ==, state);
}

static void
sync_up(Fixture *fixture)
{
    json_t *question = next_question(fixture);
    g_assert_true(asks(question, "guest-sync"));
    json_int_t id =
        json_integer_value(json_object_get(json_object_get(question, "arguments"), "id"));
    json_decref(question);
    /* An answer to a question of long ago, and junk, come before the right one. */
    say_number(fixture, id + 1);
    say(fixture, "\xff\xfe junk\n");
    say_number(fixture, id);
    wait_for(fixture, GUEST_ANSWERS);
}

static void
answer(Fixture *fixture, const char *command, const char *text)
{
    json_t *question = next_question(fixture);
    g_assert_true(asks(question, command));
    json_decref(question);
    say(fixture, text);
}

static void
test_file(Fixture *fixture, gconstpointer data)
{
    sync_up(fixture);
    answer(fixture, "guest-file-open", "{\"error\": {}}\n"); /* nothing announces in this guest */
    answer(fixture, "guest-file-open",
           "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such file\"}}\n");
    answer(fixture, "guest-get-users", "{\"return\": []}\n");
    g_assert_cmpint(fixture->state, ==, GUEST_ANSWERS);
    answer(fixture, "guest-file-open", "{\"return\": 1000}\n");
    answer(fixture, "guest-file-close", "{\"return\": {}}\n");
    wait_for(fixture, GUEST_DESKTOP);
    g_assert_cmpuint(fixture->changes, ==, 2);
}

static void
test_user(Fixture *fixture, gconstpointer data)
{
    sync_up(fixture);
    answer(fixture, "guest-file-open", "{\"error\": {}}\n");
    answer(fixture, "guest-file-open", "{\"error\": {}}\n");
    answer(fixture, "guest-get-users", "{\"return\": [{\"user\": \"anna\", \"login-time\": 1}]}\n");
    wait_for(fixture, GUEST_DESKTOP);
}

/* A guest that announces its desktop is not asked who is logged in: that comes before anything is
 * drawn. */
static void
test_announced(Fixture *fixture, gconstpointer data)
{
    sync_up(fixture);
    answer(fixture, "guest-file-open", "{\"return\": 1000}\n");
    answer(fixture, "guest-file-close", "{\"return\": {}}\n");
    answer(fixture, "guest-file-open", "{\"error\": {}}\n");
    answer(fixture, "guest-file-open", "{\"return\": 1001}\n");
    answer(fixture, "guest-file-close", "{\"return\": {}}\n");
    wait_for(fixture, GUEST_DESKTOP);
}

static const char *
asked_path(json_t *question)
{
    g_assert_true(asks(question, "guest-file-open"));
    return json_string_value(json_object_get(json_object_get(question, "arguments"), "path"));
}

/* There is no desktop, again and again, until the guest is asked for a reason. */
static void
begin_failed(Fixture *fixture)
{
    json_t *question;
    sync_up(fixture);
    answer(fixture, "guest-file-open", "{\"return\": 1000}\n");
    answer(fixture, "guest-file-close", "{\"return\": {}}\n");
    while (question = next_question(fixture),
           g_str_equal(asked_path(question), "/run/oriel/desktop")) {
        json_decref(question);
        say(fixture, "{\"error\": {}}\n");
    }
    g_assert_cmpstr(asked_path(question), ==, "/run/oriel/failed");
    json_decref(question);
    say(fixture, "{\"return\": 1001}\n");
}

/* The guest says why it lets nobody in: the reason is one line, whatever it holds. */
static void
test_failed(Fixture *fixture, gconstpointer data)
{
    begin_failed(fixture);
    g_autofree char *encoded = g_base64_encode((const guchar *)"the home\nis \xff damaged\n", 22);
    g_autofree char *text = g_strdup_printf(
        "{\"return\": {\"count\": 22, \"buf-b64\": \"%s\", \"eof\": true}}\n", encoded);
    answer(fixture, "guest-file-read", text);
    wait_for(fixture, GUEST_FAILED);
    g_assert_cmpstr(guest_agent_failure(fixture->agent), ==, "the home is \xef\xbf\xbd damaged");
}

static void
test_failed_without_reason(Fixture *fixture, gconstpointer data)
{
    begin_failed(fixture);
    g_assert_null(guest_agent_failure(fixture->agent));
    answer(fixture, "guest-file-read", "{\"return\": {\"buf-b64\": 7}}\n");
    wait_for(fixture, GUEST_FAILED);
    g_assert_cmpstr(guest_agent_failure(fixture->agent), ==, "it gives no reason");
}

/* The agent goes away while the guest starts, and comes back. */
static void
test_again(Fixture *fixture, gconstpointer data)
{
    sync_up(fixture);
    close(fixture->peer);
    fixture->peer = -1;
    json_t *question = next_question(fixture);
    g_assert_true(asks(question, "guest-sync"));
    json_decref(question);
    g_assert_cmpint(fixture->state, ==, GUEST_ANSWERS);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/guest-agent/file", Fixture, NULL, set_up, test_file, tear_down);
    g_test_add("/guest-agent/user", Fixture, NULL, set_up, test_user, tear_down);
    g_test_add("/guest-agent/announced", Fixture, NULL, set_up, test_announced, tear_down);
    g_test_add("/guest-agent/failed", Fixture, NULL, set_up, test_failed, tear_down);
    g_test_add("/guest-agent/failed-without-reason", Fixture, NULL, set_up,
               test_failed_without_reason, tear_down);
    g_test_add("/guest-agent/again", Fixture, NULL, set_up, test_again, tear_down);
    return g_test_run();
}
