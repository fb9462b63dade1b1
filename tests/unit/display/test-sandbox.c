/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/landlock.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define FOLDER "ORIEL_TEST_FOLDER" /* for the process that goes into the sandbox */

static gboolean
kernel_has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static void
expect_refused(long status, int why)
{
    int number = errno;
    g_assert_cmpint(status, ==, -1);
    g_assert_cmpint(number, ==, why);
}

static char *
place(const char *name)
{
    return g_build_filename(g_getenv(FOLDER), name, NULL);
}

static void
enter(void)
{
    g_autofree char *given = place("given"), *own = place("own");
    const char *read[] = {given, "/not/there", NULL}, *write[] = {own, NULL};
    const SandboxNeeds needs = {.read = read, .write = write};
    g_autoptr(GError) error = NULL;
    sandbox_enter(&needs, &error);
    g_assert_no_error(error);
}

static gpointer
refused_on_thread(gpointer user)
{
    expect_refused(kill(getppid(), 0), EPERM);
    return user;
}

static void
try_processes(void)
{
    char *const argv[] = {(char *)"true", NULL};
    int own = 1;
    expect_refused(fork(), EPERM);
    expect_refused(execv("/bin/true", argv), EPERM);
    expect_refused(kill(getppid(), 0), EPERM);
    expect_refused(syscall(SYS_tgkill, getppid(), getppid(), 0), EPERM);
    g_assert_cmpint((int)syscall(SYS_tgkill, getpid(), gettid(), 0), ==, 0);
    GThread *thread = g_thread_new("other", refused_on_thread, &own);
    g_assert_true(g_thread_join(thread) == &own);
}

static void
try_sockets(void)
{
    const int good[] = {AF_UNIX, AF_INET, AF_INET6}, bad[] = {AF_NETLINK, AF_PACKET, AF_VSOCK};
    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        int fd = socket(good[i], SOCK_STREAM, 0);
        g_assert_true(fd >= 0 || errno == EAFNOSUPPORT); /* a kernel without IPv6 */
        if (fd >= 0)
            close(fd);
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        expect_refused(socket(bad[i], SOCK_RAW, 0), EAFNOSUPPORT);
}

static void
try_own_folder(void)
{
    g_autofree char *file = place("own/file"), *path = place("own/socket");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = open(file, O_WRONLY | O_CREAT, 0600), server = socket(AF_UNIX, SOCK_STREAM, 0);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_cmpint(g_unlink(file), ==, 0);
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    g_assert_cmpint(bind(server, (struct sockaddr *)&address, sizeof address), ==, 0);
    close(server);
    g_assert_cmpint(g_unlink(path), ==, 0);
}

static void
try_other_files(void)
{
    g_autofree char *given = place("given"), *other = place("other"), *new = place("new");
    int fd = open(given, O_RDONLY);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    fd = open("/etc/passwd", O_RDONLY);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    if (!kernel_has_landlock())
        return;
    expect_refused(open(given, O_WRONLY), EACCES);
    expect_refused(open(other, O_RDONLY), EACCES);
    expect_refused(open(new, O_WRONLY | O_CREAT, 0600), EACCES);
    expect_refused(open("/etc/oriel-test", O_WRONLY | O_CREAT, 0600), EACCES);
    expect_refused(g_unlink(other), EACCES);
}

static void
test_inside(void)
{
    enter();
    try_processes();
    try_sockets();
    try_own_folder();
    try_other_files();
}

static void
test_all(void)
{
    g_autofree char *folder = g_dir_make_tmp("oriel-sandbox-XXXXXX", NULL);
    static const char *const names[] = {"given", "other"};
    g_setenv(FOLDER, folder, TRUE);
    g_autofree char *own = place("own");
    g_assert_cmpint(g_mkdir(own, 0700), ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = place(names[i]);
        g_assert_true(g_file_set_contents(path, "x", 1, NULL));
    }
    g_test_trap_subprocess("/sandbox/inside/subprocess", 30 * G_USEC_PER_SEC, 0);
    gboolean passed = g_test_trap_has_passed();
    g_test_trap_assert_stderr("");
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = place(names[i]);
        g_unlink(path);
    }
    g_rmdir(own);
    g_rmdir(folder);
    g_assert_true(passed);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sandbox/all", test_all);
    g_test_add_func("/sandbox/inside/subprocess", test_inside);
    return g_test_run();
}
