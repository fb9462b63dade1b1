/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retry.h"

struct Retry {
    guint source;
    guint wait_ms, max_ms;
    gint64 deadline; /* µs, monotonic */
    gboolean dispatching, freed;
    RetryAttempt attempt;
    RetryLate late;
    gpointer user;
};

static gboolean on_due(gpointer user);

static void
schedule(Retry *retry)
{
    retry->source = g_timeout_add(retry->wait_ms, on_due, retry);
    retry->wait_ms = MIN(retry->wait_ms + retry->wait_ms / 2 + 1, retry->max_ms);
}

static gboolean
on_due(gpointer user)
{
    Retry *retry = user;
    retry->source = 0;
    retry->dispatching = TRUE;
    gboolean done = retry->attempt(retry->user);
    if (!done && !retry->freed && g_get_monotonic_time() > retry->deadline) {
        done = TRUE;
        retry->late(retry->user);
    }
    retry->dispatching = FALSE;
    if (retry->freed)
        g_free(retry);
    else if (!done)
        schedule(retry);
    return G_SOURCE_REMOVE;
}

Retry *
retry_new(guint first_ms, guint max_ms, guint deadline_ms, RetryAttempt attempt, RetryLate late,
          gpointer user)
{
    Retry *retry = g_new0(Retry, 1);
    retry->wait_ms = first_ms;
    retry->max_ms = max_ms;
    retry->deadline =
        deadline_ms > 0 ? g_get_monotonic_time() + (gint64)deadline_ms * 1000 : G_MAXINT64;
    retry->attempt = attempt;
    retry->late = late;
    retry->user = user;
    schedule(retry);
    return retry;
}

void
retry_free(Retry *retry)
{
    if (retry == NULL)
        return;
    g_clear_handle_id(&retry->source, g_source_remove);
    retry->freed = TRUE;
    if (!retry->dispatching)
        g_free(retry);
}
