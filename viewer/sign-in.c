/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/sign-in.h"

#include "oriel-config.h"

#include "common/error.h"

#include <glib/gi18n.h>

#define LIMIT_S 20

void
sign_in_async(RestClient *client, const char *user, const char *password, GCancellable *cancellable,
              GAsyncReadyCallback done, gpointer data)
{
    json_t *body = json_pack("{s:s, s:s}", "username", user, "password", password);
    if (body) {
        rest_client_call_async(client, "POST", "/api/v1/login", body, LIMIT_S, cancellable, done,
                               data);
        json_decref(body);
        return;
    }
    /* Text that is no UTF-8 came from a pipe. */
    g_task_report_new_error(client, done, data, NULL, ORIEL_ERROR, ORIEL_ERROR_INVALID, "%s",
                            _("The user name or the password is not valid text."));
}

static char *
name_of(const json_t *answer)
{
    const json_t *user = json_object_get(answer, "user");
    const char *name = json_string_value(json_object_get(user, "full_name"));
    if (!name || !*name)
        name = json_string_value(json_object_get(user, "name"));
    return g_strdup(name);
}

gboolean
sign_in_finish(RestClient *client, GAsyncResult *result, char **full_name, GError **error)
{
    g_autoptr(GError) problem = NULL;
    json_t *answer = rest_client_call_finish(client, result, NULL, &problem);
    /* The one refusal that everybody meets is said in the person's language, not in the broker's.
     */
    if (g_error_matches(problem, ORIEL_ERROR, ORIEL_ERROR_UNAUTHORIZED)) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_UNAUTHORIZED,
                            _("The user name or the password is not right."));
        return FALSE;
    }
    if (!answer) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    const char *token = json_string_value(json_object_get(answer, "token"));
    if (token && *token) {
        rest_client_set_token(client, token);
        if (full_name)
            *full_name = name_of(answer);
    } else {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_PROTOCOL,
                            _("The broker's answer to the sign-in is not usable."));
    }
    gboolean good = token && *token;
    json_decref(answer);
    return good;
}
