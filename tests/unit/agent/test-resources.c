/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/resources.h"

#include "common/error.h"

#include <string.h>

static void
test_meminfo(void)
{
    const char *text =
        "MemTotal:       24682784 kB\nMemFree:         100 kB\nMemAvailable:   2048 kB\n";
    g_assert_cmpuint(resources_parse_meminfo(text, "MemTotal"), ==, 24104);
    g_assert_cmpuint(resources_parse_meminfo(text, "MemAvailable"), ==, 2);
    g_assert_cmpuint(resources_parse_meminfo(text, "Mem"), ==, 0);
    g_assert_cmpuint(resources_parse_meminfo("", "MemTotal"), ==, 0);
}

static void
test_memory(void)
{
    const Resources resources = {
        .memory_mib = 8000, .memory_available_mib = 6000, .disk_free_mib = 10000};
    g_assert_cmpuint(resources_memory_free(&resources, 0, 500), ==, 5500);
    /* Promised and not yet touched. */
    g_assert_cmpuint(resources_memory_free(&resources, 7000, 500), ==, 500);
    g_assert_cmpuint(resources_memory_free(&resources, 9000, 500), ==, 0);
}

static void
test_admission(void)
{
    Resources resources = {
        .memory_mib = 8000, .memory_available_mib = 6000, .disk_free_mib = 10000};
    g_autoptr(GError) error = NULL;
    g_assert_true(resources_admit(&resources, 0, 500, 5500 - RESOURCES_OVERHEAD_MIB, NULL));
    g_assert_false(resources_admit(&resources, 0, 500, 5501 - RESOURCES_OVERHEAD_MIB, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED);
    g_assert_nonnull(strstr(error->message, "5501 MiB"));
    g_assert_nonnull(strstr(error->message, "5500 MiB"));
    g_clear_error(&error);
    g_assert_true(resources_admit_disk(&resources, 9999, &error));
    g_assert_false(resources_admit_disk(&resources, 10000, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_NO_SPACE);
    g_assert_nonnull(strstr(error->message, "10000 MiB are free"));
    resources.disk_free_mib = 0; /* no reserve is wanted */
    g_assert_true(resources_admit_disk(&resources, 0, NULL));
}

static void
test_disk(void)
{
    guint64 free_mib = resources_disk_free_mib("/");
    g_assert_cmpuint(free_mib, <, G_MAXINT64);
    g_assert_cmpuint(resources_disk_free_mib("/nonexistent/folder"), ==, G_MAXINT64);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/resources/meminfo", test_meminfo);
    g_test_add_func("/resources/memory", test_memory);
    g_test_add_func("/resources/admission", test_admission);
    g_test_add_func("/resources/disk", test_disk);
    return g_test_run();
}
