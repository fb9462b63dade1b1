/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dbus-outbox.h"

/*
 * One connection to a VNC server, spoken by libvncclient: pixels go into the surface, the rest into
 * the outbox. The server is not trusted: a screen larger than a surface can be, a message that does
 * not fit and a pause within one end the connection. All of it is used by one thread, which these
 * calls may block for RFB_CLIENT_PATIENCE_S at a time; shutdown() of the socket ends that at once.
 */

#define RFB_CLIENT_PATIENCE_S 20

typedef struct RfbClient RfbClient;

typedef enum { RFB_ORDER_KEY, RFB_ORDER_POINTER, RFB_ORDER_RESIZE, RFB_ORDER_TEXT } RfbOrderKind;

/* What the server is told. */
typedef struct {
    RfbOrderKind kind;
    guint32 keysym;
    guint qnum; /* 0: not known; a server that takes scan codes gets this */
    gboolean down;
    int x, y; /* a place, or a size */
    guint buttons;
    char *text; /* UTF-8 */
} RfbOrder;

/* Takes over fd, a connected socket, and signs in; password may be NULL. surface and outbox must
 * outlive it. ORIEL_ERROR_REFUSED: it wants another password; ORIEL_ERROR_FAILED: it does not speak
 * VNC. */
RfbClient *rfb_client_new(int fd, const char *password, Surface *surface, Outbox *outbox,
                          GError **error);
void rfb_client_free(RfbClient *client);

/* Bytes that poll() would not tell of are there. */
gboolean rfb_client_has_more(const RfbClient *client);
/* Takes one message, waiting for the rest of it. FALSE: the connection is of no use any more. */
gboolean rfb_client_read(RfbClient *client);
/* The reason was that its screen is another now: a new connection is told the size. */
gboolean rfb_client_is_outdated(const RfbClient *client);
gboolean rfb_client_send(RfbClient *client, const RfbOrder *order);
