/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/process.h"

#include "common/error.h"
#include "host/agent/record.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *folder, *pid_path, *log_path;
    guint ended;
    ProcessEnd end;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    fixture->folder = g_dir_make_tmp("oXXXXXX", NULL);
    fixture->pid_path = g_build_filename(fixture->folder, "x.pid", NULL);
    fixture->log_path = g_build_filename(fixture->folder, "log", NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    record_remove_folder(fixture->folder, NULL);
    g_free(fixture->folder);
    g_free(fixture->pid_path);
    g_free(fixture->log_path);
}

static void
on_ended(Process *process, const ProcessEnd *end, gpointer user)
{
    Fixture *fixture = user;
    fixture->ended++;
    fixture->end = *end;
}

static Process *
spawn(Fixture *fixture, const char *script)
{
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    g_autoptr(GError) error = NULL;
    Process *process =
        process_spawn(argv, fixture->pid_path, fixture->log_path, on_ended, fixture, &error);
    g_assert_no_error(error);
    return process;
}

static gboolean
on_deadline(gpointer user)
{
    g_error("The process did not end in time.");
    return G_SOURCE_REMOVE;
}

static void
wait_for_end(Fixture *fixture)
{
    guint deadline = g_timeout_add_seconds(20, on_deadline, NULL);
    while (fixture->ended == 0)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(deadline);
}

static void
test_exit(Fixture *fixture, gconstpointer data)
{
    g_autoptr(Process) process = spawn(fixture, "echo one; echo two >&2; exit 7");
    g_assert_nonnull(process);
    wait_for_end(fixture);
    g_autofree char *text = process_end_text(&fixture->end);
    g_autofree char *tail = process_log_tail(fixture->log_path);
    g_assert_true(fixture->end.known);
    g_assert_cmpstr(text, ==, "exited with status 7");
    g_assert_cmpstr(tail, ==, "one / two");
}

static void
test_kill(Fixture *fixture, gconstpointer data)
{
    g_autoptr(Process) process = spawn(fixture, "exec sleep 1000");
    process_signal(process, SIGKILL);
    wait_for_end(fixture);
    g_autofree char *text = process_end_text(&fixture->end);
    g_assert_cmpstr(text, ==, "was killed (signal 9)");
    process_signal(process, SIGKILL); /* too late, and harmless */
}

static void
test_missing(Fixture *fixture, gconstpointer data)
{
    const char *argv[] = {"oriel-no-such-program", NULL};
    g_autoptr(GError) error = NULL;
    g_assert_null(
        process_spawn(argv, fixture->pid_path, fixture->log_path, on_ended, fixture, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, "oriel-no-such-program"));
    g_assert_false(g_file_test(fixture->pid_path, G_FILE_TEST_EXISTS));
}

/* As a host does after it was killed: another Process finds the first one's program. */
static void
test_adopt(Fixture *fixture, gconstpointer data)
{
    Fixture second = {0};
    g_autoptr(Process) process = spawn(fixture, "exec sleep 1000");
    g_autoptr(Process) found = process_adopt(fixture->pid_path, on_ended, &second);
    g_assert_nonnull(found);
    g_assert_cmpint(process_pid(found), ==, process_pid(process));
    g_assert_true(process_pid_file_is_of_this_boot(fixture->pid_path));
    process_signal(found, SIGKILL);
    wait_for_end(&second);
    g_assert_false(second.end.known);
    wait_for_end(fixture);
    g_assert_null(process_adopt(fixture->pid_path, on_ended, &second));
}

/* The pid in the file belongs to another process by now. */
static void
test_another_process(Fixture *fixture, gconstpointer data)
{
    g_autofree char *boot_id = NULL;
    g_assert_true(g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot_id, NULL, NULL));
    g_strchomp(boot_id);
    g_autofree char *other_start = g_strdup_printf("%d 1 %s\n", (int)getpid(), boot_id);
    g_assert_true(g_file_set_contents(fixture->pid_path, other_start, -1, NULL));
    g_assert_null(process_adopt(fixture->pid_path, on_ended, fixture));
    g_assert_true(process_pid_file_is_of_this_boot(fixture->pid_path));
    g_assert_true(g_file_set_contents(fixture->pid_path, "1 1 of-another-boot\n", -1, NULL));
    g_assert_null(process_adopt(fixture->pid_path, on_ended, fixture));
    g_assert_false(process_pid_file_is_of_this_boot(fixture->pid_path));
}

static void
test_parse(void)
{
    pid_t pid;
    guint64 start;
    char boot_id[40], state;
    g_assert_true(process_parse_pid_file("12 34 abc\n", &pid, &start, boot_id));
    g_assert_cmpint(pid, ==, 12);
    g_assert_cmpuint(start, ==, 34);
    g_assert_cmpstr(boot_id, ==, "abc");
    const char *const bad[] = {"",         "\n",
                               "12",       "12 34",
                               "12 34 \n", "0 34 a",
                               "-1 34 a",  "99999999999 3 a",
                               "x y z",    "12 34 a-boot-id-that-is-much-longer-than-any-boot-id"};
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(process_parse_pid_file(bad[i], &pid, &start, boot_id));
    /* A program may call itself anything. */
    g_assert_true(process_parse_stat(
        "7 (a) R 1 2) S 1 1 1 0 -1 4 5 6 7 8 9 10 11 12 20 0 1 0 4242 1 2", &state, &start));
    g_assert_cmpint(state, ==, 'S');
    g_assert_cmpuint(start, ==, 4242);
    g_assert_false(process_parse_stat("7 (a) S 1 1 1", &state, &start));
    g_assert_false(process_parse_stat("", &state, &start));
}

#define ADD(name, function) g_test_add("/process/" name, Fixture, NULL, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("exit", test_exit);
    ADD("kill", test_kill);
    ADD("missing", test_missing);
    ADD("adopt", test_adopt);
    ADD("another-process", test_another_process);
    g_test_add_func("/process/parse", test_parse);
    return g_test_run();
}
