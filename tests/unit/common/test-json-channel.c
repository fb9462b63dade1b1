/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "common/json-channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One channel on one end of a socket pair; the test plays the peer on the other end, or has a
 * second channel there. */
typedef struct {
    JsonChannel *channel;
    int peer;
    json_t *message;
    int fd;
    guint messages;
    gboolean closed, answered;
    GError *error, *answer_error;
    json_t *result;
    gboolean free_in_message;
} Fixture;

static void
on_message(JsonChannel *channel, json_t *message, const int *fds, guint n_fds, gpointer user)
{
    Fixture *f = user;

    json_decref(f->message);
    f->message = json_incref(message);
    f->messages++;
    if (n_fds)
        f->fd = fds[0];
    if (f->free_in_message)
        g_clear_pointer(&f->channel, json_channel_free);
}

static void
on_closed(JsonChannel *channel, const GError *error, gpointer user)
{
    Fixture *f = user;

    f->closed = TRUE;
    f->error = error ? g_error_copy(error) : NULL;
}

static void
on_done(json_t *result, const int *fds, guint n_fds, const GError *error, gpointer user)
{
    Fixture *f = user;

    g_assert_false(f->answered);
    f->answered = TRUE;
    f->result = json_incref(result);
    f->answer_error = error ? g_error_copy(error) : NULL;
    if (n_fds)
        f->fd = fds[0];
}

static const JsonChannelEvents events = {on_message, on_closed};

static void
set_up(Fixture *f, gconstpointer data)
{
    int pair[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
    f->channel = json_channel_new(pair[0], &events, f);
    f->peer = pair[1];
    f->fd = -1;
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    json_channel_free(f->channel);
    if (f->peer >= 0)
        close(f->peer);
    if (f->fd >= 0)
        close(f->fd);
    json_decref(f->message);
    json_decref(f->result);
    g_clear_error(&f->error);
    g_clear_error(&f->answer_error);
}

static void
say(Fixture *f, const char *text)
{
    g_assert_cmpint(write(f->peer, text, strlen(text)), ==, (gssize)strlen(text));
}

static void
wait_for(const gboolean *condition)
{
    while (!*condition)
        g_main_context_iteration(NULL, TRUE);
}

static void
wait_messages(Fixture *f, guint n)
{
    while (f->messages < n)
        g_main_context_iteration(NULL, TRUE);
}

static void
test_lines(Fixture *f, gconstpointer data)
{
    say(f, "{\"event\":\"a\"}\n{\"event\":");
    wait_messages(f, 1);
    say(f, "\"b\"}\n");
    wait_messages(f, 2);
    g_assert_cmpstr(json_string_value(json_object_get(f->message, "event")), ==, "b");
    close(f->peer);
    f->peer = -1;
    wait_for(&f->closed);
    g_assert_no_error(f->error);
}

static void
test_broken(Fixture *f, gconstpointer line)
{
    say(f, line);
    wait_for(&f->closed);
    g_assert_error(f->error, ORIEL_ERROR, ORIEL_ERROR_PROTOCOL);
    g_assert_cmpuint(f->messages, ==, 0);
}

static void
test_too_long(Fixture *f, gconstpointer data)
{
    char block[4096];
    gsize sent = 0;

    memset(block, 'x', sizeof block);
    while (!f->closed) {
        ssize_t n = send(f->peer, block, sizeof block, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += n > 0 ? (gsize)n : 0;
        while (g_main_context_iteration(NULL, n <= 0))
            ;
    }
    g_assert_error(f->error, ORIEL_ERROR, ORIEL_ERROR_PROTOCOL);
    g_assert_cmpuint(sent, <, 4 * JSON_CHANNEL_MAX_LINE);
}

static void
test_call(Fixture *f, gconstpointer data)
{
    char line[256];

    json_channel_call(f->channel, "host.info", NULL, 0, on_done, f);
    ssize_t n = read(f->peer, line, sizeof line - 1);
    g_assert_cmpint(n, >, 0);
    line[n] = '\0';
    g_assert_nonnull(strstr(line, "\"call\":\"host.info\""));
    say(f, "{\"id\":\"77\",\"result\":{}}\n{\"id\":\"1\",\"result\":{\"cpus\":2}}\n");
    wait_for(&f->answered);
    g_assert_no_error(f->answer_error);
    g_assert_cmpint(json_integer_value(json_object_get(f->result, "cpus")), ==, 2);
}

static void
test_call_error(Fixture *f, gconstpointer data)
{
    json_channel_call(f->channel, "image.get", NULL, 0, on_done, f);
    say(f, "{\"id\":\"1\",\"error\":{\"type\":\"not-found\",\"message\":\"No.\"}}\n");
    wait_for(&f->answered);
    g_assert_error(f->answer_error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND);
}

static void
test_call_timeout(Fixture *f, gconstpointer data)
{
    json_channel_call(f->channel, "host.info", NULL, 1, on_done, f);
    wait_for(&f->answered);
    g_assert_error(f->answer_error, ORIEL_ERROR, ORIEL_ERROR_TIMEOUT);
}

static void
test_call_closed(Fixture *f, gconstpointer data)
{
    json_channel_call(f->channel, "host.info", NULL, 0, on_done, f);
    close(f->peer);
    f->peer = -1;
    wait_for(&f->closed);
    g_assert_true(f->answered);
    g_assert_error(f->answer_error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE);

    /* A call on an ended channel is answered too, and the end is not told twice. */
    f->answered = f->closed = FALSE;
    g_clear_error(&f->answer_error);
    json_channel_call(f->channel, "host.info", NULL, 0, on_done, f);
    g_assert_false(f->answered);
    wait_for(&f->answered);
    g_assert_false(f->closed);
}

static void
test_descriptor(Fixture *f, gconstpointer data)
{
    int pair[2], ends[2];
    char byte;
    Fixture other = {.fd = -1, .peer = -1};

    g_assert_cmpint(pipe(ends), ==, 0);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
    JsonChannel *sender = json_channel_new(pair[0], &events, f);
    other.channel = json_channel_new(pair[1], &events, &other);
    json_channel_send(sender, json_pack("{s:s, s:i}", "event", "take", "fds", 1), ends[1]);
    close(ends[1]);
    wait_messages(&other, 1);
    g_assert_cmpint(other.fd, >=, 0);
    g_assert_cmpint(write(other.fd, "x", 1), ==, 1);
    g_assert_cmpint(read(ends[0], &byte, 1), ==, 1);
    close(ends[0]);
    json_channel_free(sender);
    tear_down(&other, NULL);
}

static void
test_promise(Fixture *f, gconstpointer data)
{
    say(f, "{\"event\":\"take\",\"fds\":1}\n");
    wait_for(&f->closed);
    g_assert_error(f->error, ORIEL_ERROR, ORIEL_ERROR_PROTOCOL);
}

/* Descriptors that no line claims: the channel ends, and keeps none of them. */
static void
test_unclaimed(Fixture *f, gconstpointer data)
{
    _Alignas(struct cmsghdr) guint8 control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec iov = {(char[]){' '}, 1};
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int ends[2];
    char byte;

    g_assert_cmpint(pipe(ends), ==, 0);
    *header = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(header), &ends[1], sizeof(int));
    for (guint sent = 0; !f->closed; sent++) {
        g_assert_cmpuint(sent, <, 100);
        g_assert_cmpint(sendmsg(f->peer, &message, MSG_NOSIGNAL), ==, 1);
        g_main_context_iteration(NULL, TRUE);
    }
    g_assert_error(f->error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE);
    g_assert_nonnull(strstr(f->error->message, g_strerror(EPROTO)));
    g_clear_pointer(&f->channel, json_channel_free);
    close(ends[1]);
    g_assert_cmpint(read(ends[0], &byte, 1), ==, 0);
    close(ends[0]);
}

static void
test_deaf_peer(Fixture *f, gconstpointer data)
{
    g_autofree char *filler = g_strnfill(500000, 'x');
    guint sent = 0;

    while (json_channel_send(f->channel, json_pack("{s:s}", "event", filler), -1))
        g_assert_cmpuint(++sent, <, 100);
    wait_for(&f->closed);
    g_assert_error(f->error, ORIEL_ERROR, ORIEL_ERROR_BUSY);
}

static void
test_free_inside(Fixture *f, gconstpointer data)
{
    f->free_in_message = TRUE;
    say(f, "{\"event\":\"a\"}\n{\"event\":\"b\"}\n");
    wait_messages(f, 1);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(f->messages, ==, 1);
    g_assert_false(f->closed);
}

static void
test_listen(void)
{
    g_autofree char *directory = g_dir_make_tmp("oriel-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "s", NULL);
    g_autofree char *long_path = g_strnfill(200, 'p');
    g_autoptr(GError) error = NULL;

    int first = oriel_listen_unix(path, 0600, (gid_t)-1, &error);
    g_assert_no_error(error);
    g_assert_cmpint(oriel_listen_unix(path, 0600, (gid_t)-1, &error), ==, -1);
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_EXISTS);
    g_clear_error(&error);
    close(first);
    int second = oriel_listen_unix(path, 0600, (gid_t)-1, &error); /* what a dead program left */
    g_assert_no_error(error);
    close(second);
    g_assert_cmpint(oriel_listen_unix(long_path, 0600, (gid_t)-1, &error), ==, -1);
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID);
    unlink(path);
    rmdir(directory);
}

#define ADD(name, func) g_test_add("/json-channel/" name, Fixture, NULL, set_up, func, tear_down)
#define ADD_BROKEN(name, line)                                                                     \
    g_test_add("/json-channel/broken/" name, Fixture, line, set_up, test_broken, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("lines", test_lines);
    ADD_BROKEN("text", "hello\n");
    ADD_BROKEN("array", "[1]\n");
    ADD_BROKEN("twice", "{\"a\":1,\"a\":2}\n");
    ADD_BROKEN("not-utf8", "{\"a\":\"\xff\"}\n");
    ADD("too-long", test_too_long);
    ADD("call", test_call);
    ADD("call-error", test_call_error);
    ADD("call-timeout", test_call_timeout);
    ADD("call-closed", test_call_closed);
    ADD("descriptor", test_descriptor);
    ADD("descriptor-missing", test_promise);
    ADD("descriptors-unclaimed", test_unclaimed);
    ADD("deaf-peer", test_deaf_peer);
    ADD("free-inside", test_free_inside);
    g_test_add_func("/unix-socket/listen", test_listen);
    return g_test_run();
}
