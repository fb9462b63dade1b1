/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "common/unix-socket.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DEADLINE_SECONDS 10

/* A folder with the socket of a program that listens and accepts nobody. */
typedef struct {
    char *folder;
    char *path;
    int listener;
    GArray *waiting; /* of int */
} Fixture;

static void
set_up(Fixture *f, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;

    f->folder = g_dir_make_tmp("oXXXXXX", &error);
    f->path = g_build_filename(f->folder, "s", NULL);
    f->listener = oriel_listen_unix(f->path, 0600, (gid_t)-1, &error);
    f->waiting = g_array_new(FALSE, FALSE, sizeof(int));
    g_assert_no_error(error);
    alarm(DEADLINE_SECONDS); /* who waits for ever ends here */
}

static void
tear_down(Fixture *f, gconstpointer unused)
{
    alarm(0);
    for (guint i = 0; i < f->waiting->len; i++)
        close(g_array_index(f->waiting, int, i));
    g_array_unref(f->waiting);
    close(f->listener);
    g_unlink(f->path);
    g_rmdir(f->folder);
    g_free(f->path);
    g_free(f->folder);
}

/* Connects until no more have room. */
static void
fill(Fixture *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    g_strlcpy(address.sun_path, f->path, sizeof address.sun_path);
    for (;;) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        g_assert_cmpint(fd, >=, 0);
        g_array_append_val(f->waiting, fd);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
            break;
    }
    g_assert_cmpint(errno, ==, EAGAIN);
}

static void
test_connect(Fixture *f, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;
    int fd = oriel_connect_unix(f->path, &error);

    g_assert_no_error(error);
    int there = accept(f->listener, NULL, NULL);
    g_assert_cmpint(write(there, "x", 1), ==, 1);
    char byte = 0;
    g_assert_cmpint(read(fd, &byte, 1), ==, 1);
    close(there);
    close(fd);
}

static void
test_nobody(Fixture *f, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;

    close(f->listener);
    g_assert_cmpint(oriel_connect_unix(f->path, &error), ==, -1);
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE);
    g_clear_error(&error);
    f->listener = oriel_listen_unix(f->path, 0600, (gid_t)-1, &error);
    g_assert_no_error(error);
}

/* A program that hangs must not make another one hang that connects to it. */
static void
test_hanging(Fixture *f, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;

    fill(f);
    g_assert_cmpint(oriel_connect_unix(f->path, &error), ==, -1);
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE);
}

/* Its socket is not taken from it either. */
static void
test_listen_beside_hanging(Fixture *f, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;

    fill(f);
    g_assert_cmpint(oriel_listen_unix(f->path, 0600, (gid_t)-1, &error), ==, -1);
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_EXISTS);
    g_assert_true(g_file_test(f->path, G_FILE_TEST_EXISTS));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/unix-socket/connect", Fixture, NULL, set_up, test_connect, tear_down);
    g_test_add("/unix-socket/nobody", Fixture, NULL, set_up, test_nobody, tear_down);
    g_test_add("/unix-socket/hanging", Fixture, NULL, set_up, test_hanging, tear_down);
    g_test_add("/unix-socket/listen-beside-hanging", Fixture, NULL, set_up,
               test_listen_beside_hanging, tear_down);
    return g_test_run();
}
