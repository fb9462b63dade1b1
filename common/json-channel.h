/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "common/unix-socket.h"

#include <gio/gio.h>
#include <jansson.h>

/*
 * JSON lines over a stream socket: one object a line, UTF-8, at most JSON_CHANNEL_MAX_LINE bytes; a
 * line that is longer or no JSON object ends the channel. Descriptors travel with a line by
 * SCM_RIGHTS: a line says "fds": N (in the object itself, or in its "result") and brings N (≤ 4).
 * The calls, answers and events of the host's API and of a display's control socket are built on
 * it.
 *
 * Main-context object: made, used and freed on the thread whose default context it was made under.
 * Sending never blocks: lines queue up to JSON_CHANNEL_MAX_QUEUE bytes, beyond which the channel
 * closes (a peer that does not read).
 */

#define JSON_CHANNEL_MAX_LINE  (1024 * 1024)
#define JSON_CHANNEL_MAX_QUEUE (8 * 1024 * 1024)

typedef struct JsonChannel JsonChannel;

typedef struct {
    /* A line that is no answer to a call of ours: a call of the peer ("call") or an event. message
     * is borrowed; fds (n_fds of them) are the callee's to close. Anything the peer sent: check it.
     */
    void (*message)(JsonChannel *channel, json_t *message, const int *fds, guint n_fds,
                    gpointer user);
    /* The channel has ended: the peer closed, an I/O error, or a broken line (error says which;
     * NULL for a plain close). Pending calls were answered with ORIEL_ERROR_UNAVAILABLE before.
     * Called once, never from inside a json_channel_ function. The channel may be freed here. */
    void (*closed)(JsonChannel *channel, const GError *error, gpointer user);
} JsonChannelEvents;

/* Takes ownership of fd (made non-blocking). */
JsonChannel *json_channel_new(int fd, const JsonChannelEvents *events, gpointer user);
/* Connects to a Unix socket path; blocks only for the connect itself. */
JsonChannel *json_channel_connect(const char *path, const JsonChannelEvents *events, gpointer user,
                                  GError **error);
/* Drops what is queued, forgets pending calls without calling back. May be called from any
 * callback. NULL is fine. */
void json_channel_free(JsonChannel *channel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JsonChannel, json_channel_free)

/* Sends one line. Takes over the reference to message. fd: -1, or a descriptor to pass (duplicated
 * by the kernel; the caller keeps and closes its own; it is dup()ed here, so the caller may close
 * at once). FALSE when the channel has ended. */
gboolean json_channel_send(JsonChannel *channel, json_t *message, int fd);

/* The two answers to a call: {"id":…,"result":…} and {"id":…,"error":{…}}. id is the call's "id"
 * (copied). */
void json_channel_answer(JsonChannel *channel, const json_t *id, json_t *result, int fd);
void json_channel_answer_error(JsonChannel *channel, const json_t *id, const GError *error);

/* result is borrowed and NULL on error; fds are the callee's to close. Not called after
 * json_channel_free(). */
typedef void (*JsonChannelDone)(json_t *result, const int *fds, guint n_fds, const GError *error,
                                gpointer user);

/* Calls the peer: sends {"id":NEW,"call":call,"args":args} (takes over args; NULL for none) and
 * calls done exactly once, within timeout_ms (0: no limit) or when the channel ends; never from
 * inside this function. */
void json_channel_call(JsonChannel *channel, const char *call, json_t *args, guint timeout_ms,
                       JsonChannelDone done, gpointer user);
