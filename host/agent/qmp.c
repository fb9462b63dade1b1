/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qmp.h"

#include "common/error.h"
#include "host/agent/line-stream.h"

#include <string.h>

typedef struct {
    json_int_t id;
    QmpDone done;
    gpointer user;
} Pending;

struct Qmp {
    LineStream *stream; /* NULL once the connection is over */
    GQueue pending;     /* of Pending, oldest first */
    json_int_t last_id;
    gboolean greeted;
    guint close_idle;
    GError *close_error;
    const QmpEvents *events;
    gpointer user;
};

static gboolean
report_closed(gpointer user)
{
    Qmp *qmp = user;
    qmp->close_idle = 0;
    g_autoptr(GError) none =
        g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE, "QEMU closed the connection.");
    const GError *reason = qmp->close_error != NULL ? qmp->close_error : none;
    /* The answers may not free us: they were promised before the end is told. */
    for (Pending *pending; (pending = g_queue_pop_head(&qmp->pending)) != NULL; g_free(pending))
        if (pending->done != NULL)
            pending->done(NULL, reason, pending->user);
    qmp->events->closed(qmp, qmp->close_error, qmp->user);
    return G_SOURCE_REMOVE;
}

/* Ends the connection; what that means for others is told from the main loop, not from inside a
 * call. */
static void
qmp_end(Qmp *qmp, GError *error)
{
    if (qmp->close_idle != 0 || qmp->stream == NULL) {
        g_clear_error(&error);
        return;
    }
    g_clear_pointer(&qmp->stream, line_stream_free);
    qmp->close_error = error;
    qmp->close_idle = g_idle_add_full(G_PRIORITY_DEFAULT, report_closed, qmp, NULL);
}

static void
on_capabilities(json_t *result, const GError *error, gpointer user)
{
    Qmp *qmp = user;
    if (error == NULL)
        qmp->events->ready(qmp, qmp->user);
    else if (qmp->stream != NULL)
        qmp_end(qmp, g_error_copy(error));
}

static void
take_answer(Qmp *qmp, json_t *message)
{
    json_t *id = json_object_get(message, "id");
    Pending *pending = g_queue_peek_head(&qmp->pending);
    if (pending == NULL || !json_is_integer(id) || json_integer_value(id) != pending->id) {
        qmp_end(qmp, g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_PROTOCOL,
                                         "QEMU answered what was not asked."));
        return;
    }
    g_queue_pop_head(&qmp->pending);
    json_t *result = json_object_get(message, "return");
    g_autoptr(GError) error = NULL;
    if (result == NULL) {
        const char *text =
            json_string_value(json_object_get(json_object_get(message, "error"), "desc"));
        error = g_error_new(ORIEL_ERROR, ORIEL_ERROR_FAILED, "QEMU refused a command: %s",
                            text != NULL ? text : "it did not say why");
    }
    if (pending->done != NULL)
        pending->done(result, error, pending->user);
    g_free(pending);
}

static void
on_line(LineStream *stream, char *text, gsize length, gpointer user)
{
    Qmp *qmp = user;
    json_t *message = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    const char *event = json_string_value(json_object_get(message, "event"));
    if (!json_is_object(message)) {
        qmp_end(qmp, g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_PROTOCOL,
                                         "QEMU sent what is no JSON object."));
    } else if (event != NULL) {
        json_t *data = json_object_get(message, "data");
        qmp->events->event(qmp, event, json_is_object(data) ? data : NULL, qmp->user);
    } else if (json_object_get(message, "QMP") != NULL) {
        if (!qmp->greeted)
            qmp_execute(qmp, "qmp_capabilities", NULL, on_capabilities, qmp);
        qmp->greeted = TRUE;
    } else {
        take_answer(qmp, message);
    }
    json_decref(message);
}

static void
on_closed(LineStream *stream, const GError *error, gpointer user)
{
    qmp_end(user, error != NULL ? g_error_copy(error) : NULL);
}

static const LineStreamEvents stream_events = {.line = on_line, .closed = on_closed};

Qmp *
qmp_new(int fd, const QmpEvents *events, gpointer user)
{
    Qmp *qmp = g_new0(Qmp, 1);
    g_queue_init(&qmp->pending);
    qmp->events = events;
    qmp->user = user;
    qmp->stream = line_stream_new(fd, QMP_MAX_LINE, &stream_events, qmp);
    return qmp;
}

Qmp *
qmp_connect(const char *path, const QmpEvents *events, gpointer user, GError **error)
{
    int fd = unix_socket_connect(path, error);
    return fd < 0 ? NULL : qmp_new(fd, events, user);
}

void
qmp_free(Qmp *qmp)
{
    if (qmp == NULL)
        return;
    g_clear_handle_id(&qmp->close_idle, g_source_remove);
    line_stream_free(qmp->stream);
    g_queue_clear_full(&qmp->pending, g_free);
    g_clear_error(&qmp->close_error);
    g_free(qmp);
}

void
qmp_execute(Qmp *qmp, const char *command, json_t *arguments, QmpDone done, gpointer user)
{
    qmp_execute_with_fd(qmp, command, arguments, -1, done, user);
}

void
qmp_execute_with_fd(Qmp *qmp, const char *command, json_t *arguments, int fd, QmpDone done,
                    gpointer user)
{
    Pending *pending = g_new0(Pending, 1);
    pending->id = ++qmp->last_id;
    pending->done = done;
    pending->user = user;
    g_queue_push_tail(&qmp->pending, pending);
    json_t *message = json_pack("{s:s, s:I, s:o*}", "execute", command, "id", pending->id,
                                "arguments", arguments);
    char *text = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    gboolean room = g_queue_get_length(&qmp->pending) <= QMP_MAX_PENDING;
    if (qmp->stream != NULL && !(room && (fd < 0 ? line_stream_send(qmp->stream, text)
                                                 : line_stream_send_fd(qmp->stream, text, fd))))
        qmp_end(qmp,
                g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE, "QEMU does not answer."));
    free(text);
}

void
qmp_forget(Qmp *qmp, gconstpointer user)
{
    for (GList *link = qmp->pending.head; link != NULL; link = link->next) {
        Pending *pending = link->data;
        if (pending->user == user)
            pending->done = NULL;
    }
}
