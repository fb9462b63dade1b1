/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "broker/policy/placement.h"
#include "common/error.h"

static Pool pool = {
    .name = (char *)"demo", .image = (char *)"demo", .host = (char *)"", .memory_mib = 1000};

static int
choose(const PlacementHost *hosts, guint n_hosts, int code)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Why) why = why_new();
    int chosen = placement_choose(&pool, NULL, hosts, n_hosts, why, &error);

    if (code < 0)
        g_assert_no_error(error);
    else
        g_assert_error(error, ORIEL_ERROR, code);
    /* Each host is judged, and the choice is said. */
    g_assert_cmpuint(why_length(why), ==, n_hosts + (chosen >= 0));
    return chosen;
}

static void
test_most_memory(void)
{
    const PlacementHost hosts[] = {
        {.name = "a", .image_state = "ready", .memory_free_mib = 2000},
        {.name = "b", .image_state = "ready", .memory_free_mib = 9000},
        {.name = "c", .image_state = "ready", .memory_free_mib = 3000},
        {.name = "d", .problem = "It is away.", .memory_free_mib = 90000},
        {.name = "e", .image_state = "importing", .memory_free_mib = 90000},
        {.name = "f", .memory_free_mib = 90000},
    };
    g_assert_cmpint(choose(hosts, G_N_ELEMENTS(hosts), -1), ==, 1);
}

static void
test_bound_host(void)
{
    const PlacementHost hosts[] = {
        {.name = "a", .image_state = "ready", .memory_free_mib = 2000},
        {.name = "b", .image_state = "ready", .memory_free_mib = 9000},
    };
    pool.host = (char *)"a";
    g_assert_cmpint(choose(hosts, 2, -1), ==, 0);
    pool.host = (char *)"";
}

static void
test_unknown_memory(void)
{
    const PlacementHost hosts[] = {{.name = "a", .image_state = "ready", .memory_free_mib = -1}};
    g_assert_cmpint(choose(hosts, 1, -1), ==, 0);
}

/* What is promised to desktops that are starting is not free. */
static void
test_reserved_memory(void)
{
    const PlacementHost hosts[] = {
        {.name = "a", .image_state = "ready", .memory_free_mib = 9000, .reserved_mib = 8500},
        {.name = "b", .image_state = "ready", .memory_free_mib = 2000},
    };
    g_assert_cmpint(choose(hosts, 2, -1), ==, 1);
    g_assert_cmpint(choose(hosts, 1, ORIEL_ERROR_BUSY), ==, -1);
}

static void
test_template_first(void)
{
    const PlacementHost hosts[] = {
        {.name = "a", .image_state = "ready", .memory_free_mib = 9000},
        {.name = "b", .image_state = "ready", .memory_free_mib = 2000, .template_ready = TRUE},
        {.name = "c", .image_state = "ready", .memory_free_mib = 500, .template_ready = TRUE},
    };
    g_assert_cmpint(choose(hosts, 3, -1), ==, 1);
}

static void
test_home(void)
{
    const PlacementHost hosts[] = {
        {.name = "a", .image_state = "ready", .memory_free_mib = 9000},
        {.name = "b", .image_state = "ready", .memory_free_mib = 2000},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(Why) why = why_new();

    g_assert_cmpint(placement_choose(&pool, "b", hosts, 2, why, &error), ==, 1);
    g_assert_cmpint(placement_choose(&pool, "c", hosts, 2, why, &error), ==, -1);
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE);
}

static void
test_refusals(void)
{
    const PlacementHost away[] = {{.name = "a", .problem = "It is away."}, {.name = "b"}};
    const PlacementHost no_image[] = {{.name = "a", .memory_free_mib = 5000}};
    const PlacementHost full[] = {{.name = "a", .image_state = "ready", .memory_free_mib = 999}};

    const PlacementHost no_disk[] = {{.name = "a", .image_state = "ready", .disk_full = TRUE},
                                     {.name = "b", .problem = "It is away."}};

    g_assert_cmpint(choose(no_disk, 2, ORIEL_ERROR_NO_SPACE), ==, -1);
    g_assert_cmpint(choose(NULL, 0, ORIEL_ERROR_UNAVAILABLE), ==, -1);
    g_assert_cmpint(choose(away, 2, ORIEL_ERROR_UNAVAILABLE), ==, -1);
    g_assert_cmpint(choose(no_image, 1, ORIEL_ERROR_REFUSED), ==, -1);
    g_assert_cmpint(choose(full, 1, ORIEL_ERROR_BUSY), ==, -1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/placement/most-memory", test_most_memory);
    g_test_add_func("/placement/bound-host", test_bound_host);
    g_test_add_func("/placement/unknown-memory", test_unknown_memory);
    g_test_add_func("/placement/reserved-memory", test_reserved_memory);
    g_test_add_func("/placement/template-first", test_template_first);
    g_test_add_func("/placement/home", test_home);
    g_test_add_func("/placement/refusals", test_refusals);
    return g_test_run();
}
