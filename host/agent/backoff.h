/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* How long to wait before a program that has ended is started again: not at all at first, longer
 * and longer when it dies again and again. Zeroed: it has not died yet. */
typedef struct {
    guint quick_deaths; /* in a row */
} Backoff;

#define BACKOFF_MAX_MS 10000

/* It has died just now, and had been started at started_at (µs, monotonic): the wait, in ms. */
guint backoff_after_death(Backoff *backoff, gint64 started_at);
