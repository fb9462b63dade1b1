/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "token-bucket.h"

/* A rate in bytes a second is one in nanobytes a nanosecond. */
#define NANO G_GUINT64_CONSTANT(1000000000)

void
token_bucket_init(TokenBucket *bucket, guint64 rate, guint64 depth, gint64 now)
{
    bucket->rate = MIN(rate, TOKEN_BUCKET_MAX_RATE);
    bucket->depth = MIN(depth, TOKEN_BUCKET_MAX_DEPTH) * NANO;
    bucket->level = bucket->depth;
    bucket->filled = now;
}

static void
fill(TokenBucket *bucket, gint64 now)
{
    guint64 room = bucket->depth - bucket->level;
    guint64 passed = now > bucket->filled ? (guint64)(now - bucket->filled) : 0;
    if (passed == 0)
        return;
    bucket->filled = now;
    /* The product is only made where it is less than the room. */
    bucket->level =
        passed > room / bucket->rate ? bucket->depth : bucket->level + passed * bucket->rate;
}

gboolean
token_bucket_take(TokenBucket *bucket, guint bytes, gint64 now)
{
    if (bucket->rate == 0)
        return TRUE;
    fill(bucket, now);
    if (bytes * NANO > bucket->level)
        return FALSE;
    bucket->level -= bytes * NANO;
    return TRUE;
}

gint64
token_bucket_wait(TokenBucket *bucket, guint bytes, gint64 now)
{
    if (bucket->rate == 0)
        return 0;
    fill(bucket, now);
    guint64 wanted = MIN(bytes * NANO, bucket->depth);
    if (wanted <= bucket->level)
        return 0;
    return (gint64)((wanted - bucket->level + bucket->rate - 1) / bucket->rate);
}
