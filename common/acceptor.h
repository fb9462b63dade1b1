/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Accepts connections in the default main loop. While descriptors or memory are short it rests for
 * a moment: a socket that stays readable would keep the loop busy. Main thread only.
 */
typedef struct Acceptor Acceptor;

/* A new connection, non-blocking and close-on-exec, the callee's. The acceptor may be freed here.
 */
typedef void (*Accepted)(int fd, gpointer user);

/* Takes over a listening socket. what: who listens, for the log; a literal. */
Acceptor *acceptor_new(int socket, const char *what, Accepted accepted, gpointer user);
/* Closes the socket. NULL is fine. */
void acceptor_free(Acceptor *acceptor);
