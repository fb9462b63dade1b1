/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/host-link.h"

#include <sys/socket.h>
#include <unistd.h>

#include "broker/host-set.h"
#include "common/error.h"
#include "common/json-channel.h"
#include "scratch.h"

#include <glib-unix.h>

/* The other side: a host's socket, of which the test says what is answered. */
typedef struct {
    char *path;
    int listener;
    guint source;
    JsonChannel *channel;
    gboolean mute; /* takes calls and answers none */
} Peer;

static json_t *
peer_result(const char *call)
{
    if (g_str_equal(call, "watch"))
        return json_pack("{s:[{s:s,s:s}],s:[{s:s,s:s}]}", "desktops", "id", "d1", "state", "ready",
                         "images", "name", "demo", "state", "ready");
    return json_pack("{s:i}", "memory_free_mib", 4096);
}

static void
peer_message(JsonChannel *channel, json_t *message, const int *fds, guint n_fds, gpointer user)
{
    Peer *peer = user;
    const char *call = json_string_value(json_object_get(message, "call"));
    const json_t *id = json_object_get(message, "id");

    if (peer->mute)
        return;
    if (g_str_equal(call, "desktop.open")) {
        int pair[2];
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
        json_channel_answer(channel, id, json_pack("{s:i}", "fds", 1), pair[0]);
        g_assert_cmpint(write(pair[1], "hello", 5), ==, 5);
        close(pair[0]);
        close(pair[1]);
    } else if (g_str_equal(call, "desktop.get")) {
        g_autoptr(GError) error =
            g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND, "There is no such desktop.");
        json_channel_answer_error(channel, id, error);
    } else {
        json_channel_answer(channel, id, peer_result(call), -1);
    }
}

static void
peer_closed(JsonChannel *channel, const GError *error, gpointer user)
{
    g_clear_pointer(&((Peer *)user)->channel, json_channel_free);
}

static const JsonChannelEvents peer_events = {.message = peer_message, .closed = peer_closed};

static gboolean
peer_accept(int fd, GIOCondition condition, gpointer user)
{
    Peer *peer = user;

    json_channel_free(peer->channel);
    peer->channel = json_channel_new(accept(fd, NULL, NULL), &peer_events, peer);
    return G_SOURCE_CONTINUE;
}

static void
peer_start(Peer *peer)
{
    g_autoptr(GError) error = NULL;

    peer->listener = oriel_listen_unix(peer->path, 0600, (gid_t)-1, &error);
    g_assert_no_error(error);
    peer->source = g_unix_fd_add(peer->listener, G_IO_IN, peer_accept, peer);
}

static void
peer_stop(Peer *peer)
{
    g_source_remove(peer->source);
    close(peer->listener);
    unlink(peer->path);
    g_clear_pointer(&peer->channel, json_channel_free);
}

typedef struct {
    Scratch scratch;
    Peer peer;
    HostLink *link;
    gboolean up, down, changed, deleted, answered;
    int code; /* of the last error; -1 for none */
    int fd;
} Fixture;

static void
link_up(HostLink *link, gpointer user)
{
    ((Fixture *)user)->up = TRUE;
}

static void
link_down(HostLink *link, gpointer user)
{
    ((Fixture *)user)->down = TRUE;
}

static void
link_changed(HostLink *link, const json_t *desktop, gpointer user)
{
    ((Fixture *)user)->changed = TRUE;
}

static void
link_deleted(HostLink *link, const char *id, gpointer user)
{
    g_assert_cmpstr(id, ==, "d1");
    ((Fixture *)user)->deleted = TRUE;
}

static const HostLinkEvents link_events = {.up = link_up,
                                           .down = link_down,
                                           .desktop_changed = link_changed,
                                           .desktop_deleted = link_deleted};

static void
set_up(Fixture *fixture, gconstpointer data)
{
    scratch_init(&fixture->scratch);
    fixture->peer.path = scratch_path(&fixture->scratch, "host.sock");
    peer_start(&fixture->peer);
    fixture->link = host_link_new("local", fixture->peer.path, &link_events, fixture);
    scratch_wait(&fixture->up);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    host_link_free(fixture->link);
    peer_stop(&fixture->peer);
    g_free(fixture->peer.path);
    scratch_clear(&fixture->scratch);
}

static void
call_done(const json_t *result, const GError *error, gpointer user)
{
    Fixture *fixture = user;

    fixture->answered = TRUE;
    fixture->code = error ? error->code : -1;
}

static void
open_done(int fd, const GError *error, gpointer user)
{
    Fixture *fixture = user;

    fixture->answered = TRUE;
    fixture->fd = fd;
    fixture->code = error ? error->code : -1;
}

static void
test_watch(Fixture *fixture, gconstpointer data)
{
    HostLink *link = fixture->link;

    g_assert_true(host_link_is_up(link));
    g_assert_null(host_link_problem(link));
    g_assert_nonnull(host_link_desktop(link, "d1"));
    g_assert_nonnull(host_link_image(link, "demo"));
    g_assert_null(host_link_desktop(link, "d2"));
    g_assert_cmpint(json_integer_value(json_object_get(host_link_info(link), "memory_free_mib")),
                    ==, 4096);

    json_channel_send(fixture->peer.channel,
                      json_pack("{s:s,s:{s:s,s:s}}", "event", "desktop.changed", "desktop", "id",
                                "d2", "state", "starting"),
                      -1);
    scratch_wait(&fixture->changed);
    g_assert_nonnull(host_link_desktop(link, "d2"));
    json_channel_send(fixture->peer.channel,
                      json_pack("{s:s,s:s}", "event", "desktop.deleted", "id", "d1"), -1);
    scratch_wait(&fixture->deleted);
    g_assert_null(host_link_desktop(link, "d1"));
}

/* What no host of ours would say does no harm. */
static void
test_nonsense(Fixture *fixture, gconstpointer data)
{
    static const char *const lines[] = {
        "{\"event\":5}",
        "{\"event\":\"desktop.changed\"}",
        "{\"event\":\"desktop.changed\",\"desktop\":[]}",
        "{\"event\":\"desktop.changed\",\"desktop\":{\"id\":5,\"state\":\"ready\"}}",
        "{\"event\":\"desktop.changed\",\"desktop\":{\"id\":\"d9\"}}",
        "{\"event\":\"desktop.deleted\",\"id\":{}}",
        "{\"event\":\"image.changed\",\"image\":null}",
        "{\"event\":\"something.new\"}",
    };

    for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
        json_channel_send(fixture->peer.channel, json_loads(lines[i], 0, NULL), -1);
    json_channel_send(fixture->peer.channel,
                      json_pack("{s:s,s:s}", "event", "desktop.deleted", "id", "d1"), -1);
    scratch_wait(&fixture->deleted);
    g_assert_false(fixture->changed);
}

static void
test_calls(Fixture *fixture, gconstpointer data)
{
    host_link_call(fixture->link, "host.info", NULL, call_done, fixture);
    g_assert_false(fixture->answered);
    scratch_wait(&fixture->answered);
    g_assert_cmpint(fixture->code, ==, -1);

    fixture->answered = FALSE;
    host_link_call(fixture->link, "desktop.get", NULL, call_done, fixture);
    scratch_wait(&fixture->answered);
    g_assert_cmpint(fixture->code, ==, ORIEL_ERROR_NOT_FOUND);
}

static void
test_open(Fixture *fixture, gconstpointer data)
{
    char bytes[5];

    host_link_open(fixture->link, "d1", "vnc", open_done, fixture);
    scratch_wait(&fixture->answered);
    g_assert_cmpint(fixture->code, ==, -1);
    g_assert_cmpint(recv(fixture->fd, bytes, sizeof bytes, MSG_WAITALL), ==, 5);
    close(fixture->fd);
}

static void
test_reconnect(Fixture *fixture, gconstpointer data)
{
    /* A call that is under way when the host dies is answered. */
    fixture->peer.mute = TRUE;
    host_link_call(fixture->link, "host.info", NULL, call_done, fixture);
    peer_stop(&fixture->peer);
    scratch_wait(&fixture->down);
    scratch_wait(&fixture->answered);
    g_assert_cmpint(fixture->code, ==, ORIEL_ERROR_UNAVAILABLE);
    g_assert_false(host_link_is_up(fixture->link));
    g_assert_nonnull(host_link_problem(fixture->link));
    g_assert_null(host_link_desktop(fixture->link, "d1"));

    fixture->answered = FALSE;
    host_link_open(fixture->link, "d1", "vnc", open_done, fixture);
    g_assert_false(fixture->answered);
    scratch_wait(&fixture->answered);
    g_assert_cmpint(fixture->fd, ==, -1);
    g_assert_cmpint(fixture->code, ==, ORIEL_ERROR_UNAVAILABLE);

    fixture->up = FALSE;
    fixture->peer.mute = FALSE;
    peer_start(&fixture->peer);
    scratch_wait(&fixture->up);
    g_assert_nonnull(host_link_desktop(fixture->link, "d1"));
}

/* A host that is forgotten leaves nobody waiting. */
static void
test_forgotten(Fixture *fixture, gconstpointer data)
{
    fixture->peer.mute = TRUE;
    host_link_call(fixture->link, "host.info", NULL, call_done, fixture);
    g_clear_pointer(&fixture->link, host_link_free);
    g_assert_true(fixture->answered);
    g_assert_cmpint(fixture->code, ==, ORIEL_ERROR_UNAVAILABLE);

    fixture->link = host_link_new("local", fixture->peer.path, NULL, NULL);
    fixture->answered = FALSE;
    host_link_open(fixture->link, "d1", "vnc", open_done, fixture);
    g_clear_pointer(&fixture->link, host_link_free);
    g_assert_true(fixture->answered);
    g_assert_cmpint(fixture->fd, ==, -1);
}

static void
test_addresses(void)
{
    g_autoptr(HostSet) set = host_set_new(NULL, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(host_set_add(set, "a", "unix:/nowhere/a.sock", &error));
    g_assert_false(host_set_add(set, "a", "unix:/nowhere/b.sock", &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_EXISTS);
    g_clear_error(&error);
    g_assert_false(host_set_add(set, "b", "tcp:example:1", &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID);
    g_assert_nonnull(host_set_find(set, "a"));
    g_assert_null(host_set_find(set, "b"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* A host that goes away is warned of, and that is what is tried here. */
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
    g_test_add("/host-link/watch", Fixture, NULL, set_up, test_watch, tear_down);
    g_test_add("/host-link/nonsense", Fixture, NULL, set_up, test_nonsense, tear_down);
    g_test_add("/host-link/calls", Fixture, NULL, set_up, test_calls, tear_down);
    g_test_add("/host-link/open", Fixture, NULL, set_up, test_open, tear_down);
    g_test_add("/host-link/reconnect", Fixture, NULL, set_up, test_reconnect, tear_down);
    g_test_add("/host-link/forgotten", Fixture, NULL, set_up, test_forgotten, tear_down);
    g_test_add_func("/host-set/addresses", test_addresses);
    return g_test_run();
}
