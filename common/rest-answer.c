/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/rest-answer.h"

#include "oriel-config.h"

#include "common/error.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

/* A detail is a sentence or two; longer ones do not fit any window. */
#define MAX_DETAIL 2000

static const struct {
    const char *kind; /* the last part of a problem's type */
    OrielError code;
} kinds[] = {
    {"unauthorized", ORIEL_ERROR_UNAUTHORIZED},
    {"forbidden", ORIEL_ERROR_REFUSED},
    {"not-found", ORIEL_ERROR_NOT_FOUND},
    {"invalid", ORIEL_ERROR_INVALID},
    {"conflict", ORIEL_ERROR_EXISTS},
    {"too-many-requests", ORIEL_ERROR_BUSY},
    {"busy", ORIEL_ERROR_BUSY},
    {"host-unavailable", ORIEL_ERROR_UNAVAILABLE},
    {"payload-too-large", ORIEL_ERROR_INVALID},
};

static OrielError
code_of_status(guint status)
{
    switch (status) {
    case 400:
    case 413:
    case 422:
        return ORIEL_ERROR_INVALID;
    case 401:
        return ORIEL_ERROR_UNAUTHORIZED;
    case 403:
        return ORIEL_ERROR_REFUSED;
    case 404:
        return ORIEL_ERROR_NOT_FOUND;
    case 409:
        return ORIEL_ERROR_EXISTS;
    case 429:
        return ORIEL_ERROR_BUSY;
    case 502:
    case 503:
    case 504:
        return ORIEL_ERROR_UNAVAILABLE;
    default:
        return ORIEL_ERROR_FAILED;
    }
}

static OrielError
code_of_problem(guint status, const char *type)
{
    const char *slash = type ? strrchr(type, '/') : NULL;
    for (gsize i = 0; slash && i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(slash + 1, kinds[i].kind) == 0)
            return kinds[i].code;
    }
    return code_of_status(status);
}

static void
set_problem(const OrielUri *broker, guint status, const json_t *problem, GError **error)
{
    OrielError code = code_of_problem(status, json_string_value(json_object_get(problem, "type")));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    if (!detail || !*detail)
        detail = json_string_value(json_object_get(problem, "title"));
    if (detail && *detail) {
        g_autofree char *text =
            g_utf8_substring(detail, 0, MIN(g_utf8_strlen(detail, -1), MAX_DETAIL));
        g_set_error_literal(error, ORIEL_ERROR, code, text);
        return;
    }
    g_set_error(error, ORIEL_ERROR, code, _("%s answered with the status %u."),
                oriel_uri_display(broker), status);
}

json_t *
rest_answer_parse(const OrielUri *broker, guint status, const char *body, gsize length,
                  GError **error)
{
    json_error_t where;
    json_t *json =
        length > 0 ? json_loadb(body, length, JSON_REJECT_DUPLICATES, &where) : json_null();

    if (status < 200 || status > 299) {
        set_problem(broker, status, json, error);
        json_decref(json);
        return NULL;
    }
    if (!json)
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_PROTOCOL,
                    _("%s gave an answer that is none of an Oriel broker. Is the address right?"),
                    oriel_uri_display(broker));
    return json;
}

GError *
rest_answer_transport_error(const OrielUri *broker, const GError *problem)
{
    const char *name = oriel_uri_display(broker);

    if (problem->domain == G_RESOLVER_ERROR)
        return g_error_new(
            ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE,
            _("The name “%s” was not found. Is it spelled right, and is the network there?"),
            oriel_uri_host(broker));
    if (problem->domain == G_TLS_ERROR)
        return g_error_new(ORIEL_ERROR, ORIEL_ERROR_PROTOCOL,
                           _("%s does not speak TLS as an Oriel broker does (%s)."), name,
                           problem->message);
    if (g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
        return g_error_new(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE,
                           _("Nobody answers at %s. The broker may be down, or the address wrong."),
                           name);
    if (g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE) ||
        g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_HOST_UNREACHABLE))
        return g_error_new(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE,
                           _("There is no way to %s. Is the network connected?"), name);
    return g_error_new(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE, _("The connection to %s broke (%s)."),
                       name, problem->message);
}
