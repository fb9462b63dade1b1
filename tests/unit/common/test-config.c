/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/config.h"
#include "common/error.h"

#include <glib/gstdio.h>

static const OrielConfigKey keys[] = {
    {"host", "name"}, {"host", "limit"}, {"hosts", NULL}, {NULL, NULL}};

typedef struct {
    char *directory, *file, *drop_ins, *first, *second;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
    f->directory = g_dir_make_tmp("oriel-XXXXXX", NULL);
    f->file = g_build_filename(f->directory, "host.conf", NULL);
    f->drop_ins = g_strconcat(f->file, ".d", NULL);
    f->first = g_build_filename(f->drop_ins, "10-a.conf", NULL);
    f->second = g_build_filename(f->drop_ins, "20-b.conf", NULL);
    g_mkdir(f->drop_ins, 0700);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    g_unlink(f->first);
    g_unlink(f->second);
    g_rmdir(f->drop_ins);
    g_unlink(f->file);
    g_rmdir(f->directory);
    g_free(f->directory);
    g_free(f->file);
    g_free(f->drop_ins);
    g_free(f->first);
    g_free(f->second);
}

static void
test_order(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    int limit = 1;

    g_file_set_contents(f->file, "[host]\nname=one\nlimit=5\n", -1, NULL);
    g_file_set_contents(f->second, "[host]\nname=three\n", -1, NULL);
    g_file_set_contents(f->first, "[host]\nname=two\nlimit=7\n", -1, NULL);
    g_autoptr(GKeyFile) config = oriel_config_load(f->file, TRUE, keys, &error);
    g_assert_no_error(error);
    g_autofree char *name = oriel_config_string(config, "host", "name", "none");
    g_autofree char *other = oriel_config_string(config, "host", "other", "fallback");
    g_assert_cmpstr(name, ==, "three");
    g_assert_cmpstr(other, ==, "fallback");
    g_assert_true(oriel_config_int(config, "host", "limit", 1, 10, &limit, &error));
    g_assert_cmpint(limit, ==, 7);
    g_assert_false(oriel_config_int(config, "host", "limit", 1, 6, &limit, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID);
}

static void
test_unknown(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    g_file_set_contents(f->file, "[host]\nnmae=one\n[hosts]\nlocal=unix:/x\n", -1, NULL);
    g_test_expect_message("oriel", G_LOG_LEVEL_WARNING, "*nmae*not known*");
    g_autoptr(GKeyFile) config = oriel_config_load(f->file, TRUE, keys, &error);
    g_test_assert_expected_messages();
    g_assert_nonnull(config);
}

static void
test_missing(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GKeyFile) empty = oriel_config_load(f->file, FALSE, keys, &error);

    g_assert_nonnull(empty);
    g_assert_null(oriel_config_load(f->file, TRUE, keys, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID);
}

static void
test_broken(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    g_file_set_contents(f->file, "name=one\n", -1, NULL);
    g_assert_null(oriel_config_load(f->file, FALSE, keys, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/config/order", Fixture, NULL, set_up, test_order, tear_down);
    g_test_add("/config/unknown", Fixture, NULL, set_up, test_unknown, tear_down);
    g_test_add("/config/missing", Fixture, NULL, set_up, test_missing, tear_down);
    g_test_add("/config/broken", Fixture, NULL, set_up, test_broken, tear_down);
    return g_test_run();
}
