/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/http/http.h"
#include "broker/http/router.h"

/* What the files of this folder know of each other. Nobody else includes this. */

typedef struct HttpConnection HttpConnection;

/* The protocol library's handle of a connection; only http-connection.c, http-server.c and
 * http-socket.c look into it. */
struct lws;

typedef struct {
    HttpHandler handler;
    HttpSocketCheck check; /* a WebSocket route has check and opened instead of handler */
    HttpSocketOpened opened;
    gpointer data;
} HttpTarget;

struct HttpServer {
    struct lws_context *context;
    struct lws_vhost *vhost;
    GMainLoop *loop; /* a face of the default main context that the library wants; never run */
    Router *router;
    GPtrArray *targets;
    GHashTable *socket_routes; /* path → HttpTarget */
    HttpServerOptions options; /* its strings are ours */
    guint connections;
    GHashTable *addresses; /* client_key() → how many connections, of those there are */
    gboolean ending;
};

struct HttpConnection {
    HttpServer *server;
    struct lws *wsi;
    char *peer;
    char *key;            /* of server->addresses */
    gboolean refused;     /* its address has too many: each request is told so */
    HttpRequest *request; /* the one that is being read or answered */
    HttpSocket *socket;   /* after an upgrade */
    GSource *watch;       /* on the descriptor, while the library is told to look away */
    gboolean reused;      /* a request was answered on it before */
};

struct HttpRequest {
    guint refs;
    HttpConnection *connection; /* NULL when the client is gone, or the answer was sent */
    char *method;
    char *path;
    char *peer;
    GHashTable *headers; /* lower case name → value */
    GHashTable *query;
    GHashTable *params; /* NULL before the route is known */
    GByteArray *body;
    guint64 content_length;
    gint64 began; /* monotonic, µs */
    gboolean dispatched;
    gboolean answer_now;  /* while the library waits for a word: an upgrade, a refusal */
    gboolean close_after; /* the connection ends with this answer */

    gboolean answered;
    guint status;
    char *content_type;
    GBytes *answer;
    GPtrArray *added; /* "Name: value" lines */
    GBytes *head;     /* as sent */
    gsize sent;       /* of head and answer together */

    gpointer data;
    GDestroyNotify data_destroy;
};

/* http-request.c: a request of this connection with empty fields, one reference. */
HttpRequest *http_request_new(HttpConnection *connection, const char *method, const char *path);
/* The bytes of the answer's head; content_length 0 where the status forbids a body. */
GBytes *http_request_make_head(HttpRequest *request);
/* The client is gone, or all is sent. */
void http_request_detach(HttpRequest *request);
/* The library will look for a body. */
gboolean http_request_expects_body(HttpRequest *request);

/* http-clients.c: how many connections each client's address has. */
typedef enum { CLIENTS_TAKE, CLIENTS_REFUSE, CLIENTS_CLOSE } ClientsVerdict;
/* What to do with one more of that address. */
ClientsVerdict http_clients_judge(HttpServer *server, const char *peer);
/* Counts a connection; the key is to be given to http_clients_remove(). */
char *http_clients_add(HttpServer *server, const char *peer);
void http_clients_remove(HttpServer *server, char *key);

/* http-connection.c */
HttpConnection *http_connection_new(HttpServer *server, struct lws *wsi, const char *peer);
void http_connection_free(HttpConnection *connection);
/* Reads the request's head out of the library. NULL when it is so broken that it cannot be
 * answered. Where something is wrong with it, it is answered (with a problem, closing the
 * connection) already. */
HttpRequest *http_connection_read_head(HttpConnection *connection, gboolean is_upgrade);
/* The answer stands in the request: send it. */
void http_connection_answer_ready(HttpConnection *connection);
/* Sends a part of the answer. < 0: the connection is to be closed now. */
int http_connection_writable(HttpConnection *connection);
/* Sends a small answer whole, at once. */
void http_connection_answer_now(HttpConnection *connection);
/* Looks away from what the client sends next until the answer is ready; notices that it went away.
 */
void http_connection_wait(HttpConnection *connection);
char *http_connection_custom_header(HttpConnection *connection, const char *name);

/* http-socket.c */
HttpSocket *http_socket_new(HttpConnection *connection);
void http_socket_free(HttpSocket *socket); /* calls closed */
int http_socket_received(HttpSocket *socket, const guint8 *data, gsize size, gboolean binary);
int http_socket_writable(HttpSocket *socket); /* < 0: close now */
