/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/overlay-disk.h"

#include "common/error.h"
#include "host/agent/disk-format.h"
#include "host/agent/record.h"

#include <string.h>

#define GIB (G_GUINT64_CONSTANT(1) << 30)

/* qemu-img's word on a disk: TRUE when it finds nothing wrong. */
static gboolean
is_sound(const char *disk)
{
    const char *const argv[] = {"qemu-img", "check", "-q", "-f", "qcow2", disk, NULL};
    int status = -1;
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, &status, NULL));
    return status == 0;
}

static char *
describe(const char *disk)
{
    const char *const argv[] = {"qemu-img", "info", "--output=json", disk, NULL};
    char *output = NULL;
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output,
                               NULL, NULL, NULL));
    return output;
}

static void
test_sizes(void)
{
    static const guint64 sizes[] = {1 << 20, GIB, 6 * GIB + 65536, 513 * GIB, 4096 * GIB};
    g_autofree char *folder = g_dir_make_tmp("oXXXXXX", NULL);
    g_autofree char *disk = g_build_filename(folder, "disk.qcow2", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_true(overlay_disk_make_empty(sizes[i], folder, &error));
        g_assert_no_error(error);
        g_assert_true(is_sound(disk));
        g_assert_cmpuint(overlay_disk_size(disk, NULL), ==, sizes[i]);
        g_autofree char *text = describe(disk);
        g_autofree char *wanted = g_strdup_printf("\"virtual-size\": %" G_GUINT64_FORMAT, sizes[i]);
        g_assert_nonnull(strstr(text, wanted));
        g_assert_null(strstr(text, "backing"));
    }
    g_assert_true(record_remove_folder(folder, NULL));
}

static void
test_on_another(void)
{
    g_autofree char *folder = g_dir_make_tmp("oXXXXXX", NULL);
    g_autofree char *below = g_build_filename(folder, "be,low", NULL);
    g_autofree char *backing = g_build_filename(below, "disk.qcow2", NULL);
    g_autofree char *disk = g_build_filename(folder, "disk.qcow2", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(g_mkdir_with_parents(below, 0700), ==, 0);
    g_assert_true(overlay_disk_make_empty(GIB, below, &error));
    g_assert_true(overlay_disk_make(backing, 0, folder, &error));
    g_assert_true(is_sound(disk));
    g_autofree char *text = describe(disk);
    g_assert_nonnull(strstr(text, "\"virtual-size\": 1073741824"));
    g_assert_nonnull(strstr(text, "\"backing-filename-format\": \"qcow2\""));
    g_assert_nonnull(strstr(text, backing));
    /* Never less than what it stands on; more where that is asked. */
    g_assert_true(overlay_disk_make(backing, 1 << 20, folder, &error));
    g_autofree char *same = describe(disk);
    g_assert_nonnull(strstr(same, "\"virtual-size\": 1073741824"));
    g_assert_true(overlay_disk_make(backing, 2 * GIB, folder, &error));
    g_assert_true(is_sound(disk));
    g_autofree char *more = describe(disk);
    g_assert_nonnull(strstr(more, "\"virtual-size\": 2147483648"));
    g_assert_true(record_remove_folder(folder, NULL));
}

static void
test_on_nothing(void)
{
    g_autofree char *folder = g_dir_make_tmp("oXXXXXX", NULL);
    g_autofree char *text_file = g_build_filename(folder, "text", NULL);
    g_autofree char *disk = g_build_filename(folder, "disk.qcow2", NULL);
    g_autoptr(GError) missing = NULL, wrong = NULL;
    g_assert_false(overlay_disk_make("/no/such/disk", 0, folder, &missing));
    g_assert_error(missing, ORIEL_ERROR, ORIEL_ERROR_FAILED);
    g_assert_true(g_file_set_contents(text_file, "This is text, and not a disk at all.", -1, NULL));
    g_assert_false(overlay_disk_make(text_file, 0, folder, &wrong));
    g_assert_error(wrong, ORIEL_ERROR, ORIEL_ERROR_FAILED);
    g_assert_false(g_file_test(disk, G_FILE_TEST_EXISTS));
    g_assert_true(record_remove_folder(folder, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/overlay-disk/sizes", test_sizes);
    g_test_add_func("/overlay-disk/on-another", test_on_another);
    g_test_add_func("/overlay-disk/on-nothing", test_on_nothing);
    return g_test_run();
}
