/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/http/problem.h"

#include "common/error.h"

typedef struct {
    guint status;
    const char *phrase;
} Phrase;

static const Phrase phrases[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

typedef struct {
    int code;
    guint status;
    const char *kind;
} Mapping;

static const Mapping mappings[] = {
    {ORIEL_ERROR_FAILED, 500, "failed"},
    {ORIEL_ERROR_INVALID, 400, "invalid"},
    {ORIEL_ERROR_NOT_FOUND, 404, "not-found"},
    {ORIEL_ERROR_EXISTS, 409, "conflict"},
    {ORIEL_ERROR_REFUSED, 409, "conflict"},
    {ORIEL_ERROR_UNAUTHORIZED, 401, "unauthorized"},
    {ORIEL_ERROR_UNAVAILABLE, 503, "host-unavailable"},
    {ORIEL_ERROR_BUSY, 503, "busy"},
    {ORIEL_ERROR_TIMEOUT, 504, "host-unavailable"},
    {ORIEL_ERROR_NO_SPACE, 507, "no-space"},
    {ORIEL_ERROR_PROTOCOL, 502, "host-unavailable"},
};

const char *
problem_status_phrase(guint status)
{
    for (gsize i = 0; i < G_N_ELEMENTS(phrases); i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return "Error";
}

json_t *
problem_new(guint status, const char *kind, const char *detail)
{
    g_autofree char *type = g_strconcat("https://oriel.invalid/problems/", kind, NULL);
    json_t *problem = json_object();

    json_object_set_new(problem, "type", json_string(type));
    json_object_set_new(problem, "title", json_string(problem_status_phrase(status)));
    json_object_set_new(problem, "status", json_integer(status));
    if (detail && g_utf8_validate(detail, -1, NULL))
        json_object_set_new(problem, "detail", json_string(detail));
    return problem;
}

guint
problem_status(const GError *error, const char **kind)
{
    if (error->domain == ORIEL_ERROR) {
        for (gsize i = 0; i < G_N_ELEMENTS(mappings); i++) {
            if (mappings[i].code == error->code) {
                *kind = mappings[i].kind;
                return mappings[i].status;
            }
        }
    }
    *kind = "failed";
    return 500;
}
