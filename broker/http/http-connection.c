/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/http/http-parse.h"
#include "broker/http/http-private.h"

#include <glib-unix.h>
#include <libwebsockets.h>
#include <poll.h>
#include <string.h>

#define CHUNK                (16 * 1024)
#define ANSWER_STALL_SECONDS 30
#define LINGER_SECONDS       2

/* A request that has one of these twice could be read two ways. */
static const enum lws_token_indexes once_only[] = {
    WSI_TOKEN_HOST,
    WSI_TOKEN_HTTP_AUTHORIZATION,
    WSI_TOKEN_HTTP_CONTENT_LENGTH,
    WSI_TOKEN_HTTP_CONTENT_TYPE,
    WSI_TOKEN_HTTP_TRANSFER_ENCODING,
    WSI_TOKEN_ORIGIN,
    WSI_TOKEN_HTTP_COOKIE,
    WSI_TOKEN_UPGRADE,
    WSI_TOKEN_KEY,
    WSI_TOKEN_VERSION,
    WSI_TOKEN_PROTOCOL,
};

typedef struct {
    enum lws_token_indexes token;
    const char *name;
} Method;

static const Method methods[] = {
    {WSI_TOKEN_GET_URI, "GET"},         {WSI_TOKEN_POST_URI, "POST"},
    {WSI_TOKEN_PUT_URI, "PUT"},         {WSI_TOKEN_PATCH_URI, "PATCH"},
    {WSI_TOKEN_DELETE_URI, "DELETE"},   {WSI_TOKEN_HEAD_URI, "HEAD"},
    {WSI_TOKEN_OPTIONS_URI, "OPTIONS"},
};

HttpConnection *
http_connection_new(HttpServer *server, struct lws *wsi, const char *peer)
{
    HttpConnection *connection = g_new0(HttpConnection, 1);

    connection->server = server;
    connection->wsi = wsi;
    connection->peer = g_strdup(peer);
    connection->key = http_clients_add(server, peer);
    server->connections++;
    return connection;
}

static void
connection_unwatch(HttpConnection *connection)
{
    if (!connection->watch)
        return;
    g_source_destroy(connection->watch);
    g_clear_pointer(&connection->watch, g_source_unref);
}

static void
connection_drop_request(HttpConnection *connection)
{
    HttpRequest *request = g_steal_pointer(&connection->request);

    if (!request)
        return;
    http_request_detach(request);
    http_request_unref(request);
}

void
http_connection_free(HttpConnection *connection)
{
    connection_unwatch(connection);
    connection_drop_request(connection);
    http_socket_free(connection->socket);
    connection->server->connections--;
    http_clients_remove(connection->server, connection->key);
    g_free(connection->peer);
    g_free(connection);
}

static gboolean
connection_gone(gint fd, GIOCondition condition, gpointer data)
{
    HttpConnection *connection = data;

    connection_unwatch(connection);
    lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
    return G_SOURCE_REMOVE;
}

static gboolean
connection_can_write(gint fd, GIOCondition condition, gpointer data)
{
    HttpConnection *connection = data;

    connection_unwatch(connection);
    if (condition & (G_IO_ERR | G_IO_HUP | G_IO_NVAL)) {
        lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
        return G_SOURCE_REMOVE;
    }
    lws_rx_flow_control(connection->wsi, 1);
    lws_callback_on_writable(connection->wsi);
    return G_SOURCE_REMOVE;
}

/*
 * libwebsockets 4.1 does not read from a connection while a request of it is being answered, yet
 * leaves the descriptor in its poll set: a client that sends more, or hangs up, would make it spin.
 * And told to look away (rx flow control) it does not look for room to write either. So while a
 * request waits or an answer is on its way the library looks away, and we watch.
 */
static void
connection_watch(HttpConnection *connection, GIOCondition condition, GUnixFDSourceFunc func)
{
    connection_unwatch(connection);
    lws_rx_flow_control(connection->wsi, 0);
    connection->watch = g_unix_fd_source_new(lws_get_socket_fd(connection->wsi), condition);
    g_source_set_callback(connection->watch, G_SOURCE_FUNC(func), connection, NULL);
    g_source_attach(connection->watch, NULL);
}

void
http_connection_wait(HttpConnection *connection)
{
    lws_set_timeout(connection->wsi, NO_PENDING_TIMEOUT, 0);
    connection_watch(connection, (GIOCondition)(POLLRDHUP | G_IO_HUP | G_IO_ERR), connection_gone);
}

/* The client still sends a body that nobody wants: it is read and thrown away until the answer is
 * out. */
static gboolean
connection_is_discarding(HttpConnection *connection)
{
    return !connection->request->dispatched && connection->request->content_length > 0;
}

void
http_connection_answer_ready(HttpConnection *connection)
{
    if (connection->request->answer_now)
        return; /* sent by http_connection_answer_now() */
    if (connection_is_discarding(connection))
        lws_callback_on_writable(connection->wsi);
    else
        connection_watch(connection, G_IO_OUT, connection_can_write);
}

/* Copies up to size bytes of the answer from where it stands; head and body are one stream here. */
static gsize
request_next_bytes(HttpRequest *request, guint8 *buffer, gsize size)
{
    gsize head_size, body_size = 0, taken = 0;
    const guint8 *head = g_bytes_get_data(request->head, &head_size);
    const guint8 *body = NULL;

    if (request->answer && !g_str_equal(request->method, "HEAD"))
        body = g_bytes_get_data(request->answer, &body_size);
    if (request->sent < head_size) {
        taken = MIN(size, head_size - request->sent);
        memcpy(buffer, head + request->sent, taken);
    }
    gsize at = request->sent + taken - head_size;
    if (request->sent + taken >= head_size && at < body_size) {
        gsize more = MIN(size - taken, body_size - at);
        memcpy(buffer + taken, body + at, more);
        taken += more;
    }
    request->sent += taken;
    return taken;
}

/* < 0: broken; 0: all is written; 1: more */
static int
connection_write_chunk(HttpConnection *connection)
{
    HttpRequest *request = connection->request;
    g_autofree guint8 *buffer = g_malloc(LWS_PRE + CHUNK);

    if (!request->head)
        request->head = http_request_make_head(request);
    gsize size = request_next_bytes(request, buffer + LWS_PRE, CHUNK);
    if (size == 0)
        return 0;
    int sent = lws_write(connection->wsi, buffer + LWS_PRE, size, LWS_WRITE_HTTP_HEADERS);
    return sent < (int)size ? -1 : 1;
}

void
http_connection_answer_now(HttpConnection *connection)
{
    while (connection_write_chunk(connection) > 0)
        ;
}

static int
connection_answer_sent(HttpConnection *connection)
{
    gboolean discarding = connection_is_discarding(connection);
    gboolean close_after = connection->request->close_after;

    if (discarding) {
        /* Closing with unread bytes would reset the connection, and the client might never read
         * why. */
        lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LINGER_SECONDS);
        return 0;
    }
    connection_drop_request(connection);
    connection->reused = TRUE;
    return close_after || lws_http_transaction_completed(connection->wsi) ? -1 : 0;
}

/* All of the answer is with the library. */
static gboolean
request_is_written(HttpRequest *request)
{
    gsize body = request->answer && !g_str_equal(request->method, "HEAD")
                     ? g_bytes_get_size(request->answer)
                     : 0;

    return request->head && request->sent == g_bytes_get_size(request->head) + body;
}

int
http_connection_writable(HttpConnection *connection)
{
    HttpRequest *request = connection->request;

    if (!request || !request->answered)
        return 0;
    if (!lws_partial_buffered(connection->wsi) && !request_is_written(request) &&
        connection_write_chunk(connection) < 0)
        return -1;
    /* At once, before the client's next request is read: the library would keep that as read ahead.
     */
    if (request_is_written(request) && !lws_partial_buffered(connection->wsi))
        return connection_answer_sent(connection);
    lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_REASON_BASE, ANSWER_STALL_SECONDS);
    http_connection_answer_ready(connection);
    return 0;
}

char *
http_connection_custom_header(HttpConnection *connection, const char *name)
{
    g_autofree char *key = g_strconcat(name, ":", NULL);
    int size = lws_hdr_custom_length(connection->wsi, key, strlen(key));

    if (size < 0)
        return NULL;
    char *value = g_malloc0(size + 1);
    if (lws_hdr_custom_copy(connection->wsi, value, size + 1, key, strlen(key)) < 0)
        g_clear_pointer(&value, g_free);
    return value;
}

/* One part of a header, owned by the caller; NULL where there is none. */
static char *
connection_fragment(HttpConnection *connection, enum lws_token_indexes token, int index)
{
    int size = lws_hdr_fragment_length(connection->wsi, token, index);

    if (size <= 0)
        return NULL;
    char *text = g_malloc0(size + 1);
    if (lws_hdr_copy_fragment(connection->wsi, text, size + 1, token, index) < 0)
        g_clear_pointer(&text, g_free);
    return text;
}

static void
connection_read_query(HttpConnection *connection, HttpRequest *request)
{
    char *part;

    for (int i = 0; (part = connection_fragment(connection, WSI_TOKEN_HTTP_URI_ARGS, i)); i++) {
        char *equals = strchr(part, '=');
        char *value = g_strdup(equals ? equals + 1 : "");
        if (equals)
            *equals = '\0';
        if (g_utf8_validate(part, -1, NULL) && g_utf8_validate(value, -1, NULL) &&
            !g_hash_table_contains(request->query, part)) {
            g_hash_table_insert(request->query, part, value);
        } else {
            g_free(part);
            g_free(value);
        }
    }
}

static void
connection_read_headers(HttpConnection *connection, HttpRequest *request)
{
    for (int token = 0; token < WSI_TOKEN_COUNT; token++) {
        const char *name = (const char *)lws_token_to_string((enum lws_token_indexes)token);
        if (!name || name[0] == ':' || !g_str_has_suffix(name, ":"))
            continue;
        char *value = connection_fragment(connection, (enum lws_token_indexes)token, 0);
        if (value)
            g_hash_table_insert(request->headers, g_strndup(name, strlen(name) - 1),
                                g_strstrip(value));
    }
}

/* What is wrong with the head, or NULL. */
static const char *
connection_check_head(HttpConnection *connection, HttpRequest *request, guint *status)
{
    g_autofree char *version = connection_fragment(connection, WSI_TOKEN_HTTP, 0);
    const char *length = g_hash_table_lookup(request->headers, "content-length");

    *status = 400;
    for (gsize i = 0; i < G_N_ELEMENTS(once_only); i++)
        if (lws_hdr_fragment_length(connection->wsi, once_only[i], 1) > 0)
            return "A header that may stand once stands twice.";
    if (!http_parse_path_ok(request->path, strlen(request->path)))
        return "The path is malformed.";
    if (length && !http_parse_content_length(length, &request->content_length))
        return "The Content-Length is malformed.";
    if (g_hash_table_contains(request->headers, "transfer-encoding")) {
        *status = 411;
        return "A body needs a Content-Length.";
    }
    if (!version)
        return "The request line is malformed.";
    if (!g_str_equal(version, "HTTP/1.1") && !g_str_equal(version, "HTTP/1.0")) {
        *status = 505;
        return "The server speaks HTTP/1.1.";
    }
    if (g_str_equal(version, "HTTP/1.1") && !g_hash_table_contains(request->headers, "host"))
        return "The Host header is missing.";
    if (request->content_length > connection->server->options.max_body) {
        *status = 413;
        return "The body is too long.";
    }
    return NULL;
}

static void
connection_decide_close(HttpRequest *request, gboolean is_http10)
{
    const char *token = g_hash_table_lookup(request->headers, "connection");

    if (token ? http_parse_list_has(token, "close", TRUE) : is_http10)
        request->close_after = TRUE;
    /* the library would wait for a body of unknown length */
    if (request->content_length == 0 && http_request_expects_body(request))
        request->close_after = TRUE;
}

HttpRequest *
http_connection_read_head(HttpConnection *connection, gboolean is_upgrade)
{
    const Method *method = NULL;
    guint status;

    for (gsize i = 0; i < G_N_ELEMENTS(methods) && !method; i++)
        if (lws_hdr_total_length(connection->wsi, methods[i].token) > 0)
            method = &methods[i];
    if (!method)
        return NULL;

    g_autofree char *path = connection_fragment(connection, method->token, 0);
    /* the library splits a path at an ampersand as if it were a query */
    gboolean split = lws_hdr_fragment_length(connection->wsi, method->token, 1) > 0;
    HttpRequest *request = http_request_new(connection, method->name, split || !path ? "" : path);
    request->answer_now = is_upgrade;
    connection_drop_request(connection);
    connection->request = request;
    connection_read_headers(connection, request);
    connection_read_query(connection, request);

    const char *wrong = connection_check_head(connection, request, &status);
    connection_decide_close(request, lws_hdr_total_length(connection->wsi, WSI_TOKEN_HTTP1_0) > 0);
    if (wrong || is_upgrade || connection->refused)
        request->close_after = TRUE;
    if (connection->refused) {
        http_request_add_header(request, "Retry-After", "5");
        http_request_respond_problem(request, 429, "too-many-requests",
                                     "Too many connections come from your address. Close some, or "
                                     "try again later.");
    } else if (wrong)
        http_request_respond_problem(request, status,
                                     status == 413 ? "payload-too-large" : "invalid", wrong);
    return request;
}
