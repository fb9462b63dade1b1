/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process.h"

#include "common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"
#define BOOT_ID_SIZE 40
/* How much of a log's end is looked at, and how many of its lines are told. */
#define TAIL_BYTES 2048
#define TAIL_LINES 3

struct Process {
    pid_t pid;
    int pidfd;
    guint watch; /* child watch or descriptor watch */
    ProcessEnded ended;
    gpointer user;
};

gboolean
process_parse_stat(const char *text, char *state, guint64 *start_time)
{
    /* The program's name stands in parentheses and may itself hold any character. */
    const char *at = strrchr(text, ')');
    if (at == NULL || at[1] != ' ' || at[2] == '\0')
        return FALSE;
    *state = at[2];
    at += 2;
    for (int field = 3; field < 22; field++) {
        at = strchr(at, ' ');
        if (at == NULL)
            return FALSE;
        at++;
    }
    guint64 value = 0;
    if (*at < '0' || *at > '9')
        return FALSE;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (value > (G_MAXUINT64 - 9) / 10)
            return FALSE;
        value = value * 10 + (guint64)(*at - '0');
    }
    *start_time = value;
    return TRUE;
}

gboolean
process_parse_pid_file(const char *text, pid_t *pid, guint64 *start_time,
                       char boot_id[BOOT_ID_SIZE])
{
    g_auto(GStrv) words = g_strsplit_set(text, " \n", 4);
    if (g_strv_length(words) < 3)
        return FALSE;
    guint64 number = 0;
    if (!g_ascii_string_to_unsigned(words[0], 10, 1, G_MAXINT32, &number, NULL) ||
        !g_ascii_string_to_unsigned(words[1], 10, 0, G_MAXUINT64, start_time, NULL))
        return FALSE;
    *pid = (pid_t)number;
    return words[2][0] != '\0' && g_strlcpy(boot_id, words[2], BOOT_ID_SIZE) < BOOT_ID_SIZE;
}

static gboolean
read_small(const char *path, char *buffer, gsize size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return FALSE;
    ssize_t length = read(fd, buffer, size - 1);
    close(fd);
    if (length <= 0)
        return FALSE;
    buffer[length] = '\0';
    return TRUE;
}

static void
read_boot_id(char boot_id[BOOT_ID_SIZE])
{
    if (!read_small(BOOT_ID_PATH, boot_id, BOOT_ID_SIZE))
        g_strlcpy(boot_id, "unknown", BOOT_ID_SIZE);
    boot_id[strcspn(boot_id, "\n")] = '\0';
}

/* What the child needs between fork and exec, where memory may not be allocated. */
typedef struct {
    const char *pid_path;
    char boot_id[BOOT_ID_SIZE];
} ChildSetup;

static char *
append_number(char *at, guint64 value)
{
    char digits[20];
    int count = 0;
    do
        digits[count++] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

static void
child_setup(gpointer user)
{
    const ChildSetup *setup = user;
    char stat_text[1024], line[128], state;
    guint64 start_time = 0;

    setsid();
    umask(0077);
    if (!read_small("/proc/self/stat", stat_text, sizeof stat_text) ||
        !process_parse_stat(stat_text, &state, &start_time))
        _exit(126);
    char *at = append_number(line, (guint64)getpid());
    *at++ = ' ';
    at = append_number(at, start_time);
    *at++ = ' ';
    for (const char *id = setup->boot_id; *id != '\0'; id++)
        *at++ = *id;
    *at++ = '\n';
    int fd = open(setup->pid_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line, (gsize)(at - line)) != at - line)
        _exit(126);
    close(fd);
}

static void
finish(Process *process, const ProcessEnd *end)
{
    process->watch = 0;
    process->ended(process, end, process->user);
}

static void
on_child(GPid pid, int status, gpointer user)
{
    ProcessEnd end = {.known = TRUE, .exit_code = -1};
    if (WIFSIGNALED(status))
        end.signal = WTERMSIG(status);
    else
        end.exit_code = WEXITSTATUS(status);
    finish(user, &end);
}

static gboolean
on_pidfd(int fd, GIOCondition condition, gpointer user)
{
    ProcessEnd end = {.known = FALSE, .exit_code = -1};
    finish(user, &end);
    return G_SOURCE_REMOVE;
}

/* Our own environment, less what ties a program to our session or to our service manager. */
static char **
child_environment(void)
{
    static const char *const dropped[] = {"DBUS_SESSION_BUS_ADDRESS",
                                          "DBUS_STARTER_ADDRESS",
                                          "NOTIFY_SOCKET",
                                          "LISTEN_FDS",
                                          "LISTEN_PID",
                                          "WATCHDOG_USEC",
                                          "DISPLAY",
                                          "WAYLAND_DISPLAY"};
    char **environment = g_get_environ();
    for (gsize i = 0; i < G_N_ELEMENTS(dropped); i++)
        environment = g_environ_unsetenv(environment, dropped[i]);
    return environment;
}

static void
explain_spawn_error(const char *program, GError *spawn_error, GError **error)
{
    if (g_error_matches(spawn_error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND,
                    "The program “%s” is not installed on this host.", program);
    else
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED,
                    "The program “%s” could not be started: %s.", program, spawn_error->message);
    g_error_free(spawn_error);
}

Process *
process_spawn(const char *const *argv, const char *pid_path, const char *log_path,
              ProcessEnded ended, gpointer user, GError **error)
{
    ChildSetup setup = {.pid_path = pid_path};
    read_boot_id(setup.boot_id);
    int log_fd = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0) {
        g_set_error(error, ORIEL_ERROR, errno == ENOSPC ? ORIEL_ERROR_NO_SPACE : ORIEL_ERROR_FAILED,
                    "The log “%s” could not be opened: %s.", log_path, g_strerror(errno));
        return NULL;
    }
    GError *spawn_error = NULL;
    GPid pid = 0;
    g_auto(GStrv) environment = child_environment();
    gboolean started = g_spawn_async_with_fds(
        "/", (char **)argv, environment, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
        child_setup, &setup, &pid, -1, log_fd, log_fd, &spawn_error);
    close(log_fd);
    if (!started) {
        unlink(pid_path);
        explain_spawn_error(argv[0], spawn_error, error);
        return NULL;
    }
    Process *process = g_new0(Process, 1);
    process->pid = pid;
    process->pidfd = pidfd_open(pid, 0);
    process->ended = ended;
    process->user = user;
    process->watch = g_child_watch_add(pid, on_child, process);
    return process;
}

/* FALSE when there is no such file, or it is malformed or from before this machine's start. */
static gboolean
read_pid_file(const char *pid_path, pid_t *pid, guint64 *start_time)
{
    char text[256], boot_id[BOOT_ID_SIZE], boot_id_now[BOOT_ID_SIZE];
    if (!read_small(pid_path, text, sizeof text) ||
        !process_parse_pid_file(text, pid, start_time, boot_id))
        return FALSE;
    read_boot_id(boot_id_now);
    return strcmp(boot_id, boot_id_now) == 0;
}

gboolean
process_pid_file_is_of_this_boot(const char *pid_path)
{
    pid_t pid;
    guint64 start_time;
    return read_pid_file(pid_path, &pid, &start_time);
}

Process *
process_adopt(const char *pid_path, ProcessEnded ended, gpointer user)
{
    char stat_text[1024], state;
    pid_t pid;
    guint64 start_time, start_time_now;
    if (!read_pid_file(pid_path, &pid, &start_time))
        return NULL;
    /* The descriptor first, then the comparison: so the descriptor is known to mean the process
     * that was compared. */
    int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0)
        return NULL;
    g_autofree char *stat_path = g_strdup_printf("/proc/%d/stat", (int)pid);
    if (!read_small(stat_path, stat_text, sizeof stat_text) ||
        !process_parse_stat(stat_text, &state, &start_time_now) || start_time != start_time_now ||
        state == 'Z' || state == 'X') {
        close(pidfd);
        return NULL;
    }
    Process *process = g_new0(Process, 1);
    process->pid = pid;
    process->pidfd = pidfd;
    process->ended = ended;
    process->user = user;
    process->watch = g_unix_fd_add(pidfd, G_IO_IN, on_pidfd, process);
    return process;
}

/* A child that we stop watching still has to be reaped. */
static void
reap(GPid pid, int status, gpointer user)
{
    g_spawn_close_pid(pid);
}

void
process_free(Process *process)
{
    if (process == NULL)
        return;
    if (process->watch != 0) {
        gboolean child = waitpid(process->pid, NULL, WNOHANG) == 0;
        g_source_remove(process->watch);
        if (child)
            g_child_watch_add(process->pid, reap, NULL);
    }
    if (process->pidfd >= 0)
        close(process->pidfd);
    g_free(process);
}

pid_t
process_pid(const Process *process)
{
    return process->pid;
}

void
process_signal(Process *process, int signal_number)
{
    if (process->watch == 0)
        return;
    if (process->pidfd >= 0)
        pidfd_send_signal(process->pidfd, signal_number, NULL, 0);
    else /* not reaped yet, so the number is still its own */
        kill(process->pid, signal_number);
}

char *
process_end_text(const ProcessEnd *end)
{
    if (!end->known)
        return g_strdup("ended unexpectedly");
    if (end->signal != 0)
        return g_strdup_printf("was killed (signal %d)", end->signal);
    return g_strdup_printf("exited with status %d", end->exit_code);
}

char *
process_log_tail(const char *log_path)
{
    g_autofree char *text = g_malloc(TAIL_BYTES + 1);
    int fd = open(log_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    off_t size = lseek(fd, 0, SEEK_END);
    ssize_t length = pread(fd, text, TAIL_BYTES, size > TAIL_BYTES ? size - TAIL_BYTES : 0);
    close(fd);
    if (length <= 0)
        return NULL;
    text[length] = '\0';
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_auto(GStrv) lines = g_strsplit(g_strstrip(valid), "\n", -1);
    guint count = g_strv_length(lines);
    if (count == 0)
        return NULL;
    return g_strjoinv(" / ", lines + (count > TAIL_LINES ? count - TAIL_LINES : 0));
}
