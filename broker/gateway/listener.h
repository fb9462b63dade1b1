/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/*
 * The broker's TCP port. Accepts, looks at the first byte a client sends without taking it, and
 * hands the connection on: a TLS hello to one side, what may be a CONNECT to the other. Plain HTTP
 * is told that the port speaks HTTPS; everything else is closed. A client that sends nothing is
 * closed after a while; one address can hold a bounded number of such connections only (the oldest
 * gives way). Default main context.
 */

typedef struct Listener Listener;

typedef struct {
    const char *const *addresses; /* numeric IPv4 or IPv6 addresses, NULL at the end */
    guint16 port;                 /* 0: any free one, the same for all addresses */
    guint max_silent;             /* connections that have sent nothing yet, over all addresses */
    guint max_silent_of_address;
    guint silent_seconds;
} ListenerOptions;

typedef struct {
    /* fd is the callee's: connected, non-blocking, no byte taken. peer is a numeric address,
     * borrowed. */
    void (*tls)(int fd, const char *peer, gpointer user);
    void (*connect)(int fd, const char *peer, gpointer user);
} ListenerEvents;

Listener *listener_new(const ListenerOptions *options, const ListenerEvents *events, gpointer user,
                       GError **error);
guint16 listener_port(Listener *listener);
void listener_free(Listener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Listener, listener_free)
