/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Lines of text over a stream socket, both ways, without blocking: what QMP and the guest agent
 * speak. What the peer sends is bounded by max_line; what waits to be sent by
 * LINE_STREAM_MAX_QUEUE. Main-context object on the default context.
 */
#define LINE_STREAM_MAX_QUEUE (256 * 1024)

typedef struct LineStream LineStream;

typedef struct {
    /* One line without its end; text is terminated, may hold anything else, and may be changed. */
    void (*line)(LineStream *stream, char *text, gsize length, gpointer user);
    /* The peer closed (error NULL), an I/O error, or a line was too long. Called once. */
    void (*closed)(LineStream *stream, const GError *error, gpointer user);
} LineStreamEvents;

/* Connects to a Unix socket. The stream may be freed from its callbacks. ORIEL_ERROR_UNAVAILABLE
 * when nobody listens. */
LineStream *line_stream_connect(const char *path, gsize max_line, const LineStreamEvents *events,
                                gpointer user, GError **error);
/* Takes over fd. */
LineStream *line_stream_new(int fd, gsize max_line, const LineStreamEvents *events, gpointer user);
void line_stream_free(LineStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LineStream, line_stream_free)

/* Queues text and a line end. FALSE when the stream has ended or the queue is full. */
gboolean line_stream_send(LineStream *stream, const char *text);
/* The same with a descriptor, which stays the caller's. FALSE also when it cannot go at once. */
gboolean line_stream_send_fd(LineStream *stream, const char *text, int fd);

/* A connected, non-blocking Unix stream socket, or -1: ORIEL_ERROR_UNAVAILABLE. Never waits. */
int unix_socket_connect(const char *path, GError **error);
