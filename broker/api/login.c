/* SPDX-License-Identifier: GPL-3.0-or-later */
/* POST /api/v1/login, POST /api/v1/logout, GET /api/v1/me */
#include "broker/api/access.h"
#include "broker/api/reply.h"
#include "broker/auth/password.h"
#include "broker/model/audit.h"
#include "broker/model/token.h"
#include "common/error.h"

#define COOKIE_RULES "; Path=/; Secure; HttpOnly; SameSite=Strict"

typedef struct {
    HttpRequest *request;
    gboolean cookie;
} PendingLogin;

static void
pending_free(gpointer data)
{
    PendingLogin *pending = data;
    http_request_unref(pending->request);
    g_free(pending);
}

static json_t *
user_json(const User *user)
{
    return json_pack("{s:s,s:s,s:s,s:o}", "id", user->id, "name", user->name, "full_name",
                     user->full_name, "roles", reply_strings((const char *const *)user->roles));
}

static void
set_cookie(HttpRequest *request, const char *token)
{
    char *cookie = g_strdup_printf(COOKIE_NAME "=%s" COOKIE_RULES "; Max-Age=%d", token,
                                   *token ? TOKEN_LIFETIME : 0);
    http_request_add_header(request, "Set-Cookie", cookie);
    password_wipe(cookie);
}

static void
login_refused(HttpRequest *request, const AuthOutcome *outcome)
{
    if (outcome->retry_after) {
        g_autofree char *seconds = g_strdup_printf("%u", outcome->retry_after);
        http_request_add_header(request, "Retry-After", seconds);
    }
    if (outcome->throttled)
        http_request_respond_problem(request, 429, "too-many-requests", outcome->error->message);
    else
        http_request_respond_error(request, outcome->error);
}

static void
login_done(const AuthOutcome *outcome, gpointer data)
{
    PendingLogin *pending = data;
    HttpRequest *request = pending->request;

    http_request_add_header(request, "Cache-Control", "no-store");
    if (!outcome->user) {
        login_refused(request, outcome);
        return;
    }
    json_t *answer = json_pack("{s:o,s:o}", "expires_at", reply_time(outcome->expires_at), "user",
                               user_json(outcome->user));
    if (pending->cookie) {
        g_autofree char *csrf = token_csrf(outcome->token);
        set_cookie(request, outcome->token);
        json_object_set_new(answer, "csrf", json_string(csrf));
    } else {
        json_object_set_new(answer, "token", json_string(outcome->token));
    }
    http_request_respond_json(request, 200, answer);
}

static void
post_login(HttpRequest *request, gpointer data)
{
    Api *api = data;
    Fields fields;
    const char *username = NULL, *password = NULL;
    gboolean cookie = FALSE;
    json_t *body = reply_begin(request, &fields);

    if (!body)
        return;
    fields_string(&fields, "username", FIELD_REQUIRED, 1, 256, &username);
    fields_string(&fields, "password", FIELD_REQUIRED, 1, PASSWORD_MAX, &password);
    fields_bool(&fields, "cookie", FIELD_OPTIONAL, &cookie);
    if (reply_check(request, &fields)) {
        PendingLogin *pending = g_new0(PendingLogin, 1);
        pending->request = http_request_ref(request);
        pending->cookie = cookie;
        auth_login(api->auth, username, password, http_request_peer(request), login_done, pending,
                   pending_free);
    }
    json_decref(body);
}

static void
post_logout(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) user = access_user(api, request);
    g_autoptr(GError) error = NULL;
    gboolean cookie;

    if (!user)
        return;
    char *token = access_token(request, &cookie);
    gboolean ok = token_revoke(api->store, token, &error);
    password_wipe(token);
    if (!ok) {
        http_request_respond_error(request, error);
        return;
    }
    if (cookie)
        set_cookie(request, "");
    access_audit(api, request, user, "logout", user->name, "ok", NULL);
    http_request_respond_json(request, 200, json_object());
}

static void
get_me(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) user = access_user(api, request);
    gboolean cookie;

    if (!user)
        return;
    char *token = access_token(request, &cookie);
    json_t *answer = user_json(user);
    if (cookie) {
        g_autofree char *csrf = token_csrf(token);
        json_object_set_new(answer, "csrf", json_string(csrf));
    }
    password_wipe(token);
    http_request_add_header(request, "Cache-Control", "no-store");
    http_request_respond_json(request, 200, answer);
}

void
api_register_login(Api *api)
{
    http_server_route(api->server, "POST", "/api/v1/login", post_login, api);
    http_server_route(api->server, "POST", "/api/v1/logout", post_logout, api);
    http_server_route(api->server, "GET", "/api/v1/me", get_me, api);
}
