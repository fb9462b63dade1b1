/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/gateway/ticket-book.h"
#include "broker/http/http.h"

/*
 * The broker's one port. HTTPS goes to the HTTP server; /stream/vnc there, a WebSocket, and
 * CONNECT, with a SPICE link inside TLS, lead to desktops for whoever has a ticket. Default main
 * context.
 *
 * How a VNC WebSocket is closed: 1012 when the display ended (come again with a new ticket), 1013
 * when it could not be opened (try again later), 1008 when the session was ended.
 */

typedef struct Gateway Gateway;

/* fd is the callee's, a connected stream socket to a display; -1 with error set. */
typedef void (*GatewayOpened)(int fd, const GError *error, gpointer data);

typedef struct {
    /* Opens a desktop's display; protocol is "vnc" or "spice". opened has to be called exactly
     * once, later than this returns, and before the gateway is freed or not at all. */
    void (*open)(const char *host, const char *desktop, const char *protocol, GatewayOpened opened,
                 gpointer data, gpointer user);
} GatewayBackend;

typedef struct {
    HttpServer *http;    /* has to live as long as the gateway */
    TicketBook *tickets; /* the same */
    const char *certificate_file;
    const char *key_file;
    const char *const *addresses; /* to listen on, numeric; NULL at the end */
    guint16 port;                 /* 0: any */
    const char *const
        *origins; /* of pages that may open streams besides our own, "https://name:port"; or NULL */
    GatewayBackend backend;
    gpointer backend_user;
} GatewayOptions;

Gateway *gateway_new(const GatewayOptions *options, GError **error);
/* Ends all streams that are not VNC; those end with the HTTP server, which is to be freed after the
 * gateway. */
void gateway_free(Gateway *gateway);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Gateway, gateway_free)

guint16 gateway_port(Gateway *gateway);
/* Reads the certificate again, for SPICE streams from now on (HTTP has its own call). */
gboolean gateway_reload_certificate(Gateway *gateway, GError **error);
