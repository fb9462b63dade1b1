/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "common/rest-client.h"

/*
 * Keeps an eye on a session while its picture is shown: a long poll that never ends. It learns when
 * the session is over, and notices a network that went silent, which the stream itself cannot. Main
 * thread only.
 */
typedef struct SessionWatch SessionWatch;

/* over: the session ended (NOT_FOUND or REFUSED with the reason), or the broker fell silent
 * (TIMEOUT). Called at most once. */
typedef void (*SessionWatchOver)(const GError *error, gpointer user);

SessionWatch *session_watch_new(RestClient *client, const char *session, SessionWatchOver over,
                                gpointer user);
void session_watch_free(SessionWatch *watch);
