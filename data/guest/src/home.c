/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "home.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOME    "/home/user"
#define PLACE   "/run/oriel-home" /* of the whole volume; the home is a folder of it */
#define STANDS  "/run/oriel/desktop"
#define CAME    "/run/oriel/home"  /* for the session: a home has come since it began */
#define PROMPTS "/run/oriel/shell" /* by the terminal's shell */

#define DEVICE_S  15 /* for the disk to show up */
#define SHELL_S   5  /* for the prompt: one whose start-up file goes ways of its own never tells */
#define WINDOWS_S 20
#define LEAVE_S   5 /* for the user's programs to end */

#define PATH_SIZE  300
#define MAX_SHELLS 16
#define MKE2FS                                                                                     \
    "mke2fs -q -t ext4 -L oriel-home -E nodiscard,lazy_itable_init=1,lazy_journal_init=1 "

static char *failure;
static unsigned failure_size;

static int fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int
fail(const char *format, ...)
{
    char text[PATH_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(failure, failure_size, "failed %s\n", text);
    return -1;
}

/* A file's first bytes, terminated. */
static void
read_start(const char *path, char *text, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file >= 0 ? read(file, text, size - 1) : -1;
    text[length > 0 ? length : 0] = '\0';
    close(file);
}

static int
exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void
make_file(const char *path)
{
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

/* Whether it came true within some seconds. */
static int
wait_until(int seconds, int (*holds)(void *), void *data)
{
    for (int tries = seconds * 100; !holds(data); tries--) {
        if (tries <= 0)
            return 0;
        poll(NULL, 0, 10);
    }
    return 1;
}

static int
file_exists(void *path)
{
    return exists(path);
}

/* A shell command's exit status; -1 when it was killed or did not run. */
static int
run(const char *command)
{
    char *const argv[] = {"sh", "-c", (char *)command, NULL};
    char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    struct sigaction usual = {.sa_handler = SIG_DFL}, before;
    posix_spawn_file_actions_t files;
    pid_t child;
    int status = -1;
    sigaction(SIGCHLD, &usual, &before); /* `identity` leaves its children to the kernel */
    posix_spawn_file_actions_init(&files);
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
        posix_spawn_file_actions_addopen(&files, stream, "/dev/null", O_RDWR, 0);
    if (posix_spawn(&child, "/bin/sh", &files, NULL, argv, environment) == 0 &&
        waitpid(child, &status, 0) == child)
        status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    posix_spawn_file_actions_destroy(&files);
    sigaction(SIGCHLD, &before, NULL);
    return status;
}

/* --- the volume
 * ----------------------------------------------------------------------------------------- */

/* A clone's disk has its size, and may have its place, a moment after the machine wakes. */
static int
find_device(void *data)
{
    char *device = data, path[PATH_SIZE], text[32];
    glob_t found;
    device[0] = '\0';
    if (glob("/sys/block/vd*", 0, NULL, &found) != 0)
        return 0;
    for (size_t i = 0; i < found.gl_pathc && device[0] == '\0'; i++) {
        const char *disk = found.gl_pathv[i];
        snprintf(path, sizeof path, "%s/size", disk);
        read_start(path, text, sizeof text);
        if (atoll(text) == 0)
            continue;
        snprintf(path, sizeof path, "%s/serial", disk);
        read_start(path, text, sizeof text);
        if (strncmp(text, "oriel-", 6) == 0)
            snprintf(device, PATH_SIZE, "/dev/%s", strrchr(disk, '/') + 1);
    }
    globfree(&found);
    return device[0] != '\0';
}

typedef enum {
    HOLDS_EXT4,
    HOLDS_DAMAGED_EXT4, /* the kernel has found something to be wrong with it */
    HOLDS_NOTHING,
    HOLDS_ELSE, /* not ours to touch */
    HOLDS_UNREADABLE,
} Contents;

static unsigned
word_at(const uint8_t *bytes, size_t offset)
{
    return bytes[offset] | (unsigned)bytes[offset + 1] << 8;
}

/* Nearly all file systems and partition tables begin with something; Btrfs begins later. */
static Contents
look_at(const char *device)
{
    uint8_t start[4096];
    char btrfs[8] = "";
    int disk = open(device, O_RDONLY | O_CLOEXEC);
    ssize_t length = disk >= 0 ? pread(disk, start, sizeof start, 0) : -1;
    ssize_t later = disk >= 0 ? pread(disk, btrfs, sizeof btrfs, 65536 + 64) : -1;
    close(disk);
    if (length != sizeof start || later != sizeof btrfs)
        return HOLDS_UNREADABLE;
    if (word_at(start, 1024 + 56) == 0xef53)
        return word_at(start, 1024 + 58) & 2 ? HOLDS_DAMAGED_EXT4 : HOLDS_EXT4;
    for (size_t i = 0; i < sizeof start; i++)
        if (start[i] != 0)
            return HOLDS_ELSE;
    return memcmp(btrfs, "_BHRfS_M", sizeof btrfs) == 0 ? HOLDS_ELSE : HOLDS_NOTHING;
}

static int
check(const char *device)
{
    char command[PATH_SIZE];
    snprintf(command, sizeof command, "e2fsck -p %s", device);
    int status = run(command);
    return status == 0 || status == 1 ? 0 : fail("the home on the volume is damaged");
}

static int
make_file_system(const char *device)
{
    char command[PATH_SIZE];
    snprintf(command, sizeof command, MKE2FS "%s", device);
    return run(command) == 0 ? 0 : fail("the volume could not be given a file system");
}

static int
mount_there(const char *device)
{
    return mount(device, PLACE, "ext4", MS_NOATIME, "");
}

/* One that was not unmounted needs no check: mounting replays its journal. */
static int
mount_volume(const char *device)
{
    Contents contents = look_at(device);
    if (contents == HOLDS_UNREADABLE)
        return fail("the volume cannot be read");
    if (contents == HOLDS_ELSE)
        return fail("the volume holds something that is no home");
    if (contents == HOLDS_NOTHING && make_file_system(device) != 0)
        return -1;
    if (contents == HOLDS_DAMAGED_EXT4 && check(device) != 0)
        return -1;
    mkdir(PLACE, 0755);
    if (mount_there(device) == 0)
        return 0;
    if (check(device) != 0)
        return -1;
    return mount_there(device) == 0 ? 0 : fail("the volume cannot be mounted: %s", strerror(errno));
}

/* It appears when it is whole: a copy that was interrupted is begun anew. */
static int
fill_new_home(void)
{
    static const char copy[] = "rm -rf " PLACE "/.user.new && cp -a " HOME " " PLACE "/.user.new";
    if (exists(PLACE "/user"))
        return 0;
    if (run(copy) != 0 || rename(PLACE "/.user.new", PLACE "/user") != 0)
        return fail("the new home could not be filled");
    return 0;
}

static int
is_mounted(const char *path)
{
    struct stat here, above;
    char parent[PATH_SIZE];
    snprintf(parent, sizeof parent, "%s/..", path);
    return stat(path, &here) == 0 && stat(parent, &above) == 0 && here.st_dev != above.st_dev;
}

static int
mount_home(const char *device)
{
    if (mount_volume(device) != 0 || fill_new_home() != 0)
        return -1;
    if (mount(PLACE "/user", HOME, "none", MS_BIND, NULL) != 0)
        return fail("the home cannot be put in its place: %s", strerror(errno));
    return 0;
}

/* --- the session
 * ---------------------------------------------------------------------------------------- */

/* Of Linux's pseudo terminals: their major numbers. */
static int
is_on_terminal(const char *pid)
{
    char path[PATH_SIZE], text[512];
    unsigned terminal = 0;
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    read_start(path, text, sizeof text);
    const char *rest = strrchr(text, ')');
    if (rest == NULL || sscanf(rest, ") %*c %*d %*d %*d %u", &terminal) != 1)
        return 0;
    return terminal >> 8 >= 136 && terminal >> 8 <= 143;
}

static int
stands_in(const char *pid, const struct stat *folder)
{
    char path[PATH_SIZE];
    struct stat place;
    snprintf(path, sizeof path, "/proc/%s/cwd", pid);
    return stat(path, &place) == 0 && place.st_dev == folder->st_dev &&
           place.st_ino == folder->st_ino && is_on_terminal(pid);
}

static int
is_window_manager(const char *pid, const struct stat *folder)
{
    char path[PATH_SIZE], text[32];
    (void)folder;
    snprintf(path, sizeof path, "/proc/%s/comm", pid);
    read_start(path, text, sizeof text);
    return strcmp(text, "icewm\n") == 0;
}

/* Sends each process of the kind a signal; how many there were. */
static int
signal_those(int (*wanted)(const char *pid, const struct stat *folder), const struct stat *folder,
             int number)
{
    struct dirent *entry;
    int count = 0;
    DIR *processes = opendir("/proc");
    while (processes != NULL && (entry = readdir(processes)) != NULL) {
        if (!isdigit((unsigned char)entry->d_name[0]) || !wanted(entry->d_name, folder))
            continue;
        kill(atoi(entry->d_name), number);
        count++;
    }
    if (processes != NULL)
        closedir(processes);
    return count;
}

static void
user_units(const char *order)
{
    struct stat home;
    char command[PATH_SIZE];
    if (stat(HOME, &home) != 0)
        return;
    snprintf(command, sizeof command, "systemctl --no-block %s user@%u.service", order,
             home.st_uid);
    run(command);
}

/* The session goes on where it stands: of what it consists of, the terminal's shell alone holds the
 * home, and where the user has settings for them, window manager and wallpaper read it. Those begin
 * anew. Nobody has used them yet. */
static void
move_session(const struct stat *old)
{
    int windows = exists(HOME "/.icewm") || exists(HOME "/.config/icewm");
    unlink(PROMPTS);
    make_file(CAME);
    int shells = signal_those(stands_in, old, SIGKILL);
    if (windows) {
        signal_those(is_window_manager, old, SIGTERM);
        wait_until(WINDOWS_S, file_exists, STANDS);
    }
    if (shells > 0)
        wait_until(SHELL_S, file_exists, PROMPTS);
    if (exists(HOME "/.config/systemd/user"))
        user_units("restart");
}

/* --- both
 * ------------------------------------------------------------------------------------------------
 */

int
home_give(int session, char *why, unsigned size)
{
    char device[PATH_SIZE];
    struct stat old;
    failure = why;
    failure_size = size;
    if (is_mounted(PLACE))
        return 0;
    if (!wait_until(session ? DEVICE_S : 0, find_device, device))
        return session ? fail("the volume does not show up") : 0;
    if (stat(HOME, &old) != 0)
        return fail("there is no " HOME);
    if (session)
        unlink(STANDS);
    if (mount_home(device) != 0)
        return -1;
    if (session) {
        move_session(&old);
        make_file(STANDS);
    }
    return 0;
}

static int
is_unmounted(void *data)
{
    (void)data;
    return (!is_mounted(HOME) || umount(HOME) == 0) && (!is_mounted(PLACE) || umount(PLACE) == 0);
}

void
home_leave(void)
{
    if (is_mounted(PLACE)) {
        user_units("stop desktop.service");
        wait_until(LEAVE_S, is_unmounted, NULL);
    }
    sync();
}
