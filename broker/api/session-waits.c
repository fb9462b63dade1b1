/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/api/session-waits.h"

#include <string.h>

#include "broker/api/reply.h"
#include "broker/api/session-json.h"

struct SessionWaits {
    Api *api;
    GHashTable *waiting; /* Wait */
};

/* One request, and what its caller has seen; NULL and -1: they do not say. paused: 0 or 1. */
typedef struct {
    SessionWaits *waits;
    HttpRequest *request;
    char *session;
    char *state;
    char *step;
    gint64 progress, paused;
    guint timer;
} Wait;

static void
wait_free(gpointer data)
{
    Wait *wait = data;

    g_clear_handle_id(&wait->timer, g_source_remove);
    http_request_unref(wait->request);
    g_free(wait->session);
    g_free(wait->state);
    g_free(wait->step);
    g_free(wait);
}

static gboolean
is_news(Wait *wait, const Session *session)
{
    if (session->ended_at || g_strcmp0(wait->state, session->state) != 0)
        return TRUE;
    if (wait->step && !g_str_equal(wait->step, session->step))
        return TRUE;
    if (wait->paused >= 0 && wait->paused != session_paused(wait->waits->api, session))
        return TRUE;
    return wait->progress >= 0 && wait->progress != session_progress(wait->waits->api, session);
}

static void
answer(Wait *wait, const Session *session)
{
    if (!session || session->ended_at)
        http_request_respond_problem(wait->request, 404, "not-found",
                                     session && session->reason ? session->reason
                                                                : "The session has ended.");
    else
        http_request_respond_json(wait->request, 200, session_json(wait->waits->api, session));
}

static gboolean
time_is_up(gpointer data)
{
    Wait *wait = data;
    g_autoptr(Session) session = session_find(wait->waits->api->store, wait->session, NULL);

    wait->timer = 0;
    answer(wait, session);
    g_hash_table_remove(wait->waits->waiting, wait);
    return G_SOURCE_REMOVE;
}

static void
session_changed(const char *session_id, gpointer user)
{
    SessionWaits *waits = user;
    g_autoptr(Session) session = NULL;
    g_autoptr(GPtrArray) done = g_ptr_array_new();
    GHashTableIter iter;
    Wait *wait;

    g_hash_table_iter_init(&iter, waits->waiting);
    while (g_hash_table_iter_next(&iter, (gpointer *)&wait, NULL)) {
        if (!g_str_equal(wait->session, session_id))
            continue;
        if (!session)
            session = session_find(waits->api->store, session_id, NULL);
        if (!session || is_news(wait, session) || !http_request_is_open(wait->request))
            g_ptr_array_add(done, wait);
    }
    for (guint i = 0; i < done->len; i++) {
        answer(g_ptr_array_index(done, i), session);
        g_hash_table_remove(waits->waiting, g_ptr_array_index(done, i));
    }
}

SessionWaits *
session_waits_new(Api *api)
{
    SessionWaits *waits = g_new0(SessionWaits, 1);

    waits->api = api;
    waits->waiting = g_hash_table_new_full(NULL, NULL, wait_free, NULL);
    session_book_set_listener(api->sessions, session_changed, waits);
    return waits;
}

void
session_waits_free(SessionWaits *waits)
{
    if (!waits)
        return;
    session_book_set_listener(waits->api->sessions, NULL, NULL);
    g_hash_table_unref(waits->waiting);
    g_free(waits);
}

/* Waits of clients that have left make room. */
static void
forget_closed(SessionWaits *waits)
{
    GHashTableIter iter;
    Wait *wait;

    g_hash_table_iter_init(&iter, waits->waiting);
    while (g_hash_table_iter_next(&iter, (gpointer *)&wait, NULL))
        if (!http_request_is_open(wait->request))
            g_hash_table_iter_remove(&iter);
}

gboolean
session_waits_add(SessionWaits *waits, HttpRequest *request, const Session *session, guint seconds)
{
    const char *state = http_request_query(request, "state");

    if (g_hash_table_size(waits->waiting) >= SESSION_WAITS_MAX)
        forget_closed(waits);
    if (g_hash_table_size(waits->waiting) >= SESSION_WAITS_MAX)
        return FALSE;

    Wait *wait = g_new0(Wait, 1);
    wait->waits = waits;
    wait->request = http_request_ref(request);
    wait->session = g_strdup(session->id);
    wait->state = g_strdup(state ? state : session->state);
    wait->step = g_strdup(http_request_query(request, "step"));
    wait->progress = reply_seen(request, "progress", 100);
    wait->paused = reply_seen(request, "paused", 1);
    if (is_news(wait, session)) {
        wait_free(wait);
        return FALSE;
    }
    wait->timer = g_timeout_add_seconds(seconds, time_is_up, wait);
    g_hash_table_add(waits->waiting, wait);
    return TRUE;
}
