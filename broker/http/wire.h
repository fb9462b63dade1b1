/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * One connected stream socket in the main loop, plain or with TLS (as the server), with a bounded
 * queue for what is to be sent. Never blocks. Default main context; events come from the main loop
 * only, never from inside a wire_ function, and any of them may free the wire.
 */

typedef struct TlsIdentity TlsIdentity;

/* A certificate (PEM, followed by its authority's) and its key, for TLS 1.2 and newer. */
TlsIdentity *tls_identity_new(const char *certificate_file, const char *key_file, GError **error);
void tls_identity_unref(TlsIdentity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlsIdentity, tls_identity_unref)

typedef struct Wire Wire;

typedef struct {
    /* Bytes came. Not called while paused. */
    void (*received)(Wire *wire, const guint8 *data, gsize size, gpointer user);
    /* After a send that took less than given: half of the queue is free again. May be NULL. */
    void (*writable)(Wire *wire, gpointer user);
    /* The peer sends no more; sending may still work. Once. */
    void (*finished)(Wire *wire, gpointer user);
    /* The connection is broken: nothing goes either way any more. Once. */
    void (*broken)(Wire *wire, const GError *error, gpointer user);
} WireEvents;

/* Takes ownership of fd. queue_max: bytes. */
Wire *wire_new(int fd, gsize queue_max, const WireEvents *events, gpointer user);
/* Closes at once; what is queued is lost. NULL is fine. */
void wire_free(Wire *wire);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Wire, wire_free)

/* The wire speaks TLS from when what is queued now was sent. Send no more before the peer was
 * heard. */
void wire_start_tls(Wire *wire, TlsIdentity *identity);

/* Queues bytes; returns how many were taken. */
gsize wire_send(Wire *wire, const void *data, gsize size);
/* Bytes sent before and after this never share a TLS record. */
void wire_cut(Wire *wire);
gsize wire_queued(Wire *wire);
gsize wire_room(Wire *wire);

/* A paused wire reads nothing, and does not notice that the peer went away unless it sends. */
void wire_pause(Wire *wire, gboolean pause);

/* Sends no more after what is queued: the peer sees the end. */
void wire_finish(Wire *wire);
