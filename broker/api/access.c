/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/api/access.h"

#include <sodium.h>
#include <string.h>

#include "broker/auth/password.h"
#include "broker/model/audit.h"
#include "broker/model/token.h"
#include "common/error.h"

#define BEARER "Bearer "

char *
access_token(HttpRequest *request, gboolean *cookie)
{
    const char *header = http_request_header(request, "authorization");

    if (cookie)
        *cookie = FALSE;
    if (header) {
        if (g_ascii_strncasecmp(header, BEARER, strlen(BEARER)) != 0)
            return NULL;
        return g_strdup(header + strlen(BEARER));
    }
    if (cookie)
        *cookie = TRUE;
    return http_request_cookie(request, COOKIE_NAME);
}

static gboolean
is_reading(HttpRequest *request)
{
    const char *method = http_request_method(request);
    return g_str_equal(method, "GET") || g_str_equal(method, "HEAD");
}

static gboolean
has_csrf(HttpRequest *request, const char *token)
{
    const char *given = http_request_header(request, "x-csrf-token");
    g_autofree char *wanted = token_csrf(token);

    return given && strlen(given) == strlen(wanted) &&
           sodium_memcmp(given, wanted, strlen(wanted)) == 0;
}

User *
access_user(Api *api, HttpRequest *request)
{
    gboolean cookie;
    char *token = access_token(request, &cookie);
    g_autoptr(GError) error = NULL;
    User *user = NULL;

    if (!token)
        error =
            g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_UNAUTHORIZED, "You are not signed in.");
    else
        user = token_user(api->store, token, NULL, &error);

    if (user && cookie && !is_reading(request) && !has_csrf(request, token)) {
        g_clear_pointer(&user, user_free);
        http_request_respond_problem(request, 403, "forbidden",
                                     "The X-CSRF-Token header is missing or wrong.");
    } else if (!user) {
        if (g_error_matches(error, ORIEL_ERROR, ORIEL_ERROR_UNAUTHORIZED))
            http_request_add_header(request, "WWW-Authenticate", "Bearer");
        http_request_respond_error(request, error);
    }
    password_wipe(token);
    return user;
}

User *
access_admin(Api *api, HttpRequest *request)
{
    g_autoptr(User) user = access_user(api, request);

    if (!user || user_is_admin(user))
        return g_steal_pointer(&user);
    http_request_respond_problem(request, 403, "forbidden", "Only administrators may do this.");
    return NULL;
}

void
access_audit(Api *api, HttpRequest *request, const User *user, const char *action,
             const char *object, const char *outcome, const char *detail)
{
    audit(api->store, user->name, http_request_peer(request), action, object, outcome, detail);
}
