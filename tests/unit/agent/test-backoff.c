/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/backoff.h"

static void
test_waits(void)
{
    static const guint expected[] = {
        0, 500, 1000, 2000, 4000, 8000, BACKOFF_MAX_MS, BACKOFF_MAX_MS, BACKOFF_MAX_MS};
    Backoff backoff = {0};
    gint64 now = g_get_monotonic_time();
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++)
        g_assert_cmpuint(backoff_after_death(&backoff, now), ==, expected[i]);
    /* One that lived long died of something new. */
    g_assert_cmpuint(backoff_after_death(&backoff, now - 60 * G_USEC_PER_SEC), ==, 0);
    g_assert_cmpuint(backoff_after_death(&backoff, g_get_monotonic_time()), ==, 500);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backoff/waits", test_waits);
    return g_test_run();
}
