/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Tries something again and again with growing waits, until it works or its time is over: for what
 * comes soon or late, like the socket of a program that starts. Main-context object.
 */
typedef struct Retry Retry;

/* TRUE: it worked, and nothing more is tried. The Retry may be freed in it. */
typedef gboolean (*RetryAttempt)(gpointer user);
/* Its time is over. The Retry may be freed in it. */
typedef void (*RetryLate)(gpointer user);

/* The first attempt comes from the main loop after first_ms, and each wait is half as long again as
 * the one before, up to max_ms. deadline_ms: 0 for ever (late may be NULL then). */
Retry *retry_new(guint first_ms, guint max_ms, guint deadline_ms, RetryAttempt attempt,
                 RetryLate late, gpointer user);
/* NULL is fine. */
void retry_free(Retry *retry);
