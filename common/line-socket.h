/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Lines over a stream socket, and descriptors that travel with them (SCM_RIGHTS): what came and
 * nobody has read yet, and what waits to be sent. Never blocks and waits for nothing: its owner
 * watches the socket, and puts bounds to both sides.
 */

#define LINE_SOCKET_MAX_FDS 4 /* with a line */

typedef struct LineSocket LineSocket;

/* Takes over fd, and makes it non-blocking. */
LineSocket *line_socket_new(int fd);
void line_socket_free(LineSocket *socket); /* takes NULL */
int line_socket_fd(const LineSocket *socket);

/* A line is to be sent; its end is added here. fd: -1, or a descriptor that goes along, a copy of
 * it: the caller may close its own at once. */
void line_socket_queue(LineSocket *socket, const char *line, int fd);
gsize line_socket_queued(const LineSocket *socket); /* bytes that wait to be sent */
/* Sends what the socket takes. FALSE: the socket is broken. */
gboolean line_socket_flush(LineSocket *socket);

/* Reads once. Returns the bytes read, 0 at the end, -1 on an error (errno; EPROTO: more descriptors
 * came than anybody claims). */
gssize line_socket_receive(LineSocket *socket);
/* The next line that is whole, without its end; owned by the caller. NULL: there is none. */
char *line_socket_next(LineSocket *socket, gsize *length);
/* Bytes that came, and were not read as lines. */
gsize line_socket_pending(const LineSocket *socket);
/* The next n of the descriptors that came; the caller's to close. FALSE: n is more than a line may
 * bring, or than came. */
gboolean line_socket_claim(LineSocket *socket, int *fds, guint n);
