/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/cpu-group.h"
#include "host/agent/record.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define ID "8dfb9a94-a02e-43e9-a849-c0ffee000001"

/* Plain files stand for the kernel's. */
typedef struct {
    char *mount, *root, *group;
} Tree;

static char *
path_in(const char *folder, const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static void
put(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = path_in(folder, name);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
expect(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = path_in(folder, name);
    g_autofree char *found = NULL;
    g_assert_true(g_file_get_contents(path, &found, NULL, NULL));
    g_assert_cmpstr(found, ==, text);
}

static void
set_up(Tree *tree, gconstpointer data)
{
    tree->mount = g_dir_make_tmp("oriel-XXXXXX", NULL);
    tree->root = path_in(tree->mount, "system.slice/oriel-host.service");
    tree->group = path_in(tree->root, "desktop-" ID);
    g_assert_cmpint(g_mkdir_with_parents(tree->group, 0700), ==, 0);
    put(tree->root, "cgroup.controllers", "cpuset cpu pids\n");
    put(tree->root, "cgroup.subtree_control", "");
    put(tree->group, "cgroup.type", "");
    put(tree->group, "cpu.max", "");
    put(tree->group, "cgroup.procs", "");
}

static void
tear_down(Tree *tree, gconstpointer data)
{
    g_assert_true(record_remove_folder(tree->mount, NULL));
    g_free(tree->mount);
    g_free(tree->root);
    g_free(tree->group);
}

static void
test_find(Tree *tree, gconstpointer data)
{
    static const char ours[] = "12:cpu:/x\n0::/system.slice/oriel-host.service\n";
    static const char *const others[] = {"", "12:cpu:/system.slice/oriel-host.service\n", "0::/\n",
                                         "0::/system.slice\n", "0::/nowhere\n"};
    g_autofree char *root = cpu_group_find(ours, tree->mount);
    g_assert_cmpstr(root, ==, tree->root);
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_null(cpu_group_find(others[i], tree->mount));
    put(tree->root, "cgroup.controllers", "cpuset memory\n");
    g_assert_null(cpu_group_find(ours, tree->mount));
}

static void
test_hold(Tree *tree, gconstpointer data)
{
    g_assert_true(cpu_group_hold(tree->root, ID, 4711, 150));
    expect(tree->group, "cgroup.type", "threaded");
    expect(tree->root, "cgroup.subtree_control", "+cpu");
    expect(tree->group, "cpu.max", "150000 100000");
    expect(tree->group, "cgroup.procs", "4711");
}

static void
test_where_it_cannot_be(Tree *tree, gconstpointer data)
{
    errno = 0;
    g_assert_false(cpu_group_hold(NULL, ID, 4711, 150));
    g_assert_cmpint(errno, ==, ENOTSUP);
    /* A kernel without the controller: the new group has no such file. */
    g_assert_false(cpu_group_hold(tree->root, "other", 4711, 150));
    g_assert_cmpint(errno, ==, ENOENT);
    cpu_group_forget(NULL, ID);
    cpu_group_forget(tree->root, "other");
    g_autofree char *other = path_in(tree->root, "desktop-other");
    g_assert_false(g_file_test(other, G_FILE_TEST_EXISTS));
    cpu_group_forget(tree->root, "other");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/cpu-group/find", Tree, NULL, set_up, test_find, tear_down);
    g_test_add("/cpu-group/hold", Tree, NULL, set_up, test_hold, tear_down);
    g_test_add("/cpu-group/where-it-cannot-be", Tree, NULL, set_up, test_where_it_cannot_be,
               tear_down);
    return g_test_run();
}
