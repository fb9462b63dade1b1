/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/sessions, but for connect (connect.c) */
#include "broker/api/access.h"
#include "broker/api/reply.h"
#include "broker/api/session-json.h"
#include "broker/api/session-waits.h"
#include "broker/model/why.h"
#include "broker/session-mirror.h"
#include "common/error.h"

/* What the session's host says at this moment, while it starts or is ready; FALSE when it says
 * nothing, or something else than is stored. The view's strings are the host link's. */
static gboolean
live_view(Api *api, const Session *session, SessionView *view)
{
    if (!g_str_equal(session->state, "starting") && !g_str_equal(session->state, "ready"))
        return FALSE;
    g_autoptr(Desktop) desktop = desktop_find(api->store, session->desktop_id, NULL);
    HostLink *link = desktop ? host_set_find(api->hosts, desktop->host) : NULL;

    return link && session_mirror_read(host_link_desktop(link, desktop->id), view) &&
           g_str_equal(view->state, session->state);
}

/* A broker whose own disk is full, too, cannot store what its host says. */
static char *
live_reason(Api *api, const Session *session)
{
    SessionView view;

    return g_strdup(live_view(api, session, &view) ? view.reason : session->reason);
}

gboolean
session_paused(Api *api, const Session *session)
{
    SessionView view;

    return live_view(api, session, &view) ? view.reason != NULL : session_is_paused(session);
}

gint64
session_progress(Api *api, const Session *session)
{
    SessionView view;

    if (g_str_equal(session->state, "ready"))
        return 100;
    return live_view(api, session, &view) && view.progress >= 0 ? view.progress : session->progress;
}

json_t *
session_json(Api *api, const Session *session)
{
    SessionView view;
    gboolean live = live_view(api, session, &view);
    const char *text = live ? view.step_text : NULL;
    g_autofree char *reason = live_reason(api, session);

    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:o,s:b,s:b,s:o}", "id", session->id,
                     "pool", session->pool_name, "pool_title", session->pool_title, "keeps",
                     session->keeps, "desktop", session->desktop_id, "user", session->user_name,
                     "state", session->state, "step", session->step, "step_text",
                     text ? text : session->step_text, "progress",
                     (json_int_t)session_progress(api, session), "reason", reply_text(reason),
                     "paused", session_paused(api, session), "answers", !live || view.answers,
                     "created_at", reply_time(session->created_at));
}

/* reason: why one ended, where somebody said so. */
static void
no_session(HttpRequest *request, const char *reason)
{
    http_request_respond_problem(request, 404, "not-found",
                                 reason ? reason : "There is no such session; it may have ended.");
}

/* Somebody else's session looks like none. */
static Session *
find_session(Api *api, HttpRequest *request, const User *user, gboolean ended_too)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Session) session =
        session_find(api->store, http_request_param(request, "session"), &error);

    if (!session && !g_error_matches(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND)) {
        http_request_respond_error(request, error);
        return NULL;
    }
    if (!session || (!g_str_equal(session->user_id, user->id) && !user_is_admin(user))) {
        no_session(request, NULL);
        return NULL;
    }
    if (session->ended_at && !ended_too) {
        no_session(request, session->reason);
        return NULL;
    }
    return g_steal_pointer(&session);
}

Session *
session_of_request(Api *api, HttpRequest *request, const User *user)
{
    return find_session(api, request, user, FALSE);
}

static json_t *
list_item(gpointer item, gpointer user)
{
    return session_json(user, item);
}

static char *
list_key(gpointer item)
{
    return g_strdup(((Session *)item)->id);
}

static void
get_sessions(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) user = access_user(api, request);
    g_autoptr(GError) error = NULL;
    Page page;

    if (!user || !reply_page(request, &page))
        return;
    gboolean all = user_is_admin(user) && g_strcmp0(http_request_query(request, "all"), "1") == 0;
    g_autoptr(GPtrArray) sessions = session_list(api->store, all ? NULL : user->id, &page, &error);
    if (!sessions)
        http_request_respond_error(request, error);
    else
        reply_list(request, &page, sessions, list_item, api, list_key);
}

static void
post_session(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) user = access_user(api, request);
    g_autoptr(GError) error = NULL;
    Fields fields;
    const char *name = NULL;
    gboolean created = FALSE;
    json_t *body = user ? reply_begin(request, &fields) : NULL;

    if (!body)
        return;
    fields_string(&fields, "pool", FIELD_REQUIRED, 1, 64, &name);
    if (reply_check(request, &fields)) {
        g_autoptr(Pool) pool = pool_find(api->store, name, &error);
        g_autoptr(Session) session =
            pool ? session_book_request(api->sessions, user, pool, &created, &error) : NULL;
        if (!session || created)
            access_audit(api, request, user, "session.create", session ? session->id : name,
                         session ? "ok" : "refused", session ? pool->name : error->message);
        caretaker_wake(api->caretaker); /* a spare may be gone */
        if (session)
            http_request_respond_json(request, created ? 201 : 200, session_json(api, session));
        else
            http_request_respond_error(request, error);
    }
    json_decref(body);
}

static void
get_session(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) user = access_user(api, request);
    g_autoptr(Session) session = user ? session_of_request(api, request, user) : NULL;
    guint seconds;

    if (!session || !reply_wait(request, &seconds))
        return;
    if (seconds == 0 || !session_waits_add(api->waits, request, session, seconds))
        http_request_respond_json(request, 200, session_json(api, session));
}

static void
delete_session(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) user = access_user(api, request);
    g_autoptr(Session) session = user ? session_of_request(api, request, user) : NULL;
    g_autoptr(GError) error = NULL;

    if (!session)
        return;
    if (!session_book_end(api->sessions, session, &error)) {
        http_request_respond_error(request, error);
        return;
    }
    access_audit(api, request, user, "session.delete", session->id, "ok", session->pool_name);
    http_request_respond_json(request, 200, json_object());
}

static void
get_why(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) user = access_user(api, request);
    g_autoptr(Session) session = user ? find_session(api, request, user, TRUE) : NULL;
    g_autoptr(GError) error = NULL;

    if (!session)
        return;
    g_autoptr(Why) why = why_load(api->store, session->id, &error);
    if (!why) {
        http_request_respond_error(request, error);
        return;
    }
    json_t *items = json_array();
    for (guint i = 0; i < why_length(why); i++) {
        const WhyStep *step = why_step(why, i);
        json_array_append_new(items, json_pack("{s:o,s:s,s:s}", "at", reply_time(step->at),
                                               "verdict", step->verdict, "text", step->text));
    }
    http_request_respond_json(request, 200, json_pack("{s:o}", "items", items));
}

void
api_register_sessions(Api *api)
{
    http_server_route(api->server, "GET", "/api/v1/sessions", get_sessions, api);
    http_server_route(api->server, "POST", "/api/v1/sessions", post_session, api);
    http_server_route(api->server, "GET", "/api/v1/sessions/:session", get_session, api);
    http_server_route(api->server, "DELETE", "/api/v1/sessions/:session", delete_session, api);
    http_server_route(api->server, "GET", "/api/v1/sessions/:session/why", get_why, api);
}
