/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/net/net-sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

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

static void
enter(gboolean isolated)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(net_sandbox_enter(isolated, &error));
    g_assert_no_error(error);
}

static void
try_what_nobody_needs(void)
{
    char *const argv[] = {(char *)"true", NULL};
    expect_refused(fork(), EPERM);
    expect_refused(execv("/bin/true", argv), EPERM);
    expect_refused(kill(getppid(), 0), EPERM);
    expect_refused(socket(AF_UNIX, SOCK_STREAM, 0), EPERM);
    expect_refused(socket(AF_NETLINK, SOCK_RAW, 0), EPERM);
    expect_refused(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
    expect_refused(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                           MAP_FAILED
                       ? -1
                       : 0,
                   EPERM);
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true(memory != MAP_FAILED);
    expect_refused(mprotect(memory, 4096, PROT_READ | PROT_EXEC), EPERM);
}

static void
test_isolated_inside(void)
{
    enter(TRUE);
    try_what_nobody_needs();
    expect_refused(socket(AF_INET, SOCK_STREAM, 0), EPERM);
    expect_refused(socket(AF_INET6, SOCK_DGRAM, 0), EPERM);
    expect_refused(open("/etc/resolv.conf", O_RDONLY), EPERM);
}

static void
test_outward_inside(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    enter(FALSE);
    try_what_nobody_needs();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(fd, >=, 0);
    /* It connects, and waits for nobody. */
    expect_refused(bind(fd, (struct sockaddr *)&address, sizeof address), EPERM);
    expect_refused(listen(fd, 1), EPERM);
    close(fd);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    if (!kernel_has_landlock())
        return;
    fd = open("/etc/passwd", O_RDONLY);
    g_assert_cmpint(fd, >=, 0);
    close(fd);
    expect_refused(open("/etc/passwd", O_WRONLY), EACCES);
    expect_refused(open("/etc/oriel-test", O_WRONLY | O_CREAT, 0600), EACCES);
    expect_refused(open("/proc/self/maps", O_RDONLY), EACCES);
    expect_refused(open("/tmp", O_RDONLY | O_DIRECTORY), EACCES);
}

static void
run_inside(gconstpointer path)
{
    g_test_trap_subprocess(path, 30 * G_USEC_PER_SEC, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/net-sandbox/isolated", "/net-sandbox/inside/isolated/subprocess",
                         run_inside);
    g_test_add_data_func("/net-sandbox/outward", "/net-sandbox/inside/outward/subprocess",
                         run_inside);
    g_test_add_func("/net-sandbox/inside/isolated/subprocess", test_isolated_inside);
    g_test_add_func("/net-sandbox/inside/outward/subprocess", test_outward_inside);
    return g_test_run();
}
