/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/json-channel.h"

#include "common/error.h"
#include "common/line-socket.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    JsonChannel *channel;
    char *id;
    JsonChannelDone done;
    gpointer user;
    guint timeout;
} Call;

struct JsonChannel {
    LineSocket *socket;
    GMainContext *context;
    JsonChannelEvents events;
    gpointer user;
    GSource *reading, *writing, *ending;
    GHashTable *calls; /* id → Call */
    guint64 next_id;
    GError *end_error;
    gboolean ended, told; /* told: events.closed was called */
    gboolean *freed;      /* set by json_channel_free() for the dispatch that is under way */
};

static void channel_end(JsonChannel *channel, GError *error);

static void
call_free(gpointer data)
{
    Call *call = data;

    if (call->timeout)
        g_source_remove(call->timeout);
    g_free(call->id);
    g_free(call);
}

static void
clear_source(GSource **source)
{
    if (!*source)
        return;
    g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}

static GSource *
watch(JsonChannel *channel, GIOCondition condition, GUnixFDSourceFunc func)
{
    GSource *source = g_unix_fd_source_new(line_socket_fd(channel->socket), condition);

    g_source_set_callback(source, G_SOURCE_FUNC(func), channel, NULL);
    g_source_attach(source, channel->context);
    return source;
}

static void
close_fds(const int *fds, guint n_fds)
{
    for (guint i = 0; i < n_fds; i++)
        close(fds[i]);
}

/* --- sending --- */

static gboolean
on_writable(gint fd, GIOCondition condition, gpointer data)
{
    JsonChannel *channel = data;

    if (!line_socket_flush(channel->socket)) {
        channel_end(channel, NULL);
        return G_SOURCE_REMOVE;
    }
    if (line_socket_queued(channel->socket) > 0)
        return G_SOURCE_CONTINUE;
    clear_source(&channel->writing);
    return G_SOURCE_REMOVE;
}

gboolean
json_channel_send(JsonChannel *channel, json_t *message, int fd)
{
    g_autofree char *text = json_dumps(message, JSON_COMPACT);

    json_decref(message);
    if (channel->ended || !text)
        return FALSE;

    gsize length = strlen(text);
    if (length >= JSON_CHANNEL_MAX_LINE ||
        line_socket_queued(channel->socket) + length > JSON_CHANNEL_MAX_QUEUE) {
        channel_end(channel, g_error_new(ORIEL_ERROR, ORIEL_ERROR_BUSY,
                                         "The other side does not read what it is sent."));
        return FALSE;
    }
    line_socket_queue(channel->socket, text, fd);
    if (channel->writing)
        return TRUE;
    if (!line_socket_flush(channel->socket)) {
        channel_end(channel, NULL);
        return FALSE;
    }
    if (line_socket_queued(channel->socket) > 0)
        channel->writing = watch(channel, G_IO_OUT, on_writable);
    return TRUE;
}

/* --- receiving --- */

static guint
fds_promised(const json_t *object)
{
    json_int_t n = json_integer_value(json_object_get(object, "fds"));

    if (n == 0)
        n = json_integer_value(json_object_get(json_object_get(object, "result"), "fds"));
    return n < 0 || n > LINE_SOCKET_MAX_FDS ? LINE_SOCKET_MAX_FDS + 1 : (guint)n;
}

static GError *
answer_error(const json_t *object)
{
    const json_t *error = json_object_get(object, "error");
    const char *word = json_string_value(json_object_get(error, "type"));
    const char *message = json_string_value(json_object_get(error, "message"));

    if (!error)
        return NULL;
    return g_error_new_literal(ORIEL_ERROR, (gint)oriel_error_from_word(word),
                               message ? message : "The other side gave no reason.");
}

static void
dispatch_answer(JsonChannel *channel, Call *call, json_t *object, const int *fds, guint n_fds)
{
    g_autoptr(GError) error = answer_error(object);
    json_t *result = error ? NULL : json_object_get(object, "result");

    if (!error && !result)
        error = g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_PROTOCOL, "The answer has no result.");
    call->done(result, fds, n_fds, error, call->user);
    call_free(call);
}

static void
dispatch(JsonChannel *channel, json_t *object, const int *fds, guint n_fds)
{
    const char *id = json_string_value(json_object_get(object, "id"));
    /* An event may have an "id" too: desktop.deleted names the desktop with it. */
    gboolean is_answer =
        id && !json_object_get(object, "call") && !json_object_get(object, "event");
    Call *call = NULL;

    if (is_answer && g_hash_table_steal_extended(channel->calls, id, NULL, (gpointer *)&call))
        dispatch_answer(channel, call, object, fds, n_fds);
    else if (is_answer)
        close_fds(fds, n_fds); /* the answer to a call that timed out */
    else if (channel->events.message)
        channel->events.message(channel, object, fds, n_fds, channel->user);
    else
        close_fds(fds, n_fds);
}

/* Handles one line. FALSE when it broke the protocol, with error. */
static gboolean
handle_line(JsonChannel *channel, const char *line, gsize length, GError **error)
{
    json_error_t where;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &where);
    int fds[LINE_SOCKET_MAX_FDS];

    if (!json_is_object(object)) {
        json_decref(object);
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_PROTOCOL, "A line is no JSON object.");
        return FALSE;
    }
    guint n_fds = fds_promised(object);
    if (!line_socket_claim(channel->socket, fds, n_fds)) {
        json_decref(object);
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_PROTOCOL,
                    "A line promised descriptors that did not come.");
        return FALSE;
    }
    dispatch(channel, object, fds, n_fds);
    json_decref(object);
    return TRUE;
}

/* Handles the whole lines that came. Returns FALSE when the channel is gone or ended. */
static gboolean
handle_lines(JsonChannel *channel)
{
    gboolean freed = FALSE;
    gboolean *outer = channel->freed;

    channel->freed = &freed;
    for (;;) {
        gsize length;
        g_autofree char *line = line_socket_next(channel->socket, &length);
        if (!line)
            break;
        GError *error = NULL;
        gboolean ok = handle_line(channel, line, length, &error);
        if (freed) {
            if (outer)
                *outer = TRUE;
            g_clear_error(&error);
            return FALSE;
        }
        if (!ok)
            channel_end(channel, error);
        if (channel->ended)
            break;
    }
    channel->freed = outer;
    return !channel->ended;
}

static gboolean
on_readable(gint fd, GIOCondition condition, gpointer data)
{
    JsonChannel *channel = data;
    gssize n = line_socket_receive(channel->socket);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    if (n <= 0) {
        channel_end(channel, n == 0 ? NULL
                                    : g_error_new(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE, "%s",
                                                  g_strerror(errno)));
        return G_SOURCE_REMOVE;
    }
    if (!handle_lines(channel))
        return G_SOURCE_REMOVE;
    if (line_socket_pending(channel->socket) > JSON_CHANNEL_MAX_LINE) {
        channel_end(channel,
                    g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_PROTOCOL, "A line is too long."));
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

/* --- the end --- */

/* Tells every pending call, then the owner. Runs from the main context, never from inside a call of
 * the owner. */
static gboolean
on_ended(gpointer data)
{
    JsonChannel *channel = data;
    gboolean freed = FALSE;
    GHashTableIter iter;
    Call *call;

    clear_source(&channel->ending);
    channel->freed = &freed;
    g_autoptr(GError) gone =
        g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE, "The connection has ended.");
    for (;;) {
        g_hash_table_iter_init(&iter, channel->calls);
        if (!g_hash_table_iter_next(&iter, NULL, (gpointer *)&call))
            break;
        g_hash_table_iter_steal(&iter);
        call->done(NULL, NULL, 0, gone, call->user);
        call_free(call);
        if (freed)
            return G_SOURCE_REMOVE;
    }
    channel->freed = NULL;
    if (channel->told)
        return G_SOURCE_REMOVE;
    channel->told = TRUE;
    if (channel->events.closed)
        channel->events.closed(channel, channel->end_error, channel->user);
    return G_SOURCE_REMOVE;
}

/* Takes over error. */
static void
channel_end(JsonChannel *channel, GError *error)
{
    if (channel->ended) {
        g_clear_error(&error);
        return;
    }
    channel->ended = TRUE;
    channel->end_error = error;
    clear_source(&channel->reading);
    clear_source(&channel->writing);
    channel->ending = g_idle_source_new();
    g_source_set_priority(channel->ending, G_PRIORITY_DEFAULT);
    g_source_set_callback(channel->ending, on_ended, channel, NULL);
    g_source_attach(channel->ending, channel->context);
}

void
json_channel_free(JsonChannel *channel)
{
    if (!channel)
        return;
    if (channel->freed)
        *channel->freed = TRUE;
    clear_source(&channel->reading);
    clear_source(&channel->writing);
    clear_source(&channel->ending);
    line_socket_free(channel->socket);
    g_hash_table_unref(channel->calls);
    g_clear_error(&channel->end_error);
    g_main_context_unref(channel->context);
    g_free(channel);
}

/* --- making one --- */

JsonChannel *
json_channel_new(int fd, const JsonChannelEvents *events, gpointer user)
{
    JsonChannel *channel = g_new0(JsonChannel, 1);

    channel->socket = line_socket_new(fd);
    channel->context = g_main_context_ref_thread_default();
    channel->events = *events;
    channel->user = user;
    channel->calls = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, call_free);
    channel->reading = watch(channel, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable);
    return channel;
}

JsonChannel *
json_channel_connect(const char *path, const JsonChannelEvents *events, gpointer user,
                     GError **error)
{
    int fd = oriel_connect_unix(path, error);

    return fd < 0 ? NULL : json_channel_new(fd, events, user);
}

/* --- calls --- */

void
json_channel_answer(JsonChannel *channel, const json_t *id, json_t *result, int fd)
{
    json_channel_send(
        channel, json_pack("{s:O?, s:o}", "id", id, "result", result ? result : json_object()), fd);
}

void
json_channel_answer_error(JsonChannel *channel, const json_t *id, const GError *error)
{
    const char *word = error->domain == ORIEL_ERROR ? oriel_error_word(error->code) : "failed";

    json_channel_send(channel,
                      json_pack("{s:O?, s:{s:s, s:s}}", "id", id, "error", "type", word, "message",
                                error->message),
                      -1);
}

static gboolean
on_timeout(gpointer data)
{
    Call *call = data;
    g_autoptr(GError) error = g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_TIMEOUT,
                                                  "The other side did not answer in time.");

    call->timeout = 0;
    g_hash_table_steal(call->channel->calls, call->id);
    call->done(NULL, NULL, 0, error, call->user);
    call_free(call);
    return G_SOURCE_REMOVE;
}

void
json_channel_call(JsonChannel *channel, const char *name, json_t *args, guint timeout_ms,
                  JsonChannelDone done, gpointer user)
{
    Call *call = g_new0(Call, 1);

    *call = (Call){.channel = channel,
                   .id = g_strdup_printf("%" G_GUINT64_FORMAT, ++channel->next_id),
                   .done = done,
                   .user = user};
    if (timeout_ms > 0)
        call->timeout = g_timeout_add(timeout_ms, on_timeout, call);
    g_hash_table_insert(channel->calls, call->id, call);
    json_t *message = json_pack("{s:s, s:s, s:o}", "id", call->id, "call", name, "args",
                                args ? args : json_object());
    json_channel_send(channel, message, -1);
    /* An ended channel answers from on_ended(); one that told its owner already needs it again. */
    if (channel->ended && !channel->ending) {
        channel->ending = g_idle_source_new();
        g_source_set_callback(channel->ending, on_ended, channel, NULL);
        g_source_attach(channel->ending, channel->context);
    }
}
