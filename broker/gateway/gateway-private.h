/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/gateway/gateway.h"
#include "broker/gateway/listener.h"
#include "broker/gateway/spice-key.h"
#include "broker/http/wire.h"

/* What the files of this folder know of each other. Nobody else includes this. */

typedef struct SpiceStream SpiceStream;
typedef struct VncStream VncStream;

struct Gateway {
    HttpServer *http;
    TicketBook *tickets;
    Listener *listener;
    TlsIdentity *identity;
    SpiceKey *key;
    char *certificate_file;
    char *key_file;
    GStrv origins;
    GatewayBackend backend;
    gpointer backend_user;
    GPtrArray *spice_streams; /* borrowed */
    GPtrArray *vnc_streams;   /* borrowed */
};

/*
 * Opening a display takes a while, and whoever asked may be gone by then: this stands between.
 * cancel forgets the asker; a display that comes all the same is closed.
 */
typedef struct Opening Opening;
Opening *opening_start(Gateway *gateway, const TicketGrant *grant, GatewayOpened opened,
                       gpointer data);
void opening_cancel(Opening *opening); /* NULL is fine; not after opened was called */

/* Takes a TCP connection that seems to begin with CONNECT. Takes ownership of fd. */
void spice_stream_start(Gateway *gateway, int fd, const char *peer);
void spice_stream_free(SpiceStream *stream);
/* Whether it is of this address and has not shown a good ticket. */
gboolean spice_stream_is_unknown(SpiceStream *stream, const char *peer);

/* The WebSocket's two halves, as the HTTP server wants them; data is the gateway. */
gboolean vnc_stream_check(HttpRequest *request, gpointer data);
void vnc_stream_opened(HttpSocket *socket, gpointer request_data, gpointer data);
void vnc_stream_close(VncStream *stream, guint16 code);
