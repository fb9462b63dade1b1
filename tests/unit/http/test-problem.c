/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/http/problem.h"

#include "common/error.h"

#include <gio/gio.h>

static void
test_members(void)
{
    json_t *problem = problem_new(404, "not-found", "There is no pool “x”.");

    g_assert_cmpstr(json_string_value(json_object_get(problem, "type")), ==,
                    "https://oriel.invalid/problems/not-found");
    g_assert_cmpstr(json_string_value(json_object_get(problem, "title")), ==, "Not Found");
    g_assert_cmpint(json_integer_value(json_object_get(problem, "status")), ==, 404);
    g_assert_cmpstr(json_string_value(json_object_get(problem, "detail")), ==,
                    "There is no pool “x”.");
    json_decref(problem);
}

static void
test_status(void)
{
    g_autoptr(GError) ours = g_error_new(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE, "x");
    g_autoptr(GError) foreign = g_error_new(G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "x");
    const char *kind;

    g_assert_cmpuint(problem_status(ours, &kind), ==, 503);
    g_assert_cmpstr(kind, ==, "host-unavailable");
    g_assert_cmpuint(problem_status(foreign, &kind), ==, 500);
    g_assert_cmpstr(kind, ==, "failed");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/problem/members", test_members);
    g_test_add_func("/http/problem/status", test_status);
    return g_test_run();
}
