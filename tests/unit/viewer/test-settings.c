/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/settings.h"

#include <glib/gstdio.h>

typedef struct {
    char *directory, *path;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
    f->directory = g_dir_make_tmp("oXXXXXX", NULL);
    f->path = g_build_filename(f->directory, "viewer.conf", NULL);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    g_unlink(f->path);
    g_rmdir(f->directory);
    g_free(f->path);
    g_free(f->directory);
}

static void
test_remember(Fixture *f, gconstpointer data)
{
    g_autoptr(Settings) settings = settings_new(f->path);
    g_assert_null(settings_recent(settings)[0]);
    settings_remember(settings, "one", "anna");
    settings_remember(settings, "[::1]:99", "berta");
    settings_remember(settings, "one", "carla");
    settings_set_appearance(settings, APPEARANCE_DARK);

    g_autoptr(Settings) again = settings_new(f->path);
    g_assert_cmpstr(settings_recent(again)[0], ==, "one");
    g_assert_cmpstr(settings_recent(again)[1], ==, "[::1]:99");
    g_assert_null(settings_recent(again)[2]);
    g_autofree char *first = settings_user(again, "one"),
                    *second = settings_user(again, "[::1]:99");
    g_assert_cmpstr(first, ==, "carla");
    g_assert_cmpstr(second, ==, "berta");
    g_assert_null(settings_user(again, "two"));
    g_assert_cmpint(settings_appearance(again), ==, APPEARANCE_DARK);
}

static void
test_bound(Fixture *f, gconstpointer data)
{
    g_autoptr(Settings) settings = settings_new(f->path);
    for (guint i = 0; i < 200; i++) {
        g_autofree char *address = g_strdup_printf("host-%u", i);
        settings_remember(settings, address, "anna");
    }
    g_assert_cmpuint(g_strv_length((char **)settings_recent(settings)), ==, SETTINGS_MAX_RECENT);
    g_assert_cmpstr(settings_recent(settings)[0], ==, "host-199");
    GStatBuf status;
    g_assert_cmpint(g_stat(f->path, &status), ==, 0);
    g_assert_cmpint(status.st_size, <, 8192);
}

static void
test_window(Fixture *f, gconstpointer data)
{
    int width, height;
    gboolean maximized;
    g_autoptr(Settings) settings = settings_new(f->path);
    g_assert_false(settings_window(settings, &width, &height, &maximized));
    g_assert_false(maximized);
    settings_set_window(settings, 1440, 900, FALSE);
    settings_set_window(settings, 0, 0, TRUE);

    g_autoptr(Settings) again = settings_new(f->path);
    g_assert_true(settings_window(again, &width, &height, &maximized));
    g_assert_cmpint(width, ==, 1440);
    g_assert_cmpint(height, ==, 900);
    g_assert_true(maximized);

    /* What nobody could see or close. */
    settings_set_window(settings, 5, 900, FALSE);
    g_assert_false(settings_window(settings, &width, &height, &maximized));
    settings_set_window(settings, 1440, 1 << 30, FALSE);
    g_assert_false(settings_window(settings, &width, &height, &maximized));
}

static void
test_damaged(Fixture *f, gconstpointer data)
{
    g_assert_true(g_file_set_contents(f->path, "\001[[\n=", -1, NULL));
    g_autoptr(Settings) settings = settings_new(f->path);
    g_assert_null(settings_recent(settings)[0]);
    g_assert_cmpint(settings_appearance(settings), ==, APPEARANCE_SYSTEM);
    settings_remember(settings, "one", "anna");
    g_assert_cmpstr(settings_recent(settings)[0], ==, "one");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/settings/remember", Fixture, NULL, set_up, test_remember, tear_down);
    g_test_add("/settings/bound", Fixture, NULL, set_up, test_bound, tear_down);
    g_test_add("/settings/window", Fixture, NULL, set_up, test_window, tear_down);
    g_test_add("/settings/damaged", Fixture, NULL, set_up, test_damaged, tear_down);
    return g_test_run();
}
