/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules that need no store and no clock of their own. */
#include <string.h>

#include "broker/model/name.h"
#include "broker/policy/idle.h"
#include "broker/policy/spares.h"
#include "broker/policy/template-name.h"

static void
test_spares(void)
{
    static const struct {
        SpareFacts facts;
        gint64 wanted;
    } cases[] = {
        {{.minimum = 2, .fits = -1}, 2},
        {{.minimum = 0, .peak = 9, .fits = -1}, 0}, /* a pool that wants none */
        {{.minimum = 2, .peak = 5, .fits = -1}, 5}, /* demand */
        {{.minimum = 2, .peak = 5, .maximum = 8, .in_use = 4, .fits = -1}, 4},
        {{.minimum = 2, .maximum = 8, .in_use = 8, .fits = -1}, 0},
        {{.minimum = 2, .maximum = 8, .in_use = 11, .fits = -1}, 0}, /* the bound was lowered */
        {{.minimum = 5, .spares = 1, .fits = 2}, 3},                 /* what hosts hold */
        {{.minimum = 5, .spares = 3, .fits = 0}, 3},                 /* those that wait may stay */
        {{.minimum = 5, .spares = 0, .fits = 0}, 0},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(spares_wanted(&cases[i].facts), ==, cases[i].wanted);
}

static void
test_idle(void)
{
    const Pool both = {.idle_suspend = 5, .disconnected_end = 60};
    const Pool end_first = {.idle_suspend = 60, .disconnected_end = 5};
    const Pool never = {.idle_suspend = 0};
    const IdleFacts short_while = {.ready = TRUE, .has_session = TRUE, .idle_seconds = 299};
    const IdleFacts while_ = {.ready = TRUE, .has_session = TRUE, .idle_seconds = 300};
    const IdleFacts long_while = {.ready = TRUE, .has_session = TRUE, .idle_seconds = 3600};
    const IdleFacts watched = {
        .watched = TRUE, .ready = TRUE, .has_session = TRUE, .idle_seconds = 99999};
    const IdleFacts asleep = {.has_session = TRUE, .idle_seconds = 600};
    const IdleFacts long_asleep = {.has_session = TRUE, .idle_seconds = 3600};
    const IdleFacts kept = {.ready = TRUE, .idle_seconds = 99999};

    g_assert_true(idle_matters(&both) && idle_matters(&end_first) && !idle_matters(&never));
    g_assert_cmpint(idle_judge(&both, &short_while), ==, IDLE_NOTHING);
    g_assert_cmpint(idle_judge(&both, &while_), ==, IDLE_SUSPEND);
    g_assert_cmpint(idle_judge(&both, &long_while), ==, IDLE_END);
    g_assert_cmpint(idle_judge(&both, &watched), ==, IDLE_NOTHING);
    g_assert_cmpint(idle_judge(&both, &asleep), ==, IDLE_NOTHING);
    g_assert_cmpint(idle_judge(&both, &long_asleep), ==, IDLE_END);
    g_assert_cmpint(idle_judge(&both, &kept), ==, IDLE_SUSPEND); /* its user has logged off */
    g_assert_cmpint(idle_judge(&end_first, &while_), ==, IDLE_END);
    g_assert_cmpint(idle_judge(&never, &long_while), ==, IDLE_NOTHING);
}

static void
test_template_names(void)
{
    TemplateShape shape = {"demo", "abc", 2, 1024, 1280, 800};
    g_autofree char *name = template_name(&shape), *same = template_name(&shape);
    g_autofree char *long_image = g_strnfill(63, 'x');

    g_assert_true(g_str_has_prefix(name, "auto.demo.2c-1024m-1280x800."));
    g_assert_cmpstr(name, ==, same);
    g_assert_true(template_name_is_ours(name) && !template_name_is_ours("demo"));

    /* Another version, another shape, and an image whose shown part is the same. */
    TemplateShape others[] = {shape, shape, shape, shape};
    others[0].version = "abd";
    others[1].memory_mib = 2048;
    others[2].version = NULL;
    others[3].image = long_image;
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autofree char *other = template_name(&others[i]);
        g_assert_cmpstr(other, !=, name);
        g_assert_true(name_is_valid(other));
    }
    TemplateShape huge = {long_image, NULL, 64, 1024 * 1024, 99999, 99999};
    g_autofree char *longest = template_name(&huge);
    g_assert_true(name_is_valid(longest));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy/spares", test_spares);
    g_test_add_func("/policy/idle", test_idle);
    g_test_add_func("/policy/template-names", test_template_names);
    return g_test_run();
}
