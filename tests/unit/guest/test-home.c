/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the guest's program takes a volume for: an empty one is given a file system, so nothing that
 * holds something may be taken for empty. The rest is tried in guests (tests/e2e/test_clones.py).
 */
#include "data/guest/src/home.c"

#include <glib.h>

#define SIZE (128 * 1024)

typedef struct {
    const char *name;
    gsize at;
    const char *bytes;
    gsize length;
    gsize size;
    Contents contents;
} Case;

static const Case cases[] = {
    {"nothing", 0, "", 0, SIZE, HOLDS_NOTHING},
    /* The magic number, and "cleanly unmounted", "errors", and neither: a journal to replay. */
    {"clean", 1080, "\x53\xef\x01\x00", 4, SIZE, HOLDS_EXT4},
    {"not-unmounted", 1080, "\x53\xef\x00\x00", 4, SIZE, HOLDS_EXT4},
    {"errors", 1080, "\x53\xef\x03\x00", 4, SIZE, HOLDS_DAMAGED_EXT4},
    {"partition-table", 510, "\x55\xaa", 2, SIZE, HOLDS_ELSE},
    {"swap", 4086, "SWAPSPACE2", 10, SIZE, HOLDS_ELSE},
    {"xfs", 0, "XFSB", 4, SIZE, HOLDS_ELSE},
    {"lvm", 512, "LABELONE", 8, SIZE, HOLDS_ELSE},
    {"btrfs", 65536 + 64, "_BHRfS_M", 8, SIZE, HOLDS_ELSE},
    /* What mke2fs has written when it was killed before it came to the first block. */
    {"half-made", 8192, "\xff\xff", 2, SIZE, HOLDS_NOTHING},
    {"no-size", 0, "", 0, 0, HOLDS_UNREADABLE},
    {"short", 0, "", 0, 4096, HOLDS_UNREADABLE},
};

static void
test_look_at(gconstpointer data)
{
    const Case *test = data;
    g_autofree char *bytes = g_malloc0(SIZE), *path = NULL;
    int file = g_file_open_tmp("oXXXXXX", &path, NULL);
    memcpy(bytes + test->at, test->bytes, test->length);
    g_assert_cmpint(write(file, bytes, test->size), ==, (gssize)test->size);
    close(file);
    g_assert_cmpint(look_at(path), ==, test->contents);
    unlink(path);
    g_assert_cmpint(look_at(path), ==, HOLDS_UNREADABLE);
}

/* SIGCHLD may be ignored, as where `identity` calls this. */
static void
test_run(void)
{
    g_assert_cmpint(run("exit 3"), ==, 3);
    signal(SIGCHLD, SIG_IGN);
    g_assert_cmpint(run("true"), ==, 0);
    g_assert_cmpint(run("kill -9 $$"), ==, -1);
    g_assert_true(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
}

/* This process stands in its folder, and on no terminal that anybody opened for it here. */
static void
test_processes(void)
{
    struct stat here;
    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
    g_assert_cmpint(stat(".", &here), ==, 0);
    g_assert_cmpint(stands_in(pid, &here), ==, is_on_terminal(pid));
    here.st_ino++;
    g_assert_false(stands_in(pid, &here));
    g_assert_false(stands_in("0", &here));
    g_assert_false(is_on_terminal("0"));
    g_assert_false(is_window_manager(pid, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strdup_printf("/guest-home/look-at/%s", cases[i].name);
        g_test_add_data_func(name, &cases[i], test_look_at);
    }
    g_test_add_func("/guest-home/run", test_run);
    g_test_add_func("/guest-home/processes", test_processes);
    return g_test_run();
}
