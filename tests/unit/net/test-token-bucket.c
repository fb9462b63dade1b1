/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/net/token-bucket.h"

#define NANO    1000000000
#define MAX_LOG 400

/* What a bucket means, in its own words: in any span that ends now no more than depth + rate *
 * span. Every span that matters begins where something was taken. */
typedef struct {
    guint64 rate, depth;
    struct {
        gint64 at;
        guint bytes;
    } log[MAX_LOG];
    guint count;
} Reference;

/* Products of 64 bits. */
__extension__ typedef __int128 Wide;

static gboolean
is_too_much(const Reference *reference, Wide bytes, gint64 span)
{
    return bytes * NANO > (Wide)reference->depth * NANO + (Wide)reference->rate * span;
}

static gboolean
reference_take(Reference *reference, guint bytes, gint64 now)
{
    Wide sum = bytes;
    if (is_too_much(reference, sum, 0))
        return FALSE;
    for (guint i = reference->count; i-- > 0;) {
        sum += reference->log[i].bytes;
        if (is_too_much(reference, sum, now - reference->log[i].at))
            return FALSE;
    }
    reference->log[reference->count].at = now;
    reference->log[reference->count++].bytes = bytes;
    return TRUE;
}

static guint64
random_up_to(GRand *random, guint64 most)
{
    guint64 number = (guint64)g_rand_int(random) << 32 | g_rand_int(random);
    return number % (most + 1) >> g_rand_int_range(random, 0, 40) % 40;
}

static void
run_against_reference(GRand *random)
{
    g_autofree Reference *reference = g_new0(Reference, 1);
    TokenBucket bucket;
    gint64 now = (gint64)random_up_to(random, G_MAXINT64 / 4);
    reference->rate = 1 + random_up_to(random, TOKEN_BUCKET_MAX_RATE - 1);
    reference->depth = 1 + random_up_to(random, 100000);
    token_bucket_init(&bucket, reference->rate, reference->depth, now);
    while (reference->count < MAX_LOG) {
        guint bytes = (guint)random_up_to(random, reference->depth * 9 / 8);
        gint64 wait = token_bucket_wait(&bucket, bytes, now);
        gboolean expected = reference_take(reference, bytes, now);
        g_assert_cmpint(token_bucket_take(&bucket, bytes, now), ==, expected);
        g_assert_true((wait == 0) == expected || bytes > reference->depth);
        if (bytes > reference->depth) {
            g_assert_false(expected);
        } else if (!expected && g_rand_boolean(random)) {
            /* Not a nanosecond earlier or later than it says. */
            g_assert_false(token_bucket_take(&bucket, bytes, now + wait - 1));
            now += wait;
            g_assert_true(reference_take(reference, bytes, now));
            g_assert_true(token_bucket_take(&bucket, bytes, now));
        }
        now += (gint64)random_up_to(random, 1 + (guint64)bytes * NANO / reference->rate * 2);
        if (reference->count == MAX_LOG)
            break;
    }
}

static void
test_reference(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(g_test_rand_int_range(0, G_MAXINT32));
    for (guint i = 0; i < 300; i++)
        run_against_reference(random);
}

/* Asked as often as may be, it gives what it should, and not a byte less. */
static void
test_nothing_is_lost(void)
{
    TokenBucket bucket;
    gint64 now = 0;
    guint64 taken = 0;
    token_bucket_init(&bucket, 125001, 3000, now);
    for (; now <= 10 * (gint64)NANO; now += 997)
        taken += token_bucket_take(&bucket, 1, now) ? 1 : 0;
    g_assert_cmpuint(taken, >=, 3000 + 1250010 - 1);
    g_assert_cmpuint(taken, <=, 3000 + 1250010);
}

static void
test_edges(void)
{
    TokenBucket bucket;
    token_bucket_init(&bucket, 0, 0, 0);
    g_assert_true(token_bucket_take(&bucket, G_MAXUINT, 0));
    g_assert_cmpint(token_bucket_wait(&bucket, G_MAXUINT, 0), ==, 0);
    token_bucket_init(&bucket, G_MAXUINT64, G_MAXUINT64, 0);
    g_assert_true(token_bucket_take(&bucket, 4000000000u, 0));
    g_assert_false(token_bucket_take(&bucket, 4000000000u, 1));
    g_assert_true(token_bucket_take(&bucket, 4000000000u, G_MAXINT64));
    /* A clock that goes back gives nothing, and takes nothing away. */
    token_bucket_init(&bucket, 1000, 100, NANO);
    g_assert_true(token_bucket_take(&bucket, 100, NANO));
    g_assert_false(token_bucket_take(&bucket, 1, 0));
    g_assert_true(token_bucket_take(&bucket, 1, NANO + NANO / 1000));
    g_assert_false(token_bucket_take(&bucket, 1, NANO + NANO / 1000));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/token-bucket/reference", test_reference);
    g_test_add_func("/token-bucket/nothing-is-lost", test_nothing_is_lost);
    g_test_add_func("/token-bucket/edges", test_edges);
    return g_test_run();
}
