/* SPDX-License-Identifier: GPL-3.0-or-later */
/* POST /api/v1/sessions/ID/connect: a ticket, and where to take it. */

#include "broker/api/access.h"
#include "broker/api/authority-name.h"
#include "broker/api/reply.h"
#include "broker/api/session-json.h"
#include "broker/auth/password.h"
#include "common/error.h"

static const char *const protocols[] = {"spice", "vnc", NULL};

/* The certificate as a vv file has it: GKeyFile writes line ends as \n. */
static char *
vv_text(Api *api, const Session *session, const char *ticket, const char *route, const char *proxy)
{
    static const char group[] = "virt-viewer";
    g_autoptr(GKeyFile) file = g_key_file_new();

    g_key_file_set_string(file, group, "type", "spice");
    g_key_file_set_string(file, group, "host", route);
    g_key_file_set_integer(file, group, "tls-port", api->port);
    g_key_file_set_string(file, group, "password", ticket);
    g_key_file_set_string(file, group, "proxy", proxy);
    g_key_file_set_string(file, group, "ca", authority_ca_pem(api->authority));
    g_key_file_set_string(file, group, "host-subject", authority_subject(api->authority));
    g_key_file_set_string(file, group, "title", session->pool_title);
    g_key_file_set_integer(file, group, "delete-this-file", 1);
    g_key_file_set_string(file, group, "secure-attention", "ctrl+alt+end");
    g_key_file_set_string(file, group, "toggle-fullscreen", "shift+f11");
    g_key_file_set_string(file, group, "release-cursor", "shift+f12");
    return g_key_file_to_data(file, NULL, NULL);
}

static json_t *
spice_answer(Api *api, HttpRequest *request, const Session *session, const char *ticket,
             const char *route)
{
    g_autofree char *name = authority_name_of(request, api->public_name, api->port);
    g_autofree char *proxy = g_strdup_printf("http://%s", name);
    char *vv = vv_text(api, session, ticket, route, proxy);
    json_t *answer = json_pack("{s:s,s:s,s:i,s:s,s:s,s:s}", "proxy", proxy, "host", route,
                               "tls_port", (int)api->port, "ca", authority_ca_pem(api->authority),
                               "host_subject", authority_subject(api->authority), "vv", vv);
    password_wipe(vv);
    return answer;
}

static json_t *
vnc_answer(Api *api, HttpRequest *request)
{
    g_autofree char *name = authority_name_of(request, api->public_name, api->port);
    g_autofree char *url = g_strdup_printf("wss://%s/stream/vnc", name);
    return json_pack("{s:s}", "websocket", url);
}

static void
respond_ticket(Api *api, HttpRequest *request, const User *user, const Session *session,
               const Desktop *desktop, gboolean spice)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *route = spice ? g_uuid_string_random() : NULL;
    TicketGrant grant = {
        .protocol = spice ? TICKET_SPICE : TICKET_VNC,
        .session = session->id,
        .desktop = desktop->id,
        .host = desktop->host,
        .user = user->name,
        .route = route,
    };
    gint64 expires_at;
    char *ticket = ticket_book_issue(api->tickets, &grant, &expires_at, &error);

    if (!ticket) {
        http_request_respond_error(request, error);
        return;
    }
    json_t *answer =
        spice ? spice_answer(api, request, session, ticket, route) : vnc_answer(api, request);
    json_object_set_new(answer, "protocol", json_string(spice ? "spice" : "vnc"));
    json_object_set_new(answer, "ticket", json_string(ticket));
    json_object_set_new(answer, "expires_at", reply_time(expires_at));
    password_wipe(ticket);
    access_audit(api, request, user, "session.connect", session->id, "ok", spice ? "spice" : "vnc");
    http_request_add_header(request, "Cache-Control", "no-store");
    http_request_respond_json(request, 201, answer);
}

/* Whether a stream could be opened now; answers if not. Who asks for a suspended one wakes it. */
static gboolean
check_ready(Api *api, HttpRequest *request, Session *session, const Desktop *desktop)
{
    HostLink *link = desktop ? host_set_find(api->hosts, desktop->host) : NULL;
    g_autofree char *detail = NULL;

    session_book_wake(api->sessions, session);
    if (g_str_equal(session->state, "failed"))
        detail = g_strdup_printf("The desktop failed: %s", session->reason ? session->reason : "");
    else if (!g_str_equal(session->state, "ready") || !desktop)
        detail = g_strdup("The desktop is not ready yet.");
    if (detail) {
        http_request_respond_problem(request, 409, "conflict", detail);
        return FALSE;
    }
    if (link && host_link_is_up(link))
        return TRUE;
    detail = g_strdup_printf("The host “%s” of this desktop is away at the moment.", desktop->host);
    http_request_respond_problem(request, 503, "host-unavailable", detail);
    return FALSE;
}

/* Only the session's own user: what an administrator may see of it is not the screen. */
static Session *
own_session(Api *api, HttpRequest *request, const User *user)
{
    g_autoptr(Session) session = session_of_request(api, request, user);

    if (!session || g_str_equal(session->user_id, user->id))
        return g_steal_pointer(&session);
    access_audit(api, request, user, "session.connect", session->id, "refused",
                 "It is another user's session.");
    http_request_respond_problem(request, 403, "forbidden", "This is another user's session.");
    return NULL;
}

static void
post_connect(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) user = access_user(api, request);
    g_autoptr(Session) session = user ? own_session(api, request, user) : NULL;
    Fields fields;
    const char *protocol = NULL;
    json_t *body = session ? reply_begin(request, &fields) : NULL;

    if (!body)
        return;
    fields_word(&fields, "protocol", FIELD_REQUIRED, protocols, &protocol);
    if (reply_check(request, &fields)) {
        g_autoptr(Desktop) desktop = desktop_find(api->store, session->desktop_id, NULL);
        if (check_ready(api, request, session, desktop))
            respond_ticket(api, request, user, session, desktop, g_str_equal(protocol, "spice"));
    }
    json_decref(body);
}

void
api_register_connect(Api *api)
{
    http_server_route(api->server, "POST", "/api/v1/sessions/:session/connect", post_connect, api);
}
