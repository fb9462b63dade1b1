/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest-exec.h"

#include "common/error.h"
#include "host/agent/line-stream.h"
#include "host/agent/retry.h"

#include <jansson.h>
#include <string.h>

#define MAX_LINE      (256 * 1024)
#define POLL_FIRST_MS 4
#define POLL_MAX_MS   100

typedef enum { WAIT_NOTHING, WAIT_SYNC, WAIT_PID, WAIT_STATUS } Wait;

struct GuestExec {
    LineStream *stream; /* NULL once the connection is over */
    Wait wait;
    json_int_t sync_id, pid;
    gboolean asking; /* for the program's status */
    Retry *poll;
    guint timer, idle;
    GError *error;
    GuestExecDone done; /* NULL: nothing runs */
    gpointer user;
};

static void
finish(GuestExec *exec, int exit_code, const char *output)
{
    GuestExecDone done = exec->done;
    g_autoptr(GError) error = g_steal_pointer(&exec->error);
    exec->done = NULL;
    g_clear_pointer(&exec->poll, retry_free);
    g_clear_handle_id(&exec->timer, g_source_remove);
    g_clear_handle_id(&exec->idle, g_source_remove);
    exec->wait = WAIT_NOTHING;
    if (done != NULL)
        done(error != NULL ? -1 : exit_code, output, error, exec->user);
}

static gboolean
on_idle(gpointer user)
{
    GuestExec *exec = user;
    exec->idle = 0;
    finish(exec, -1, "");
    return G_SOURCE_REMOVE;
}

static void
fail(GuestExec *exec, OrielError code, const char *message)
{
    if (exec->done == NULL || exec->error != NULL)
        return;
    exec->error = g_error_new_literal(ORIEL_ERROR, code, message);
    exec->idle = g_idle_add(on_idle, exec);
}

static void
say(GuestExec *exec, json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    if (exec->stream == NULL || !line_stream_send(exec->stream, text))
        fail(exec, ORIEL_ERROR_UNAVAILABLE, "The guest's agent cannot be spoken to.");
    free(text);
}

static gboolean
on_poll(gpointer user)
{
    GuestExec *exec = user;
    if (!exec->asking)
        say(exec, json_pack("{s:s, s:{s:I}}", "execute", "guest-exec-status", "arguments", "pid",
                            exec->pid));
    exec->asking = TRUE;
    return FALSE;
}

static void
append_output(GString *output, const json_t *status, const char *name)
{
    const char *encoded = json_string_value(json_object_get(status, name));
    gsize length = 0;
    g_autofree guchar *data = encoded != NULL ? g_base64_decode(encoded, &length) : NULL;
    if (data != NULL)
        g_string_append_len(output, (const char *)data, (gssize)length);
}

static void
take_status(GuestExec *exec, const json_t *status)
{
    exec->asking = FALSE;
    if (!json_is_true(json_object_get(status, "exited")))
        return;
    g_autoptr(GString) raw = g_string_new(NULL);
    append_output(raw, status, "out-data");
    append_output(raw, status, "err-data");
    g_autofree char *output = g_utf8_make_valid(raw->str, (gssize)raw->len);
    const json_t *code = json_object_get(status, "exitcode");
    finish(exec, json_is_integer(code) ? (int)json_integer_value(code) : -1, output);
}

static void
take_answer(GuestExec *exec, json_t *message)
{
    const json_t *result = json_object_get(message, "return");
    const char *refusal =
        json_string_value(json_object_get(json_object_get(message, "error"), "desc"));
    if (exec->wait == WAIT_SYNC) { /* answers to an earlier client's questions may come first */
        if (json_is_integer(result) && json_integer_value(result) == exec->sync_id)
            exec->wait = WAIT_PID;
    } else if (refusal != NULL && exec->wait != WAIT_NOTHING) {
        fail(exec, ORIEL_ERROR_NOT_FOUND, refusal);
    } else if (exec->wait == WAIT_PID && json_is_integer(json_object_get(result, "pid"))) {
        exec->pid = json_integer_value(json_object_get(result, "pid"));
        exec->wait = WAIT_STATUS;
        exec->asking = FALSE;
        exec->poll = retry_new(POLL_FIRST_MS, POLL_MAX_MS, 0, on_poll, NULL, exec);
    } else if (exec->wait == WAIT_STATUS && json_is_object(result)) {
        take_status(exec, result);
    }
}

static void
on_line(LineStream *stream, char *text, gsize length, gpointer user)
{
    json_t *message = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(message))
        take_answer(user, message);
    json_decref(message);
}

static void
on_closed(LineStream *stream, const GError *error, gpointer user)
{
    GuestExec *exec = user;
    g_clear_pointer(&exec->stream, line_stream_free);
    fail(exec, ORIEL_ERROR_UNAVAILABLE, "The connection to the guest's agent ended.");
}

static gboolean
on_timeout(gpointer user)
{
    GuestExec *exec = user;
    exec->timer = 0;
    if (exec->error == NULL)
        exec->error = g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_TIMEOUT,
                                          "The guest's agent did not answer in time.");
    finish(exec, -1, "");
    return G_SOURCE_REMOVE;
}

static const LineStreamEvents stream_events = {.line = on_line, .closed = on_closed};

GuestExec *
guest_exec_new(const char *socket_path, GError **error)
{
    GuestExec *exec = g_new0(GuestExec, 1);
    exec->stream = line_stream_connect(socket_path, MAX_LINE, &stream_events, exec, error);
    if (exec->stream == NULL)
        g_clear_pointer(&exec, guest_exec_free);
    return exec;
}

void
guest_exec_free(GuestExec *exec)
{
    if (exec == NULL)
        return;
    exec->done = NULL;
    retry_free(exec->poll);
    g_clear_handle_id(&exec->timer, g_source_remove);
    g_clear_handle_id(&exec->idle, g_source_remove);
    g_clear_error(&exec->error);
    line_stream_free(exec->stream);
    g_free(exec);
}

void
guest_exec_run(GuestExec *exec, const char *const *argv, const char *input, guint timeout_ms,
               GuestExecDone done, gpointer user)
{
    json_t *arguments =
        json_pack("{s:s, s:b, s:[]}", "path", argv[0], "capture-output", TRUE, "arg");
    for (gsize i = 1; argv[i] != NULL; i++)
        json_array_append_new(json_object_get(arguments, "arg"), json_string(argv[i]));
    if (input != NULL) {
        g_autofree char *encoded = g_base64_encode((const guchar *)input, strlen(input));
        json_object_set_new(arguments, "input-data", json_string(encoded));
    }
    exec->done = done;
    exec->user = user;
    exec->wait = WAIT_SYNC;
    exec->sync_id = g_random_int_range(1, G_MAXINT32);
    exec->timer = g_timeout_add(timeout_ms, on_timeout, exec);
    /* Both at once: a guest's agent answers in order, and each round trip is a wait. */
    say(exec,
        json_pack("{s:s, s:{s:I}}", "execute", "guest-sync", "arguments", "id", exec->sync_id));
    say(exec, json_pack("{s:s, s:o}", "execute", "guest-exec", "arguments", arguments));
}
