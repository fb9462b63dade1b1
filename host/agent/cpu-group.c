/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cpu-group.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOUNT "/sys/fs/cgroup"
/* A group gets its share anew this often. */
#define PERIOD_US 100000

char *
cpu_group_find(const char *text, const char *mount)
{
    static const char mark[] = "0::/"; /* the one line of version 2 */
    const char *line = text;
    while (line != NULL && !g_str_has_prefix(line, mark))
        line = (line = strchr(line, '\n')) != NULL ? line + 1 : NULL;
    if (line == NULL)
        return NULL;
    g_autofree char *path =
        g_strndup(line + sizeof mark - 1, strcspn(line + sizeof mark - 1, "\n"));
    g_autofree char *root = g_build_filename(mount, path, NULL);
    g_autofree char *list = g_build_filename(root, "cgroup.controllers", NULL);
    g_autofree char *control = g_build_filename(root, "cgroup.subtree_control", NULL);
    g_autofree char *controllers = NULL;
    /* The root of all is not ours, whoever we are. */
    if (path[0] == '\0' || access(control, W_OK) != 0 || access(root, W_OK) != 0 ||
        !g_file_get_contents(list, &controllers, NULL, NULL))
        return NULL;
    g_auto(GStrv) words = g_strsplit_set(controllers, " \n", -1);
    return g_strv_contains((const char *const *)words, "cpu") ? g_steal_pointer(&root) : NULL;
}

char *
cpu_group_root(void)
{
    g_autofree char *text = NULL;
    return g_file_get_contents("/proc/self/cgroup", &text, NULL, NULL) ? cpu_group_find(text, MOUNT)
                                                                       : NULL;
}

static char *
folder_of(const char *root, const char *id)
{
    g_autofree char *name = g_strconcat("desktop-", id, NULL);
    return g_build_filename(root, name, NULL);
}

static gboolean
put(const char *folder, const char *name, const char *value)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return FALSE;
    gboolean written = write(fd, value, strlen(value)) == (ssize_t)strlen(value);
    int problem = errno;
    close(fd);
    errno = problem;
    return written;
}

gboolean
cpu_group_hold(const char *root, const char *id, pid_t pid, guint percent)
{
    g_autofree char *folder = root != NULL ? folder_of(root, id) : NULL;
    g_autofree char *share = g_strdup_printf("%u %u", percent * (PERIOD_US / 100), PERIOD_US);
    g_autofree char *process = g_strdup_printf("%d", (int)pid);
    if (folder == NULL) {
        errno = ENOTSUP;
        return FALSE;
    }
    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        return FALSE;
    /* Threaded before anything else: only so may its root hold processes as well. */
    return put(folder, "cgroup.type", "threaded") && put(root, "cgroup.subtree_control", "+cpu") &&
           put(folder, "cpu.max", share) && put(folder, "cgroup.procs", process);
}

void
cpu_group_forget(const char *root, const char *id)
{
    g_autofree char *folder = root != NULL ? folder_of(root, id) : NULL;
    if (folder != NULL)
        rmdir(folder);
}
