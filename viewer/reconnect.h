/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * When to try again after a connection went away: pure bookkeeping, told of events and the time,
 * asked what to do. Waits grow from RECONNECT_FIRST_MS to RECONNECT_SHORTLY_MS, so that something
 * that was only restarted is found again soon, and after RECONNECT_PATIENCE tries to
 * RECONNECT_LONGEST_MS. A connection that stayed up for RECONNECT_STABLE_MS starts anew at the
 * shortest one.
 */

#define RECONNECT_FIRST_MS   200
#define RECONNECT_SHORTLY_MS 1000 /* the longest wait of the first tries */
#define RECONNECT_LONGEST_MS 2000
#define RECONNECT_PATIENCE   30
#define RECONNECT_STABLE_MS  5000

typedef enum {
    RECONNECT_TRY,     /* a connection is being made */
    RECONNECT_UP,      /* it stands */
    RECONNECT_WAIT,    /* try again after reconnect_delay_ms() */
    RECONNECT_SIGN_IN, /* the person must sign in again first */
    RECONNECT_STOP,    /* trying again would not help, or nobody wants it */
} ReconnectState;

typedef struct {
    ReconnectState state;
    guint failures;  /* in a row */
    gint64 since_ms; /* when it came up */
} Reconnect;

/* A first attempt begins. */
void reconnect_init(Reconnect *reconnect);

/* The wait is over, or the person signed in or asked to try: an attempt begins. FALSE when none
 * shall (it stands, one is under way). */
gboolean reconnect_begin(Reconnect *reconnect);

/* The attempt succeeded at now_ms (any monotonic clock). */
void reconnect_up(Reconnect *reconnect, gint64 now_ms);

/* The attempt failed, or what stood broke at now_ms, because of error (NULL: the connection just
 * ended). Returns the new state. Further reports for the same loss change nothing. */
ReconnectState reconnect_lost(Reconnect *reconnect, const GError *error, gint64 now_ms);

/* The person ended it. */
void reconnect_stop(Reconnect *reconnect);

/* How long to wait in RECONNECT_WAIT. */
guint reconnect_delay_ms(const Reconnect *reconnect);
