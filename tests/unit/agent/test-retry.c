/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/retry.h"

typedef struct {
    Retry *retry;
    guint attempts, wanted;
    gboolean late, free_inside;
} Fixture;

static gboolean
attempt(gpointer user)
{
    Fixture *fixture = user;
    gboolean done = ++fixture->attempts == fixture->wanted;
    if (done && fixture->free_inside)
        g_clear_pointer(&fixture->retry, retry_free);
    return done;
}

static void
on_late(gpointer user)
{
    Fixture *fixture = user;
    fixture->late = TRUE;
    g_clear_pointer(&fixture->retry, retry_free);
}

static void
test_works(gconstpointer data)
{
    Fixture fixture = {.wanted = 4, .free_inside = GPOINTER_TO_INT(data)};
    fixture.retry = retry_new(1, 5, 20000, attempt, on_late, &fixture);
    while (fixture.attempts < fixture.wanted)
        g_main_context_iteration(NULL, TRUE);
    g_assert_false(fixture.late);
    g_assert_false(g_main_context_pending(NULL));
    g_assert_true((fixture.retry == NULL) == fixture.free_inside);
    retry_free(fixture.retry);
}

static void
test_late(void)
{
    Fixture fixture = {0};
    fixture.retry = retry_new(1, 5, 20, attempt, on_late, &fixture);
    while (!fixture.late)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(fixture.attempts, >, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/retry/works", GINT_TO_POINTER(FALSE), test_works);
    g_test_add_data_func("/retry/freed-inside", GINT_TO_POINTER(TRUE), test_works);
    g_test_add_func("/retry/late", test_late);
    return g_test_run();
}
