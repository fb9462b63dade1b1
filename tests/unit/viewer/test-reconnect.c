/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "viewer/reconnect.h"

#include <gio/gio.h>

static GError *
error_of(int code)
{
    return g_error_new_literal(ORIEL_ERROR, code, "x");
}

static void
test_waits_grow_and_stop_growing(void)
{
    static const guint expected[] = {200, 400, 800, 1000, 1000, 1000, 1000};
    Reconnect reconnect;
    reconnect_init(&reconnect);
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmpint(reconnect_lost(&reconnect, NULL, 0), ==, RECONNECT_WAIT);
        g_assert_cmpuint(reconnect_delay_ms(&reconnect), ==, expected[i]);
        g_assert_true(reconnect_begin(&reconnect));
    }
    reconnect.failures = G_MAXUINT;
    reconnect_lost(&reconnect, NULL, 0);
    g_assert_cmpuint(reconnect_delay_ms(&reconnect), ==, RECONNECT_LONGEST_MS);
}

static void
test_stable_connection_starts_anew(void)
{
    Reconnect reconnect;
    reconnect_init(&reconnect);
    for (guint i = 0; i < 4; i++) {
        reconnect_lost(&reconnect, NULL, 0);
        reconnect_begin(&reconnect);
    }
    reconnect_up(&reconnect, 1000);
    reconnect_lost(&reconnect, NULL, 1000 + RECONNECT_STABLE_MS);
    g_assert_cmpuint(reconnect_delay_ms(&reconnect), ==, RECONNECT_FIRST_MS);
}

/* A server that takes each connection and drops it at once is no reason to hammer it. */
static void
test_short_connections_keep_growing(void)
{
    Reconnect reconnect;
    reconnect_init(&reconnect);
    for (guint i = 0; i < 6; i++) {
        reconnect_up(&reconnect, i * 100);
        reconnect_lost(&reconnect, NULL, i * 100 + 50);
        g_assert_true(reconnect_begin(&reconnect));
    }
    reconnect_lost(&reconnect, NULL, 700);
    g_assert_cmpuint(reconnect_delay_ms(&reconnect), ==, RECONNECT_SHORTLY_MS);
}

static void
test_what_errors_lead_to(void)
{
    static const struct {
        int code;
        ReconnectState state;
    } cases[] = {
        {ORIEL_ERROR_UNAUTHORIZED, RECONNECT_SIGN_IN},
        {ORIEL_ERROR_NOT_FOUND, RECONNECT_STOP},
        {ORIEL_ERROR_REFUSED, RECONNECT_STOP},
        {ORIEL_ERROR_INVALID, RECONNECT_STOP},
        {ORIEL_ERROR_UNAVAILABLE, RECONNECT_WAIT},
        {ORIEL_ERROR_TIMEOUT, RECONNECT_WAIT},
        {ORIEL_ERROR_BUSY, RECONNECT_WAIT},
        {ORIEL_ERROR_EXISTS, RECONNECT_WAIT},
        {ORIEL_ERROR_PROTOCOL, RECONNECT_WAIT},
        {ORIEL_ERROR_FAILED, RECONNECT_WAIT},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = error_of(cases[i].code);
        Reconnect reconnect;
        reconnect_init(&reconnect);
        g_assert_cmpint(reconnect_lost(&reconnect, error, 0), ==, cases[i].state);
        g_assert_true(reconnect_begin(&reconnect));
        g_assert_cmpint(reconnect.state, ==, RECONNECT_TRY);
    }
    g_autoptr(GError) foreign = g_error_new_literal(G_IO_ERROR, G_IO_ERROR_FAILED, "x");
    Reconnect reconnect;
    reconnect_init(&reconnect);
    g_assert_cmpint(reconnect_lost(&reconnect, foreign, 0), ==, RECONNECT_WAIT);
}

/* Each of a connection's channels reports its end. */
static void
test_a_loss_counts_once(void)
{
    g_autoptr(GError) unauthorized = error_of(ORIEL_ERROR_UNAUTHORIZED);
    Reconnect reconnect;
    reconnect_init(&reconnect);
    reconnect_lost(&reconnect, NULL, 0);
    g_assert_cmpint(reconnect_lost(&reconnect, NULL, 0), ==, RECONNECT_WAIT);
    g_assert_cmpint(reconnect_lost(&reconnect, unauthorized, 0), ==, RECONNECT_WAIT);
    g_assert_cmpuint(reconnect_delay_ms(&reconnect), ==, RECONNECT_FIRST_MS);
}

static void
test_stopped_stays_stopped(void)
{
    Reconnect reconnect;
    reconnect_init(&reconnect);
    reconnect_stop(&reconnect);
    g_assert_cmpint(reconnect_lost(&reconnect, NULL, 0), ==, RECONNECT_STOP);
    reconnect_up(&reconnect, 0);
    g_assert_cmpint(reconnect.state, ==, RECONNECT_STOP);
    g_assert_true(reconnect_begin(&reconnect));
    g_assert_false(reconnect_begin(&reconnect));
    reconnect_up(&reconnect, 0);
    g_assert_false(reconnect_begin(&reconnect));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reconnect/waits", test_waits_grow_and_stop_growing);
    g_test_add_func("/reconnect/stable", test_stable_connection_starts_anew);
    g_test_add_func("/reconnect/short", test_short_connections_keep_growing);
    g_test_add_func("/reconnect/errors", test_what_errors_lead_to);
    g_test_add_func("/reconnect/once", test_a_loss_counts_once);
    g_test_add_func("/reconnect/stopped", test_stopped_stays_stopped);
    return g_test_run();
}
