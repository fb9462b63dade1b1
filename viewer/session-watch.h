/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "common/rest-client.h"

/*
 * Keeps an eye on a session while its picture is shown: a long poll that never ends. It learns when
 * the session is over or paused, and notices a network that went silent, which the stream itself
 * cannot. Main thread only.
 */
typedef struct SessionWatch SessionWatch;

typedef struct {
    /* The session ended (NOT_FOUND or REFUSED with the reason), or the broker fell silent
     * (TIMEOUT). Called at most once, and nothing after it. */
    void (*over)(const GError *error, gpointer user);
    /* The machine stands still, for the person to read why, or goes on (NULL); it is taken to run
     * until this is called. */
    void (*paused)(const char *why, gpointer user);
} SessionWatchEvents;

SessionWatch *session_watch_new(RestClient *client, const char *session,
                                const SessionWatchEvents *events, gpointer user);
void session_watch_free(SessionWatch *watch);
