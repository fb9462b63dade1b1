/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* The head of an HTTP CONNECT, as a SPICE client sends it to a proxy. Pure. */

#define CONNECT_REQUEST_MAX (8 * 1024) /* bytes; a longer head is malformed */
#define CONNECT_ROUTE_MAX   128

typedef enum {
    CONNECT_MORE, /* the head is not complete yet */
    CONNECT_GOOD,
    CONNECT_MALFORMED,
} ConnectResult;

typedef struct {
    char route[CONNECT_ROUTE_MAX + 1]; /* letters, digits, '.', '-' and '_' */
    guint16 port;
} ConnectRequest;

/* Nothing may follow the head: a client speaks on only after it was answered. */
ConnectResult connect_request_parse(const guint8 *data, gsize size, ConnectRequest *request);
