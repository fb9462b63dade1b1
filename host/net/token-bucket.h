/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Holds a flow of bytes to a rate: in any span of t seconds at most depth + rate * t bytes are
 * taken. It has no clock of its own; "now" is in nanoseconds and is not expected to go back (a step
 * back counts as standing still). Exact: nothing is rounded away, however often it is asked.
 */
typedef struct {
    guint64 rate;  /* bytes a second; 0: no limit */
    guint64 depth; /* nanobytes */
    guint64 level; /* nanobytes: what may be taken at "filled" */
    gint64 filled; /* ns */
} TokenBucket;

/* The greatest rate and depth: the sums stay far from overflow. */
#define TOKEN_BUCKET_MAX_RATE  G_GUINT64_CONSTANT(125000000000)
#define TOKEN_BUCKET_MAX_DEPTH G_GUINT64_CONSTANT(4000000000)

/* Full at first. rate is in bytes a second (0: no limit), depth in bytes. */
void token_bucket_init(TokenBucket *bucket, guint64 rate, guint64 depth, gint64 now);

/* FALSE: not now, and nothing is taken. More than depth is never given. */
gboolean token_bucket_take(TokenBucket *bucket, guint bytes, gint64 now);

/* ns until that much can be taken, at least; 0: now. What is more than depth counts as depth. */
gint64 token_bucket_wait(TokenBucket *bucket, guint bytes, gint64 now);
