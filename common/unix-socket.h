/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* Connects to the Unix stream socket at path (close-on-exec, non-blocking) without ever waiting.
 * Returns the descriptor, or -1 with ORIEL_ERROR_UNAVAILABLE, also when the listener has no room
 * for one more. */
int oriel_connect_unix(const char *path, GError **error);

/* Listening side: an unlinked-and-bound Unix stream socket with this mode (and group, or
 * (gid_t)-1). Returns the descriptor or -1. An existing socket at path that nobody answers is
 * replaced; one that somebody listens at is ORIEL_ERROR_EXISTS. */
int oriel_listen_unix(const char *path, mode_t mode, gid_t group, GError **error);
