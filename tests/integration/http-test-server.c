/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The HTTP server behind its port, with a few handlers that show each thing it can do;
 * test_gateway.py drives it. Usage: http-test-server CERTIFICATE KEY IDLE-SECONDS. Prints the port,
 * ends when its standard input does.
 */
#include "broker/gateway/listener.h"
#include "broker/http/http.h"

#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    HttpServer *http;
    GQueue waiting; /* of HttpRequest */
    guint gone;     /* waiting requests whose client had left when they were answered */
} Server;

static void
handle_hello(HttpRequest *request, gpointer data)
{
    json_t *answer = json_pack(
        "{s:s, s:s, s:s*, s:s*, s:s*}", "method", http_request_method(request), "path",
        http_request_path(request), "name", http_request_param(request, "name"), "q",
        http_request_query(request, "q"), "x", http_request_header(request, "X-Oriel-Test"));

    http_request_respond_json(request, 200, answer);
}

static void
handle_echo(HttpRequest *request, gpointer data)
{
    json_t *body = http_request_json(request);

    if (body)
        http_request_respond_json(request, 200, body);
}

static void
handle_big(HttpRequest *request, gpointer data)
{
    g_autoptr(GBytes) body = g_bytes_new_take(g_strnfill(4 << 20, 'x'), 4 << 20);

    http_request_add_header(request, "Cache-Control", "max-age=60");
    http_request_respond(request, 200, "text/plain", body);
}

static void
handle_wait(HttpRequest *request, gpointer data)
{
    Server *server = data;

    g_queue_push_tail(&server->waiting, http_request_ref(request));
}

static void
handle_release(HttpRequest *request, gpointer data)
{
    Server *server = data;
    guint waiting = server->waiting.length;

    while (server->waiting.head) {
        g_autoptr(HttpRequest) held = g_queue_pop_head(&server->waiting);
        server->gone += !http_request_is_open(held);
        http_request_respond_json(held, 200, json_pack("{s:b}", "released", 1));
    }
    http_request_respond_json(request, 200,
                              json_pack("{s:i, s:i}", "waiting", waiting, "gone", server->gone));
}

static void
handle_count(HttpRequest *request, gpointer data)
{
    Server *server = data;
    guint gone = 0;

    for (GList *l = server->waiting.head; l; l = l->next)
        gone += !http_request_is_open(l->data);
    http_request_respond_json(
        request, 200, json_pack("{s:i, s:i}", "waiting", server->waiting.length, "gone", gone));
}

static gboolean
echo_check(HttpRequest *request, gpointer data)
{
    if (http_request_header(request, "x-refuse")) {
        http_request_respond_problem(request, 403, "forbidden", "The test wants it so.");
        return FALSE;
    }
    return TRUE;
}

/* Echoes; pauses reading while an answer does not fit. */
typedef struct {
    HttpSocket *socket;
    GByteArray *rest;
} Echo;

static void
echo_flush(Echo *echo)
{
    gsize taken = http_socket_send(echo->socket, echo->rest->data, echo->rest->len);

    g_byte_array_remove_range(echo->rest, 0, taken);
    http_socket_pause(echo->socket, echo->rest->len > 0);
}

static void
echo_received(HttpSocket *socket, const guint8 *data, gsize size, gpointer user)
{
    Echo *echo = user;

    if (size == 4 && memcmp(data, "quit", 4) == 0) {
        http_socket_close(socket, 1012);
        return;
    }
    g_byte_array_append(echo->rest, data, size);
    echo_flush(echo);
}

static void
echo_writable(HttpSocket *socket, gpointer user)
{
    echo_flush(user);
}

static void
echo_closed(HttpSocket *socket, gpointer user)
{
    Echo *echo = user;

    g_byte_array_unref(echo->rest);
    g_free(echo);
}

static const HttpSocketEvents echo_events = {echo_received, echo_writable, echo_closed};

static void
echo_opened(HttpSocket *socket, gpointer request_data, gpointer data)
{
    Echo *echo = g_new0(Echo, 1);

    echo->socket = socket;
    echo->rest = g_byte_array_new();
    http_socket_set_events(socket, &echo_events, echo);
}

static void
on_tls(int fd, const char *peer, gpointer user)
{
    Server *server = user;
    g_autoptr(GError) error = NULL;

    if (!http_server_adopt(server->http, fd, &error))
        g_message("%s", error->message);
}

static void
on_connect(int fd, const char *peer, gpointer user)
{
    close(fd);
}

static gboolean
on_stdin(gint fd, GIOCondition condition, gpointer data)
{
    g_main_loop_quit(data);
    return G_SOURCE_REMOVE;
}

static void
add_routes(Server *server)
{
    http_server_route(server->http, "GET", "/hello", handle_hello, server);
    http_server_route(server->http, "GET", "/hello/:name", handle_hello, server);
    http_server_route(server->http, "DELETE", "/hello/:name", handle_hello, server);
    http_server_route(server->http, "POST", "/hello", handle_hello, server);
    http_server_route(server->http, "POST", "/echo", handle_echo, server);
    http_server_route(server->http, "PATCH", "/echo", handle_echo, server);
    http_server_route(server->http, "GET", "/big", handle_big, server);
    http_server_route(server->http, "GET", "/wait", handle_wait, server);
    http_server_route(server->http, "POST", "/wait", handle_wait, server);
    http_server_route(server->http, "GET", "/release", handle_release, server);
    http_server_route(server->http, "GET", "/count", handle_count, server);
    http_server_route_socket(server->http, "/ws", echo_check, echo_opened, server);
}

int
main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    const char *addresses[] = {"127.0.0.1", "::1", NULL};
    guint idle = atoi(argv[3]);
    HttpServerOptions http = {argv[1], argv[2], 64 * 1024, 300, idle};
    ListenerOptions options = {addresses, 0, 256, 256, idle};
    ListenerEvents events = {on_tls, on_connect};
    g_autoptr(GError) error = NULL;
    Server server = {NULL, G_QUEUE_INIT, 0};
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);

    server.http = http_server_new(&http, &error);
    Listener *listener = server.http ? listener_new(&options, &events, &server, &error) : NULL;
    if (!listener) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    add_routes(&server);
    printf("%u\n", listener_port(listener));
    fflush(stdout);
    g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP, on_stdin, loop);
    g_main_loop_run(loop);
    listener_free(listener);
    http_server_free(server.http);
    g_queue_clear_full(&server.waiting, (GDestroyNotify)http_request_unref);
    return 0;
}
