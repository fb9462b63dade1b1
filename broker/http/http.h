/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include <jansson.h>

/*
 * Our own small face of the HTTP and WebSocket server; libwebsockets stands behind it
 * (http-server.c, http-connection.c, http-socket.c) and is named nowhere else.
 *
 * Everything here runs on the thread of the default main context: handlers are called there, and
 * answers are given there. A handler may answer at once or later: it keeps the request by
 * http_request_ref(). A request whose client went away stays valid until its last reference is
 * dropped; answering it then does nothing.
 */

typedef struct HttpServer HttpServer;
typedef struct HttpRequest HttpRequest;
typedef struct HttpSocket HttpSocket;

typedef struct {
    const char *certificate_file; /* PEM, the server's certificate followed by its authority's */
    const char *key_file;         /* PEM */
    gsize max_body;               /* bytes; a longer body is answered with 413 */
    guint max_connections;        /* over all; more are closed at once */
    guint idle_seconds; /* a connection that has not sent its whole request by then is closed */
    /* of one client's address (IPv6: of its /64); more are told 429, many more closed at once.
     * 0: no bound of their own */
    guint max_connections_of_address;
} HttpServerOptions;

/* Returns a server that listens nowhere: connections are handed to it by http_server_adopt(). */
HttpServer *http_server_new(const HttpServerOptions *options, GError **error);
void http_server_free(HttpServer *server);

/* Reads the certificate and key files again, for connections from now on. On failure the old ones
 * stay in use. */
gboolean http_server_reload_certificate(HttpServer *server, GError **error);

/* Takes a connected TCP socket whose first byte is a TLS hello. Takes ownership of the descriptor,
 * also on failure. */
gboolean http_server_adopt(HttpServer *server, int fd, GError **error);

typedef void (*HttpHandler)(HttpRequest *request, gpointer data);

/*
 * Calls handler for method and pattern. A pattern's segment ":name" stands for any one segment; a
 * last segment "*" for the rest. A path that is known with other methods is answered with 405 and
 * Allow; an unknown one with 404; both as problem+json.
 */
void http_server_route(HttpServer *server, const char *method, const char *pattern,
                       HttpHandler handler, gpointer data);

HttpRequest *http_request_ref(HttpRequest *request);
void http_request_unref(HttpRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpRequest, http_request_unref)

const char *http_request_method(HttpRequest *request);
const char *http_request_path(HttpRequest *request); /* decoded, without the query */
const char *
http_request_param(HttpRequest *request,
                   const char *name); /* of the pattern, decoded; NULL if there is none */
const char *http_request_query(HttpRequest *request,
                               const char *name); /* decoded; NULL if it is not there */
const char *http_request_header(HttpRequest *request,
                                const char *name); /* NULL if it is not there */
char *http_request_cookie(HttpRequest *request,
                          const char *name);         /* owned by the caller, or NULL */
const char *http_request_peer(HttpRequest *request); /* the client's numeric address */
gboolean http_request_is_open(HttpRequest *request); /* the client still waits */

/* The body as a JSON object (a new reference). On a malformed one, one that is no object, or a
 * wrong Content-Type, answers the request itself with a 400 or 415 problem and returns NULL. */
json_t *http_request_json(HttpRequest *request);

/* Adds a header to the answer; before it is sent. Values with control characters are refused
 * (programmer's error, logged). */
void http_request_add_header(HttpRequest *request, const char *name, const char *value);

/* Answers. Each is given once; a second is ignored and logged. respond_json takes over the
 * reference to body. */
void http_request_respond(HttpRequest *request, guint status, const char *content_type,
                          GBytes *body);
void http_request_respond_json(HttpRequest *request, guint status, json_t *body);
void http_request_respond_empty(HttpRequest *request, guint status);

/* RFC 9457: type is ".../problems/KIND", detail a whole sentence for a person. */
void http_request_respond_problem(HttpRequest *request, guint status, const char *kind,
                                  const char *detail);
/* The same for an error of ours (common/error.h): its code decides status and kind. */
void http_request_respond_error(HttpRequest *request, const GError *error);

/*
 * WebSocket. check is called with the upgrade request, before it is accepted; it returns FALSE
 * after answering with a problem. On acceptance the subprotocol "binary" is chosen and opened is
 * called with what check stored by http_request_set_data(), which is opened's to free from then on;
 * where the client is gone before that, the request frees it. A client that does not offer "binary"
 * is answered with 400 before check is called.
 */
typedef gboolean (*HttpSocketCheck)(HttpRequest *request, gpointer data);
typedef void (*HttpSocketOpened)(HttpSocket *socket, gpointer request_data, gpointer data);
void http_server_route_socket(HttpServer *server, const char *path, HttpSocketCheck check,
                              HttpSocketOpened opened, gpointer data);
void http_request_set_data(HttpRequest *request, gpointer data, GDestroyNotify destroy);

typedef struct {
    void (*received)(HttpSocket *socket, const guint8 *data, gsize size,
                     gpointer user);                     /* binary frames, any fragmentation */
    void (*writable)(HttpSocket *socket, gpointer user); /* room again after a short write */
    void (*closed)(HttpSocket *socket, gpointer user);   /* last call; socket is gone after it */
} HttpSocketEvents;

void http_socket_set_events(HttpSocket *socket, const HttpSocketEvents *events, gpointer user);
/* Queues bytes of a binary stream; what waits goes in frames of up to 64 KiB. Returns how many bytes
 * were taken (0 when the bounded queue, 256 KiB, is full: wait for writable). */
gsize http_socket_send(HttpSocket *socket, const guint8 *data, gsize size);
void http_socket_pause(HttpSocket *socket, gboolean pause); /* stops and resumes received */
/* Closes with code after what is queued was sent, or after 5 s. received and writable are not
 * called any more; closed is. */
void http_socket_close(HttpSocket *socket, guint16 code);
