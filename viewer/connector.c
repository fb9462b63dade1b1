/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/connector.h"

#include "oriel-config.h"

#include "common/error.h"

#include <glib/gi18n.h>

#define WAIT_S 30
/* A long poll may take its wait, and a slow network some more. */
#define POLL_LIMIT_S (WAIT_S + 10)
#define CALL_LIMIT_S 10

struct Connector {
    RestClient *client;
    char *pool, *session, *title;
    const ConnectorEvents *events;
    gpointer user;
    GCancellable *run; /* one for each run: answers of an older one find it cancelled */
};

/* An answer's way back: it may arrive after the connector is gone. */
typedef struct {
    Connector *connector;
    GCancellable *run;
} Reply;

static void ask_session(Connector *connector, const SessionInfo *seen);
static void ask_pool(Connector *connector);

static Reply *
reply_new(Connector *connector)
{
    Reply *reply = g_new0(Reply, 1);
    reply->connector = connector;
    reply->run = g_object_ref(connector->run);
    return reply;
}

/* The answer, its error, and the connector, or NULL when nobody waits any more. */
static Connector *
reply_take(Reply *reply, GObject *source, GAsyncResult *result, json_t **json, GError **error)
{
    *json = rest_client_call_finish(REST_CLIENT(source), result, NULL, error);
    Connector *connector = g_cancellable_is_cancelled(reply->run) ? NULL : reply->connector;
    g_object_unref(reply->run);
    g_free(reply);
    return connector;
}

Connector *
connector_new(RestClient *client, const char *pool, const ConnectorEvents *events, gpointer user)
{
    Connector *connector = g_new0(Connector, 1);
    connector->client = g_object_ref(client);
    connector->pool = g_strdup(pool);
    connector_set_events(connector, events, user);
    return connector;
}

void
connector_free(Connector *connector)
{
    if (!connector)
        return;
    connector_cancel(connector);
    g_object_unref(connector->client);
    g_free(connector->pool);
    g_free(connector->session);
    g_free(connector->title);
    g_free(connector);
}

void
connector_set_events(Connector *connector, const ConnectorEvents *events, gpointer user)
{
    connector->events = events;
    connector->user = user;
}

void
connector_cancel(Connector *connector)
{
    if (connector->run)
        g_cancellable_cancel(connector->run);
    g_clear_object(&connector->run);
}

void
connector_forget_session(Connector *connector)
{
    g_clear_pointer(&connector->session, g_free);
}

static void
fail(Connector *connector, const GError *error)
{
    g_clear_object(&connector->run);
    connector->events->failed(connector, error, connector->user);
}

static void
on_ticket(GObject *source, GAsyncResult *result, gpointer user)
{
    json_t *json;
    g_autoptr(GError) error = NULL;
    Connector *connector = reply_take(user, source, result, &json, &error);
    SpiceTarget *target = connector && json ? spice_target_from_json(json, &error) : NULL;
    json_decref(json);
    if (!connector)
        return;
    if (!target) {
        fail(connector, error);
        return;
    }
    target->title = g_strdup(connector->title ? connector->title : connector->pool);
    spice_target_reach(target, oriel_uri_host(rest_client_broker(connector->client)),
                       rest_client_peer(connector->client));
    g_clear_object(&connector->run);
    connector->events->ready(connector, target, connector->user);
}

static void
ask_ticket(Connector *connector)
{
    g_autofree char *path = g_strdup_printf("/api/v1/sessions/%s/connect", connector->session);
    json_t *body = json_pack("{s:s}", "protocol", "spice");
    rest_client_call_async(connector->client, "POST", path, body, CALL_LIMIT_S, connector->run,
                           on_ticket, reply_new(connector));
    json_decref(body);
}

static void
fail_session(Connector *connector, const SessionInfo *session)
{
    const char *reason = session->reason;
    if (!reason && session->state == SESSION_OVER)
        reason = _("The session has ended.");
    else if (!reason)
        reason = _("The desktop could not be started, and the broker did not say why.");
    g_autoptr(GError) error = g_error_new_literal(
        ORIEL_ERROR, session->state == SESSION_OVER ? ORIEL_ERROR_NOT_FOUND : ORIEL_ERROR_REFUSED,
        reason);
    connector_forget_session(connector);
    fail(connector, error);
}

static void
on_session(GObject *source, GAsyncResult *result, gpointer user)
{
    json_t *json;
    g_autoptr(GError) error = NULL;
    Connector *connector = reply_take(user, source, result, &json, &error);
    g_autoptr(SessionInfo) session = json ? session_info_parse(json, &error) : NULL;
    json_decref(json);
    if (!connector)
        return;
    if (!session) {
        fail(connector, error);
        return;
    }
    g_free(connector->session);
    connector->session = g_strdup(session->id);
    g_free(connector->title);
    connector->title = g_strdup(session->title);
    if (session->state == SESSION_FAILED || session->state == SESSION_OVER) {
        fail_session(connector, session);
        return;
    }
    if (session->state == SESSION_SUSPENDED) {
        ask_pool(connector);
        return;
    }
    g_autoptr(GCancellable) run = g_object_ref(connector->run);
    connector->events->progress(connector, session, connector->user);
    if (g_cancellable_is_cancelled(run))
        return;
    if (session->state == SESSION_READY)
        ask_ticket(connector);
    else
        ask_session(connector, session);
}

/* seen: what is known already, so that the broker answers at the next change; NULL: answer at once.
 */
static void
ask_session(Connector *connector, const SessionInfo *seen)
{
    g_autofree char *path = NULL;
    if (seen)
        path = g_strdup_printf("/api/v1/sessions/%s?wait=%d&state=starting&step=%s&progress=%u",
                               connector->session, WAIT_S, seen->step ? seen->step : "",
                               seen->progress);
    else
        path = g_strdup_printf("/api/v1/sessions/%s", connector->session);
    rest_client_call_async(connector->client, "GET", path, NULL, seen ? POLL_LIMIT_S : CALL_LIMIT_S,
                           connector->run, on_session, reply_new(connector));
}

/* Asks for a session of the pool: the one that lives, which wakes if it sleeps, or a new one. */
static void
ask_pool(Connector *connector)
{
    json_t *body = json_pack("{s:s}", "pool", connector->pool);

    rest_client_call_async(connector->client, "POST", "/api/v1/sessions", body, CALL_LIMIT_S * 3,
                           connector->run, on_session, reply_new(connector));
    json_decref(body);
}

void
connector_start(Connector *connector)
{
    connector_cancel(connector);
    connector->run = g_cancellable_new();
    if (connector->session) {
        ask_session(connector, NULL);
        return;
    }
    ask_pool(connector);
}

RestClient *
connector_client(Connector *connector)
{
    return connector->client;
}

const char *
connector_session(Connector *connector)
{
    return connector->session;
}
