/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/qmp.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A client, and the other end of its socket, which a test writes and reads as QEMU would. */
typedef struct {
    Qmp *qmp;
    int peer;
    guint ready, events, closed, answers, errors;
    gboolean closed_with_error;
    char *last_event;
} Fixture;

static void
on_ready(Qmp *qmp, gpointer user)
{
    ((Fixture *)user)->ready++;
}

static void
on_event(Qmp *qmp, const char *name, json_t *data, gpointer user)
{
    Fixture *fixture = user;
    fixture->events++;
    g_free(fixture->last_event);
    fixture->last_event =
        g_strdup_printf("%s %d", name, json_is_true(json_object_get(data, "guest")));
}

static void
on_closed(Qmp *qmp, const GError *error, gpointer user)
{
    Fixture *fixture = user;
    fixture->closed++;
    fixture->closed_with_error = error != NULL;
}

static void
on_done(json_t *result, const GError *error, gpointer user)
{
    Fixture *fixture = user;
    if (result != NULL)
        fixture->answers++;
    else
        fixture->errors++;
}

static const QmpEvents events = {.ready = on_ready, .event = on_event, .closed = on_closed};

static void
set_up(Fixture *fixture, gconstpointer data)
{
    int pair[2];
    g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    fixture->peer = pair[0];
    fixture->qmp = qmp_new(pair[1], &events, fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    qmp_free(fixture->qmp);
    if (fixture->peer >= 0)
        close(fixture->peer);
    g_free(fixture->last_event);
}

static gboolean
on_deadline(gpointer user)
{
    g_error("The condition did not come true in time.");
    return G_SOURCE_REMOVE;
}

#define WAIT_UNTIL(condition)                                                                      \
    G_STMT_START                                                                                   \
    {                                                                                              \
        guint deadline = g_timeout_add_seconds(10, on_deadline, NULL);                             \
        while (!(condition))                                                                       \
            g_main_context_iteration(NULL, TRUE);                                                  \
        g_source_remove(deadline);                                                                 \
    }                                                                                              \
    G_STMT_END

static void
say(Fixture *fixture, const char *text)
{
    g_assert_cmpint(write(fixture->peer, text, strlen(text)), ==, (gssize)strlen(text));
}

/* What the client sent, one line. */
static char *
hear(Fixture *fixture)
{
    char text[1024];
    ssize_t length = read(fixture->peer, text, sizeof text - 1);
    g_assert_cmpint(length, >, 0);
    return g_strndup(text, (gsize)length);
}

static void
greet(Fixture *fixture)
{
    say(fixture, "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n");
    while (fixture->ready == 0) {
        g_main_context_iteration(NULL, FALSE);
        char text[1024];
        if (recv(fixture->peer, text, sizeof text, MSG_DONTWAIT) > 0)
            say(fixture, "{\"return\": {}, \"id\": 1}\r\n");
    }
}

static void
test_talk(Fixture *fixture, gconstpointer data)
{
    greet(fixture);
    qmp_execute(fixture->qmp, "query-status", NULL, on_done, fixture);
    g_autofree char *heard = hear(fixture);
    g_assert_nonnull(strstr(heard, "\"query-status\""));
    /* An event between a command and its answer, and a line that comes in two parts. */
    say(fixture,
        "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true}}\r\n{\"return\": {\"running\"");
    WAIT_UNTIL(fixture->events == 1);
    g_assert_cmpstr(fixture->last_event, ==, "SHUTDOWN 1");
    g_assert_cmpuint(fixture->answers, ==, 0);
    say(fixture, ": true}, \"id\": 2}\r\n");
    WAIT_UNTIL(fixture->answers == 1);
    qmp_execute(fixture->qmp, "nonsense", NULL, on_done, fixture);
    say(fixture, "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no\"}, \"id\": 3}\r\n");
    WAIT_UNTIL(fixture->errors == 1);
    g_assert_cmpuint(fixture->closed, ==, 0);
}

static void
test_end(Fixture *fixture, gconstpointer data)
{
    greet(fixture);
    qmp_execute(fixture->qmp, "quit", NULL, on_done, fixture);
    close(fixture->peer);
    fixture->peer = -1;
    WAIT_UNTIL(fixture->closed == 1);
    g_assert_false(fixture->closed_with_error);
    g_assert_cmpuint(fixture->errors, ==, 1); /* the pending command was answered first */
}

/* data: what a broken or hostile QEMU says; it ends the connection and nothing else. */
static void
test_junk(Fixture *fixture, gconstpointer data)
{
    greet(fixture);
    qmp_execute(fixture->qmp, "query-status", NULL, on_done, fixture);
    say(fixture, data);
    WAIT_UNTIL(fixture->closed == 1);
    g_assert_true(fixture->closed_with_error);
    g_assert_cmpuint(fixture->answers, ==, 0);
}

static void
test_endless_line(Fixture *fixture, gconstpointer data)
{
    char filler[65536];
    memset(filler, 'x', sizeof filler);
    greet(fixture);
    for (gsize sent = 0; fixture->closed == 0; sent += sizeof filler) {
        g_assert_cmpuint(sent, <, 16 * QMP_MAX_LINE);
        send(fixture->peer, filler, sizeof filler, MSG_NOSIGNAL | MSG_DONTWAIT);
        while (g_main_context_iteration(NULL, FALSE))
            ;
    }
    g_assert_true(fixture->closed_with_error);
}

static void
test_too_many(Fixture *fixture, gconstpointer data)
{
    greet(fixture);
    for (guint i = 0; i < QMP_MAX_PENDING + 1; i++)
        qmp_execute(fixture->qmp, "query-status", NULL, on_done, fixture);
    WAIT_UNTIL(fixture->closed == 1);
    g_assert_cmpuint(fixture->errors, ==, QMP_MAX_PENDING + 1);
}

/* Who asked is gone when the answer comes. */
static void
test_forgotten(Fixture *fixture, gconstpointer data)
{
    Fixture other = {0};
    greet(fixture);
    qmp_execute(fixture->qmp, "stop", NULL, on_done, &other);
    qmp_execute(fixture->qmp, "query-status", NULL, on_done, fixture);
    qmp_forget(fixture->qmp, &other);
    say(fixture, "{\"return\": {}, \"id\": 2}\n{\"return\": {}, \"id\": 3}\n");
    WAIT_UNTIL(fixture->answers == 1);
    g_assert_cmpuint(fixture->errors + fixture->closed, ==, 0);
    g_assert_cmpuint(other.answers + other.errors, ==, 0);
}

#define ADD(name, data, function)                                                                  \
    g_test_add("/qmp/" name, Fixture, data, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("talk", NULL, test_talk);
    ADD("end", NULL, test_end);
    ADD("junk/no-json", "hello\n", test_junk);
    ADD("junk/no-object", "[1, 2]\n", test_junk);
    ADD("junk/unasked", "{\"return\": {}, \"id\": 77}\n", test_junk);
    ADD("junk/id-of-another-type", "{\"return\": {}, \"id\": \"2\"}\n", test_junk);
    ADD("junk/no-utf8", "{\"event\": \"\xff\xfe\"}\n", test_junk);
    ADD("junk/twice", "{\"event\": \"A\", \"event\": \"B\"}\n", test_junk);
    ADD("endless-line", NULL, test_endless_line);
    ADD("too-many", NULL, test_too_many);
    ADD("forgotten", NULL, test_forgotten);
    return g_test_run();
}
