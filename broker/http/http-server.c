/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/http/http-parse.h"
#include "broker/http/http-private.h"

#include "common/error.h"

#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <string.h>
#include <unistd.h>

#define HEADERS_MAX 16384 /* bytes of one request's head */

/* A peer that is silent for so long is asked with a ping, and dropped when it does not answer. */
static const lws_retry_bo_t idle_policy = {
    .secs_since_valid_ping = 30,
    .secs_since_valid_hangup = 45,
};

static void
server_dispatch(HttpServer *server, HttpRequest *request)
{
    HttpTarget *target = NULL;
    g_autofree char *allow = NULL;

    request->dispatched = TRUE;
    switch (router_match(server->router, request->method, request->path, (gpointer *)&target,
                         &request->params, &allow)) {
    case ROUTER_FOUND:
        target->handler(request, target->data);
        break;
    case ROUTER_NO_METHOD:
        http_request_add_header(request, "Allow", allow);
        http_request_respond_problem(request, 405, "method-not-allowed",
                                     "The address knows other methods only.");
        break;
    case ROUTER_NO_PATH:
        http_request_respond_problem(request, 404, "not-found",
                                     "There is nothing at this address.");
        break;
    }
}

/* Handlers may drop the connection's reference by answering at once; the request stays ours for the
 * call. */
static void
connection_dispatch(HttpConnection *connection)
{
    g_autoptr(HttpRequest) request = http_request_ref(connection->request);

    server_dispatch(connection->server, request);
    if (!request->answered)
        http_connection_wait(connection);
}

/*
 * libwebsockets 4.1 takes what it had read ahead of a pipelined request for that request's body,
 * and may never come back from that. It does not say what it has read ahead on one connection, but
 * whether it has on any: that is near enough, as the first request of a connection is never
 * concerned, and no client that is worth it pipelines a request with a body.
 */
static gboolean
connection_may_be_pipelined(HttpConnection *connection)
{
    return connection->reused && lws_service_adjust_timeout(connection->server->context, 1, 0) == 0;
}

static int
connection_request(HttpConnection *connection)
{
    HttpRequest *request = http_connection_read_head(connection, FALSE);

    if (!request)
        return -1;
    if (http_request_expects_body(request) && connection_may_be_pipelined(connection)) {
        request->answer_now = TRUE;
        request->close_after = TRUE;
        if (!request->answered)
            http_request_respond_problem(request, 503, "busy",
                                         "A request with a body cannot be pipelined. Try again.");
        http_connection_answer_now(connection);
        return -1;
    }
    if (!request->answered && request->content_length == 0)
        connection_dispatch(connection);
    return 0;
}

static int
connection_body(HttpConnection *connection, const guint8 *data, gsize size)
{
    HttpRequest *request = connection->request;
    gint64 limit = (gint64)connection->server->options.idle_seconds * G_USEC_PER_SEC;

    if (!request || request->dispatched || request->answered)
        return 0;
    if (g_get_monotonic_time() - request->began > limit)
        return -1;
    if (size > request->content_length - request->body->len)
        return -1;
    g_byte_array_append(request->body, data, size);
    return 0;
}

static int
connection_body_complete(HttpConnection *connection)
{
    HttpRequest *request = connection->request;

    if (!request || request->dispatched)
        return 0;
    if (request->answered) {
        /* All that nobody wanted is read: the answer can go out as any other, and nothing more is
         * read. */
        request->dispatched = TRUE;
        http_connection_answer_ready(connection);
        return 0;
    }
    if (request->body->len == request->content_length)
        connection_dispatch(connection);
    return 0;
}

static const char *
upgrade_problem(HttpRequest *request, const char *protocol)
{
    const char *version = http_request_header(request, "sec-websocket-version");
    const char *offered = http_request_header(request, "sec-websocket-protocol");
    const char *key = http_request_header(request, "sec-websocket-key");
    const char *connection = http_request_header(request, "connection");

    if (g_ascii_strcasecmp(protocol, "websocket") != 0 || !g_str_equal(request->method, "GET"))
        return "A connection can be upgraded to a WebSocket only.";
    if (!connection || !http_parse_list_has(connection, "upgrade", TRUE) || !key || !version ||
        !g_str_equal(version, "13"))
        return "The WebSocket handshake is malformed.";
    if (!offered || !http_parse_list_has(offered, "binary", FALSE))
        return "The subprotocol “binary” has to be offered.";
    return NULL;
}

/* TRUE: go on with the handshake. */
static gboolean
connection_upgrade(HttpConnection *connection, const char *protocol)
{
    g_autoptr(HttpRequest) request = http_connection_read_head(connection, TRUE);

    if (!request)
        return FALSE;
    http_request_ref(request); /* the connection has the first one */
    if (!request->answered) {
        const char *wrong = upgrade_problem(request, protocol);
        HttpTarget *target = g_hash_table_lookup(connection->server->socket_routes, request->path);
        if (wrong)
            http_request_respond_problem(request, 400, "invalid", wrong);
        else if (!target)
            http_request_respond_problem(request, 404, "not-found",
                                         "There is no stream at this address.");
        else if (target->check(request, target->data) && !request->answered)
            return TRUE;
        else if (!request->answered)
            http_request_respond_problem(request, 500, "failed", NULL);
    }
    http_connection_answer_now(connection);
    return FALSE;
}

static int
connection_established(HttpConnection *connection)
{
    HttpRequest *request = g_steal_pointer(&connection->request);
    HttpTarget *target =
        request ? g_hash_table_lookup(connection->server->socket_routes, request->path) : NULL;

    if (!target) {
        http_request_unref(request);
        return -1;
    }
    gpointer data = g_steal_pointer(&request->data);
    http_request_detach(request);
    http_request_unref(request);
    connection->socket = http_socket_new(connection);
    target->opened(connection->socket, data, target->data);
    return 0;
}

static void
connection_closed(HttpConnection *connection)
{
    http_socket_free(g_steal_pointer(&connection->socket));
    if (connection->request) {
        HttpRequest *request = g_steal_pointer(&connection->request);
        http_request_detach(request);
        http_request_unref(request);
    }
}

static int
server_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    HttpConnection *connection = wsi ? lws_get_opaque_user_data(wsi) : NULL;

    if (!connection)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return connection_request(connection);
    case LWS_CALLBACK_HTTP_BODY:
        return connection_body(connection, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return connection_body_complete(connection);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return http_connection_writable(connection);
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return connection_upgrade(connection, in) ? 0 : -1;
    case LWS_CALLBACK_ESTABLISHED:
        return connection_established(connection);
    case LWS_CALLBACK_RECEIVE:
        return connection->socket
                   ? http_socket_received(connection->socket, in, len, lws_frame_is_binary(wsi))
                   : -1;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return connection->socket ? http_socket_writable(connection->socket) : -1;
    case LWS_CALLBACK_RAW_ADOPT: /* what the library makes of CONNECT */
    case LWS_CALLBACK_RAW_RX:
        return -1;
    case LWS_CALLBACK_RAW_CLOSE:
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_CLOSED_HTTP:
        connection_closed(connection);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        lws_set_opaque_user_data(wsi, NULL);
        http_connection_free(connection);
        return 0;
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "oriel-http", .callback = server_callback, .rx_buffer_size = 16384},
    {.name = "binary", .callback = server_callback, .rx_buffer_size = 16384},
    {.name = NULL},
};

static void
server_log(int level, const char *line)
{
    g_autofree char *text = g_strchomp(g_strdup(line));

    g_debug("http: %s", text);
}

static gboolean
server_open(HttpServer *server, GError **error)
{
    struct lws_context_creation_info info = {0};
    void *loops[1] = {server->loop};

    /* only errors: the lower levels would write down what clients send, tickets among it */
    lws_set_log_level(LLL_ERR, server_log);
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
    info.options = LWS_SERVER_OPTION_GLIB | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                   LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
    info.foreign_loops = loops;
    info.protocols = protocols;
    info.gid = (gid_t)-1;
    info.uid = (uid_t)-1;
    info.vhost_name = "oriel";
    info.max_http_header_data2 = HEADERS_MAX;
    /* a request keeps its head while it waits: as many heads as connections */
    info.max_http_header_pool2 = server->options.max_connections;
    info.pt_serv_buf_size = 32 * 1024;
    info.timeout_secs = server->options.idle_seconds;
    info.timeout_secs_ah_idle = server->options.idle_seconds;
    info.keepalive_timeout = server->options.idle_seconds;
    info.retry_and_idle_policy = &idle_policy;
    info.alpn = "http/1.1";
    info.ssl_cert_filepath = server->options.certificate_file;
    info.ssl_private_key_filepath = server->options.key_file;
    info.ssl_options_set = SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 |
                           SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION;
    server->context = lws_create_context(&info);
    if (server->context)
        server->vhost = lws_create_vhost(server->context, &info);
    if (!server->vhost) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED,
                    "The HTTPS server cannot start with the certificate %s.",
                    server->options.certificate_file);
        return FALSE;
    }
    return TRUE;
}

HttpServer *
http_server_new(const HttpServerOptions *options, GError **error)
{
    HttpServer *server = g_new0(HttpServer, 1);

    server->options = *options;
    server->options.certificate_file = g_strdup(options->certificate_file);
    server->options.key_file = g_strdup(options->key_file);
    server->loop = g_main_loop_new(NULL, FALSE);
    server->router = router_new();
    server->addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    server->targets = g_ptr_array_new_with_free_func(g_free);
    server->socket_routes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!server_open(server, error))
        g_clear_pointer(&server, http_server_free);
    return server;
}

void
http_server_free(HttpServer *server)
{
    if (!server)
        return;
    server->ending = TRUE;
    if (server->context)
        lws_context_destroy(server->context);
    g_main_loop_unref(server->loop);
    router_free(server->router);
    g_hash_table_unref(server->socket_routes);
    g_ptr_array_unref(server->targets);
    g_hash_table_unref(server->addresses);
    g_free((char *)server->options.certificate_file);
    g_free((char *)server->options.key_file);
    g_free(server);
}

gboolean
http_server_reload_certificate(HttpServer *server, GError **error)
{
    if (lws_tls_cert_updated(server->context, server->options.certificate_file,
                             server->options.key_file, NULL, 0, NULL, 0) == 0)
        return TRUE;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "The certificate %s cannot be read.",
                server->options.certificate_file);
    return FALSE;
}

static char *
numeric_peer(int fd)
{
    g_autoptr(GSocketAddress) address = NULL;
    struct sockaddr_storage native;
    socklen_t size = sizeof native;

    if (getpeername(fd, (struct sockaddr *)&native, &size) == 0)
        address = g_socket_address_new_from_native(&native, size);
    if (!address || !G_IS_INET_SOCKET_ADDRESS(address))
        return g_strdup("unknown");
    return g_inet_address_to_string(
        g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address)));
}

gboolean
http_server_adopt(HttpServer *server, int fd, GError **error)
{
    if (server->connections >= server->options.max_connections) {
        close(fd);
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_BUSY, "%u connections are open already.",
                    server->connections);
        return FALSE;
    }
    g_autofree char *peer = numeric_peer(fd);
    ClientsVerdict verdict = http_clients_judge(server, peer);
    if (verdict == CLIENTS_CLOSE) {
        close(fd);
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_BUSY, "Its address has too many.");
        return FALSE;
    }
    struct lws *wsi = lws_adopt_socket_vhost(server->vhost, fd); /* closes fd on failure */
    if (!wsi) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "The connection could not be taken.");
        return FALSE;
    }
    HttpConnection *connection = http_connection_new(server, wsi, peer);
    connection->refused = verdict == CLIENTS_REFUSE;
    lws_set_opaque_user_data(wsi, connection);
    return TRUE;
}

static HttpTarget *
server_add_target(HttpServer *server, const HttpTarget *fields)
{
    HttpTarget *target = g_memdup2(fields, sizeof *fields);

    g_ptr_array_add(server->targets, target);
    return target;
}

void
http_server_route(HttpServer *server, const char *method, const char *pattern, HttpHandler handler,
                  gpointer data)
{
    HttpTarget fields = {.handler = handler, .data = data};

    router_add(server->router, method, pattern, server_add_target(server, &fields));
}

void
http_server_route_socket(HttpServer *server, const char *path, HttpSocketCheck check,
                         HttpSocketOpened opened, gpointer data)
{
    HttpTarget fields = {.check = check, .opened = opened, .data = data};

    g_hash_table_insert(server->socket_routes, g_strdup(path), server_add_target(server, &fields));
}
