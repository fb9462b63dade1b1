/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/http/http-parse.h"
#include "broker/http/http-private.h"
#include "broker/http/problem.h"
#include "common/error.h"

#include <string.h>

/* Sent with every answer, unless the handler added one of the same name. */
static const char *const default_headers[] = {
    "Cache-Control: no-store",
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Cross-Origin-Opener-Policy: same-origin",
    "Cross-Origin-Resource-Policy: same-origin",
    "Referrer-Policy: no-referrer",
    "X-Content-Type-Options: nosniff",
    "X-Frame-Options: DENY",
};

HttpRequest *
http_request_new(HttpConnection *connection, const char *method, const char *path)
{
    HttpRequest *request = g_new0(HttpRequest, 1);

    request->refs = 1;
    request->connection = connection;
    request->method = g_strdup(method);
    request->path = g_strdup(path);
    request->peer = g_strdup(connection->peer);
    request->headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    request->query = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    request->body = g_byte_array_new();
    request->added = g_ptr_array_new_with_free_func(g_free);
    request->began = g_get_monotonic_time();
    return request;
}

HttpRequest *
http_request_ref(HttpRequest *request)
{
    request->refs++;
    return request;
}

void
http_request_unref(HttpRequest *request)
{
    if (!request || --request->refs > 0)
        return;
    http_request_set_data(request, NULL, NULL);
    g_free(request->method);
    g_free(request->path);
    g_free(request->peer);
    g_hash_table_unref(request->headers);
    g_hash_table_unref(request->query);
    g_clear_pointer(&request->params, g_hash_table_unref);
    memset(request->body->data ? request->body->data : (guint8 *)"", 0, request->body->len);
    g_byte_array_unref(request->body);
    g_ptr_array_unref(request->added);
    g_free(request->content_type);
    g_clear_pointer(&request->answer, g_bytes_unref);
    g_clear_pointer(&request->head, g_bytes_unref);
    g_free(request);
}

void
http_request_detach(HttpRequest *request)
{
    request->connection = NULL;
}

gboolean
http_request_expects_body(HttpRequest *request)
{
    const char *length = g_hash_table_lookup(request->headers, "content-length");

    if (length)
        return request->content_length > 0;
    return g_str_equal(request->method, "POST") || g_str_equal(request->method, "PUT") ||
           g_str_equal(request->method, "PATCH");
}

const char *
http_request_method(HttpRequest *request)
{
    return request->method;
}

const char *
http_request_path(HttpRequest *request)
{
    return request->path;
}

const char *
http_request_param(HttpRequest *request, const char *name)
{
    return request->params ? g_hash_table_lookup(request->params, name) : NULL;
}

const char *
http_request_query(HttpRequest *request, const char *name)
{
    return g_hash_table_lookup(request->query, name);
}

const char *
http_request_header(HttpRequest *request, const char *name)
{
    g_autofree char *lower = g_ascii_strdown(name, -1);
    const char *known = g_hash_table_lookup(request->headers, lower);

    if (known || !request->connection)
        return known;
    char *value = http_connection_custom_header(request->connection, lower);
    if (value)
        g_hash_table_insert(request->headers, g_strdup(lower), value);
    return value;
}

char *
http_request_cookie(HttpRequest *request, const char *name)
{
    const char *header = http_request_header(request, "cookie");

    return header ? http_parse_cookie(header, name) : NULL;
}

const char *
http_request_peer(HttpRequest *request)
{
    return request->peer;
}

gboolean
http_request_is_open(HttpRequest *request)
{
    return request->connection != NULL;
}

void
http_request_set_data(HttpRequest *request, gpointer data, GDestroyNotify destroy)
{
    gpointer old = request->data;
    GDestroyNotify old_destroy = request->data_destroy;

    request->data = data;
    request->data_destroy = destroy;
    if (old && old_destroy)
        old_destroy(old);
}

json_t *
http_request_json(HttpRequest *request)
{
    const char *type = http_request_header(request, "content-type");

    if (!type || !http_parse_media_type_is(type, "application/json")) {
        http_request_respond_problem(request, 415, "unsupported-media-type",
                                     "The body has to be application/json.");
        return NULL;
    }
    json_error_t error;
    json_t *body = json_loadb((const char *)request->body->data, request->body->len,
                              JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(body)) {
        g_clear_pointer(&body, json_decref);
        http_request_respond_problem(request, 400, "invalid", "The body is not a JSON object.");
    }
    return body;
}

void
http_request_add_header(HttpRequest *request, const char *name, const char *value)
{
    if (request->answered || !http_parse_value_ok(name) || !http_parse_value_ok(value)) {
        g_warning("A header “%s” was not added: it came too late or has control characters.", name);
        return;
    }
    g_ptr_array_add(request->added, g_strconcat(name, ": ", value, NULL));
}

static gboolean
request_has_added(HttpRequest *request, const char *line)
{
    gsize name_size = strcspn(line, ":") + 1;

    for (guint i = 0; i < request->added->len; i++)
        if (g_ascii_strncasecmp(request->added->pdata[i], line, name_size) == 0)
            return TRUE;
    return FALSE;
}

GBytes *
http_request_make_head(HttpRequest *request)
{
    GString *head = g_string_new(NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

    g_string_append_printf(head, "HTTP/1.1 %u %s\r\n", request->status,
                           problem_status_phrase(request->status));
    /* the names in a Date are English whatever the locale is */
    g_string_append_printf(
        head, "Date: %s, %02d %s %d %02d:%02d:%02d GMT\r\nServer: Oriel\r\n",
        days[g_date_time_get_day_of_week(now) - 1], g_date_time_get_day_of_month(now),
        months[g_date_time_get_month(now) - 1], g_date_time_get_year(now),
        g_date_time_get_hour(now), g_date_time_get_minute(now), g_date_time_get_second(now));
    if (request->status != 204 && request->status != 304)
        g_string_append_printf(head, "Content-Length: %" G_GSIZE_FORMAT "\r\n",
                               request->answer ? g_bytes_get_size(request->answer) : 0);
    if (request->content_type)
        g_string_append_printf(head, "Content-Type: %s\r\n", request->content_type);
    if (request->close_after)
        g_string_append(head, "Connection: close\r\n");
    for (guint i = 0; i < request->added->len; i++)
        g_string_append_printf(head, "%s\r\n", (const char *)request->added->pdata[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(default_headers); i++)
        if (!request_has_added(request, default_headers[i]))
            g_string_append_printf(head, "%s\r\n", default_headers[i]);
    g_string_append(head, "\r\n");
    return g_string_free_to_bytes(head);
}

void
http_request_respond(HttpRequest *request, guint status, const char *content_type, GBytes *body)
{
    if (request->answered) {
        g_warning("A second answer to %s %s was dropped.", request->method, request->path);
        return;
    }
    request->answered = TRUE;
    request->status = status;
    request->content_type = g_strdup(content_type);
    request->answer = body ? g_bytes_ref(body) : NULL;
    if (request->connection)
        http_connection_answer_ready(request->connection);
}

static void
request_respond_json_as(HttpRequest *request, guint status, const char *content_type, json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);

    json_decref(body);
    if (!text) {
        g_warning("An answer to %s %s could not be written as JSON.", request->method,
                  request->path);
        http_request_respond(request, 500, NULL, NULL);
        return;
    }
    g_autoptr(GBytes) bytes = g_bytes_new_with_free_func(text, strlen(text), free, text);
    http_request_respond(request, status, content_type, bytes);
}

void
http_request_respond_json(HttpRequest *request, guint status, json_t *body)
{
    request_respond_json_as(request, status, "application/json", body);
}

void
http_request_respond_empty(HttpRequest *request, guint status)
{
    http_request_respond(request, status, NULL, NULL);
}

void
http_request_respond_problem(HttpRequest *request, guint status, const char *kind,
                             const char *detail)
{
    request_respond_json_as(request, status, "application/problem+json",
                            problem_new(status, kind, detail));
}

void
http_request_respond_error(HttpRequest *request, const GError *error)
{
    const char *kind;
    guint status = problem_status(error, &kind);

    /* What another domain says may name files and such: it is for the log. */
    gboolean ours = error->domain == ORIEL_ERROR;
    if (status == 500)
        g_warning("%s %s failed: %s", request->method, request->path, error->message);
    http_request_respond_problem(request, status, kind,
                                 ours ? error->message : "Something went wrong in the broker.");
}
