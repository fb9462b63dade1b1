/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/acceptor.h"
#include "common/unix-socket.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define DEADLINE_SECONDS 10

typedef struct {
    char *folder, *path;
    Acceptor *acceptor;
    int taken; /* the connection accepted last; -1: none */
} Fixture;

static void
on_accepted(int fd, gpointer user)
{
    Fixture *f = user;

    g_assert_cmpint(f->taken, ==, -1);
    f->taken = fd;
}

static void
set_up(Fixture *f, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;

    f->taken = -1;
    f->folder = g_dir_make_tmp("oXXXXXX", &error);
    g_assert_no_error(error);
    f->path = g_build_filename(f->folder, "s", NULL);
    int listening = oriel_listen_unix(f->path, 0600, (gid_t)-1, &error);
    g_assert_no_error(error);
    f->acceptor = acceptor_new(listening, "The test", on_accepted, f);
    alarm(DEADLINE_SECONDS); /* who waits for ever ends here */
}

static void
tear_down(Fixture *f, gconstpointer unused)
{
    alarm(0);
    acceptor_free(f->acceptor);
    g_unlink(f->path);
    g_rmdir(f->folder);
    g_free(f->path);
    g_free(f->folder);
}

static int
join(Fixture *f)
{
    g_autoptr(GError) error = NULL;
    int fd = oriel_connect_unix(f->path, &error);

    g_assert_no_error(error);
    return fd;
}

static void
wait_taken(Fixture *f)
{
    while (f->taken < 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpint(fcntl(f->taken, F_GETFD) & FD_CLOEXEC, !=, 0);
    g_assert_cmpint(fcntl(f->taken, F_GETFL) & O_NONBLOCK, !=, 0);
    close(f->taken);
    f->taken = -1;
}

static void
test_accepts(Fixture *f, gconstpointer unused)
{
    for (int i = 0; i < 3; i++) {
        int fd = join(f);
        wait_taken(f);
        close(fd);
    }
}

/* Without a descriptor left it does not give up: later it has the connection that waited. */
static void
test_rests(Fixture *f, gconstpointer unused)
{
    struct rlimit limit, none;
    int fd = join(f), next = dup(fd);

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    none = limit;
    close(next);
    none.rlim_cur = (rlim_t)next;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    g_test_expect_message("oriel", G_LOG_LEVEL_WARNING, "The test takes no connections*");
    g_main_context_iteration(NULL, TRUE);
    g_test_assert_expected_messages();
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    wait_taken(f);
    close(fd);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/acceptor/accepts", Fixture, NULL, set_up, test_accepts, tear_down);
    g_test_add("/acceptor/rests", Fixture, NULL, set_up, test_rests, tear_down);
    return g_test_run();
}
