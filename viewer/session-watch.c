/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/session-watch.h"

#include "oriel-config.h"

#include "common/error.h"
#include "viewer/answers.h"

#include <glib/gi18n.h>

#define WAIT_S  30
#define LIMIT_S (WAIT_S + 10)
/* Between two polls, however fast the broker answers or refuses. */
#define PAUSE_MS 1000

struct SessionWatch {
    RestClient *client;
    char *session;
    gboolean paused;
    const SessionWatchEvents *events;
    gpointer user;
    GCancellable *cancellable;
    guint pause;
};

typedef struct {
    SessionWatch *watch;
    GCancellable *cancellable;
} Poll;

static void on_answer(GObject *source, GAsyncResult *result, gpointer user);

static gboolean
poll_again(gpointer user)
{
    SessionWatch *watch = user;
    Poll *poll = g_new0(Poll, 1);
    g_autofree char *path = g_strdup_printf("/api/v1/sessions/%s?wait=%d&paused=%d", watch->session,
                                            WAIT_S, watch->paused ? 1 : 0);
    watch->pause = 0;
    poll->watch = watch;
    poll->cancellable = g_object_ref(watch->cancellable);
    rest_client_call_async(watch->client, "GET", path, NULL, LIMIT_S, watch->cancellable, on_answer,
                           poll);
    return G_SOURCE_REMOVE;
}

/* What the answer says about the session's end; NULL: it lives, or it cannot be known now (the
 * stream decides then). */
static GError *
end_of(const SessionInfo *session, GError *problem)
{
    if (problem) {
        gboolean ends = g_error_matches(problem, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND) ||
                        g_error_matches(problem, ORIEL_ERROR, ORIEL_ERROR_TIMEOUT);
        return ends ? g_error_copy(problem) : NULL;
    }
    if (session && session->state == SESSION_FAILED)
        return g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                                   session->reason ? session->reason
                                                   : _("The desktop has stopped."));
    if (session && session->state == SESSION_OVER)
        return g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND,
                                   session->reason ? session->reason : _("The session has ended."));
    return NULL;
}

static void
tell_paused(SessionWatch *watch, const SessionInfo *session)
{
    if (!session || session->paused == watch->paused)
        return;
    watch->paused = session->paused;
    watch->events->paused(session_info_pause(session), watch->user);
}

static void
on_answer(GObject *source, GAsyncResult *result, gpointer user)
{
    g_autofree Poll *poll = user;
    g_autoptr(GCancellable) cancellable = poll->cancellable;
    g_autoptr(GError) problem = NULL;
    json_t *answer = rest_client_call_finish(REST_CLIENT(source), result, NULL, &problem);
    if (!g_cancellable_is_cancelled(cancellable)) {
        SessionWatch *watch = poll->watch;
        g_autoptr(SessionInfo) session = answer ? session_info_parse(answer, NULL) : NULL;
        g_autoptr(GError) end = end_of(session, problem);
        if (end) {
            watch->events->over(end, watch->user);
        } else {
            watch->pause = g_timeout_add(PAUSE_MS, poll_again, watch);
            tell_paused(watch, session);
        }
    }
    json_decref(answer);
}

SessionWatch *
session_watch_new(RestClient *client, const char *session, const SessionWatchEvents *events,
                  gpointer user)
{
    SessionWatch *watch = g_new0(SessionWatch, 1);
    watch->client = g_object_ref(client);
    watch->session = g_strdup(session);
    watch->events = events;
    watch->user = user;
    watch->cancellable = g_cancellable_new();
    poll_again(watch);
    return watch;
}

void
session_watch_free(SessionWatch *watch)
{
    if (!watch)
        return;
    g_cancellable_cancel(watch->cancellable);
    g_object_unref(watch->cancellable);
    g_clear_handle_id(&watch->pause, g_source_remove);
    g_object_unref(watch->client);
    g_free(watch->session);
    g_free(watch);
}
