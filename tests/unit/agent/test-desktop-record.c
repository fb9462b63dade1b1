/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/desktop-record.h"

#include "common/error.h"
#include "host/agent/record.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define ID "8fcba38f-3dd6-4d8c-8cc5-80f033035964"

typedef struct {
    char *folder;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    fixture->folder = g_dir_make_tmp("oXXXXXX", NULL);
    g_assert_nonnull(fixture->folder);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    g_assert_true(record_remove_folder(fixture->folder, NULL));
    g_assert_false(g_file_test(fixture->folder, G_FILE_TEST_EXISTS));
    g_free(fixture->folder);
}

static DesktopRecord *
example(void)
{
    DesktopRecord *record = desktop_record_new();
    g_free(record->id);
    record->id = g_strdup(ID);
    g_free(record->name);
    record->name = g_strdup("Annas “Büro”");
    g_free(record->image);
    record->image = g_strdup("demo");
    record->cpus = 2;
    record->memory_mib = 1024;
    record->width = 1280;
    record->height = 800;
    record->state = DESKTOP_FAILED;
    record->step = STEP_DESKTOP;
    record->reason = g_strdup("QEMU was killed (signal 9).");
    record->created_at = 1700000000;
    record->started_at = 1700000060;
    record->deleting = TRUE;
    return record;
}

static void
test_round_trip(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DesktopRecord) record = example();
    g_assert_true(desktop_record_save(record, fixture->folder, &error));
    g_assert_no_error(error);
    g_autoptr(DesktopRecord) again = desktop_record_load(fixture->folder, ID);
    g_assert_nonnull(again);
    g_assert_cmpstr(again->name, ==, record->name);
    g_assert_cmpstr(again->image, ==, record->image);
    g_assert_cmpstr(again->reason, ==, record->reason);
    g_assert_cmpuint(again->cpus, ==, 2);
    g_assert_cmpuint(again->memory_mib, ==, 1024);
    g_assert_cmpuint(again->width, ==, 1280);
    g_assert_cmpuint(again->height, ==, 800);
    g_assert_cmpint(again->state, ==, DESKTOP_FAILED);
    g_assert_cmpint(again->step, ==, STEP_DESKTOP);
    g_assert_cmpint(again->created_at, ==, 1700000000);
    g_assert_cmpint(again->started_at, ==, 1700000060);
    g_assert_true(again->deleting);
    g_assert_null(desktop_record_load(fixture->folder, "00000000-0000-4000-8000-000000000000"));
}

/* What a crash, a full disk or a curious hand may leave in the file. */
static void
test_broken_files(Fixture *fixture, gconstpointer data)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"id\": \"" ID "\", \"state\": \"ready\"}",
        "{\"id\": 5, \"state\": \"ready\", \"step\": \"disk\"}",
        "{\"id\": \"" ID "\", \"name\": \"x\", \"image\": \"../../etc\", \"cpus\": 1, "
        "\"memory_mib\": 512, \"width\": 800, \"height\": 600, \"state\": \"ready\", "
        "\"step\": \"ready\"}",
        "{\"id\": \"" ID "\", \"name\": \"x\", \"image\": \"demo\", \"cpus\": -1, "
        "\"memory_mib\": 512, \"width\": 800, \"height\": 600, \"state\": \"ready\", "
        "\"step\": \"ready\"}"};
    g_autofree char *path = g_build_filename(fixture->folder, "desktop.json", NULL);
    g_assert_null(desktop_record_load(fixture->folder, ID));
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_assert_true(g_file_set_contents(path, texts[i], -1, NULL));
        g_assert_null(desktop_record_load(fixture->folder, ID));
    }
}

static void
check(DesktopRecord *record, const char *names)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(desktop_record_check(record, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, names));
}

static void
test_bounds(void)
{
    g_autoptr(DesktopRecord) record = example();
    g_assert_true(desktop_record_check(record, NULL));
    record->cpus = 0;
    check(record, "cpus");
    record->cpus = 1;
    record->memory_mib = 1;
    check(record, "memory_mib");
    record->memory_mib = 512;
    record->width = 100000;
    check(record, "width");
    record->width = 800;
    record->height = 1;
    check(record, "height");
    record->height = 600;
    record->image[0] = '/';
    check(record, "image");
    record->image[0] = 'd';
    record->name[0] = '\0';
    check(record, "name");
    record->id[0] = '/';
    check(record, "desktop");
}

static void
test_times(void)
{
    json_t *json = record_time_to_json(1700000000);
    g_assert_cmpstr(json_string_value(json), ==, "2023-11-14T22:13:20Z");
    g_assert_cmpint(record_time_from_json(json), ==, 1700000000);
    json_decref(json);
    json = record_time_to_json(0);
    g_assert_true(json_is_null(json));
    g_assert_cmpint(record_time_from_json(json), ==, 0);
    json_decref(json);
}

/* A link in a folder that is removed leads nowhere: what it points to stays. */
static void
test_remove_follows_no_link(Fixture *fixture, gconstpointer data)
{
    g_autofree char *victim = g_build_filename(fixture->folder, "victim", NULL);
    g_autofree char *inner = g_build_filename(victim, "file", NULL);
    g_autofree char *doomed = g_build_filename(fixture->folder, "doomed", NULL);
    g_autofree char *link = g_build_filename(doomed, "link", NULL);
    g_assert_no_errno(g_mkdir(victim, 0700));
    g_assert_true(g_file_set_contents(inner, "x", -1, NULL));
    g_assert_no_errno(g_mkdir(doomed, 0700));
    g_assert_no_errno(symlink(victim, link));
    g_assert_true(record_remove_folder(doomed, NULL));
    g_assert_false(g_file_test(doomed, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test(inner, G_FILE_TEST_EXISTS));
    g_assert_true(record_remove_folder(doomed, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/desktop-record/round-trip", Fixture, NULL, set_up, test_round_trip, tear_down);
    g_test_add("/desktop-record/broken-files", Fixture, NULL, set_up, test_broken_files, tear_down);
    g_test_add_func("/desktop-record/bounds", test_bounds);
    g_test_add_func("/record/times", test_times);
    g_test_add("/record/remove-follows-no-link", Fixture, NULL, set_up, test_remove_follows_no_link,
               tear_down);
    return g_test_run();
}
