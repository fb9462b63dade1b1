/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes a clone of this machine a machine of its own: clock, random seed, host name, machine and
 * boot id, MAC, SSH host keys, before anybody sees the screen. The host writes NAME=VALUE lines and
 * an empty one, and is told "done" or what failed.
 *
 * With home=1 the user's home is put in place next (home.h), and "named" is said before that.
 *
 * With a port's path as argument it waits there for the host, in memory already when its machine is
 * cloned; else it reads and answers once, on its standard input and output.
 *
 * The user waits for what lies between the empty line and the answer, and under emulation each
 * piece of code that runs there is translated first. So all that can be is done before, when the
 * host says hello to what is to become a template, or after. */
#include "home.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/random.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_LINE   4096
#define SEED_BYTES 64
#define BOOT_ID    "/run/oriel-boot-id"
#define SSH_KEYS   "/etc/ssh/ssh_host_*"

/* What the host says. */
struct own {
    char time[32];
    char seed[2 * SEED_BYTES + 1];
    char hostname[65];
    char machine_id[33];
    char boot_id[37];
    char mac[18];
    char home[2];
};

static const struct {
    const char *name;
    size_t offset, size;
} fields[] = {
#define FIELD(name)                                                                                \
    {                                                                                              \
#name, offsetof(struct own, name), sizeof((struct own *)0)->name                           \
    }
    FIELD(time),    FIELD(seed), FIELD(hostname), FIELD(machine_id),
    FIELD(boot_id), FIELD(mac),  FIELD(home),
#undef FIELD
};

/* What is got ready before. */
struct ready {
    int prepared;
    int random;
    int machine_id;
    int boot_id;
    int network;
    struct ifreq device; /* no name: there is none */
};

static struct own own;
static struct ready ready = {.random = -1, .machine_id = -1, .boot_id = -1, .network = -1};
static char failure[512];

static int
fail(const char *what)
{
    snprintf(failure, sizeof failure, "failed %s: %s\n", what, strerror(errno));
    return -1;
}

static int
write_file(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ssize_t length = (ssize_t)strlen(text);
    if (file < 0)
        return -1;
    int result = write(file, text, (size_t)length) == length ? 0 : -1;
    close(file);
    return result;
}

static int
read_first(const char *path)
{
    char text[16] = "";
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    return length > 0 ? atoi(text) : -1;
}

static void
remove_all(const char *pattern)
{
    glob_t found;
    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        unlink(found.gl_pathv[i]);
    globfree(&found);
}

/* --- before
 * --------------------------------------------------------------------------------------------- */

/* The first Ethernet interface that stands for a device. */
static int
find_network(void)
{
    glob_t found;
    char path[300];
    memset(&ready.device, 0, sizeof ready.device);
    ready.network = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (ready.network < 0)
        return fail("no socket");
    if (glob("/sys/class/net/*/device", 0, NULL, &found) != 0)
        return 0;
    for (size_t i = 0; i < found.gl_pathc && ready.device.ifr_name[0] == '\0'; i++) {
        char *name = found.gl_pathv[i] + strlen("/sys/class/net/");
        *strchr(name, '/') = '\0';
        snprintf(path, sizeof path, "/sys/class/net/%s/type", name);
        if (read_first(path) == ARPHRD_ETHER && strlen(name) < IFNAMSIZ)
            memcpy(ready.device.ifr_name, name, strlen(name) + 1);
    }
    globfree(&found);
    return 0;
}

/* The kernel's boot id cannot be set: a file lies over it that can. */
static int
cover_boot_id(void)
{
    ready.boot_id = open(BOOT_ID, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0444);
    if (ready.boot_id < 0 || fchmod(ready.boot_id, 0444) != 0)
        return fail(BOOT_ID " cannot be made");
    char id[64];
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t length = file >= 0 ? read(file, id, sizeof id) : -1;
    close(file);
    if (length <= 0 || write(ready.boot_id, id, (size_t)length) != length)
        return fail("the boot id cannot be read");
    if (mount(BOOT_ID, "/proc/sys/kernel/random/boot_id", "none", MS_BIND, NULL) != 0)
        return fail("the boot id cannot be replaced");
    return 0;
}

static int
prepare(void)
{
    if (ready.prepared)
        return 0;
    remove_all(SSH_KEYS);
    ready.random = open("/dev/urandom", O_RDWR | O_CLOEXEC);
    if (ready.random < 0)
        return fail("/dev/urandom cannot be opened");
    ready.machine_id = open("/etc/machine-id", O_RDWR | O_CREAT | O_CLOEXEC, 0444);
    if (ready.machine_id < 0)
        return fail("/etc/machine-id cannot be opened");
    if (find_network() != 0 || cover_boot_id() != 0)
        return -1;
    ready.prepared = 1;
    return 0;
}

/* --- what the user waits for
 * ---------------------------------------------------------------------------- */

static int
nibble(char digit)
{
    return digit >= '0' && digit <= '9'   ? digit - '0'
           : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
           : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                          : -1;
}

/* The bytes that were written; -1: not hexadecimal, or more than fit. */
static int
parse_hex(const char *text, unsigned char *bytes, int most)
{
    int count = 0;
    for (; text[0] != '\0'; text += 2) {
        int high = nibble(text[0]), low = high < 0 ? -1 : nibble(text[1]);
        if (low < 0 || count == most)
            return -1;
        bytes[count++] = (unsigned char)(high << 4 | low);
        if (text[2] == ':')
            text++;
    }
    return count;
}

static int
seed_random(void)
{
    struct { /* rand_pool_info */
        int entropy_bits, size;
        unsigned char bytes[SEED_BYTES];
    } pool;
    int count = parse_hex(own.seed, pool.bytes, SEED_BYTES);
    errno = EINVAL;
    if (count <= 0)
        return fail("the random seed is none");
    pool.entropy_bits = 8 * count;
    pool.size = count;
    if (ioctl(ready.random, RNDADDENTROPY, &pool) != 0)
        return fail("the random seed was not taken");
    if (ioctl(ready.random, RNDRESEEDCRNG) != 0)
        return fail("the random numbers were not seeded anew");
    explicit_bzero(&pool, sizeof pool);
    return 0;
}

/* In place: the old id has the same length, and a file made shorter goes to the disk when closed.
 */
static int
put_id(int file, const char *id, const char *what)
{
    char line[40];
    int length = snprintf(line, sizeof line, "%s\n", id);
    if (pwrite(file, line, (size_t)length, 0) != length)
        return fail(what);
    return 0;
}

static int
set_names(void)
{
    if (sethostname(own.hostname, strlen(own.hostname)) != 0)
        return fail("the host name cannot be set");
    if (put_id(ready.boot_id, own.boot_id, "the boot id cannot be written") != 0)
        return -1;
    return put_id(ready.machine_id, own.machine_id, "/etc/machine-id cannot be written");
}

static int
set_link(int up)
{
    struct ifreq request = ready.device;
    if (ioctl(ready.network, SIOCGIFFLAGS, &request) != 0)
        return -1;
    request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    return ioctl(ready.network, SIOCSIFFLAGS, &request);
}

static int
set_mac(void)
{
    struct ifreq mac = ready.device;
    if (ready.device.ifr_name[0] == '\0')
        return 0;
    mac.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    errno = EINVAL;
    if (parse_hex(own.mac, (unsigned char *)mac.ifr_hwaddr.sa_data, 6) != 6)
        return fail("the MAC is none");
    /* Most take another while they are up, which is much quicker. */
    if (ioctl(ready.network, SIOCSIFHWADDR, &mac) == 0)
        return 0;
    if (set_link(0) != 0)
        return fail("the network cannot be taken down");
    if (ioctl(ready.network, SIOCSIFHWADDR, &mac) != 0)
        return fail("the MAC cannot be set");
    return set_link(1) == 0 ? 0 : fail("the network cannot be taken up");
}

/* Half of the system wakes up when the clock jumps: it comes last. */
static int
set_clock(void)
{
    char *rest;
    struct timespec now = {.tv_sec = strtoll(own.time, &rest, 10)};
    if (rest[0] == '.')
        now.tv_nsec = strtol(rest + 1, NULL, 10) * 1000;
    return clock_settime(CLOCK_REALTIME, &now) == 0 ? 0 : fail("the clock cannot be set");
}

static int
become(void)
{
    return prepare() == 0 && seed_random() == 0 && set_names() == 0 && set_mac() == 0 &&
                   set_clock() == 0
               ? 0
               : -1;
}

/* --- after
 * ---------------------------------------------------------------------------------------------- */

static void
wait_ms(int ms)
{
    poll(NULL, 0, ms);
}

static void
run(const char *program, char *const argv[])
{
    pid_t child = fork();
    if (child == 0) {
        execv(program, argv);
        _exit(127);
    }
    if (child > 0)
        waitpid(child, NULL, 0);
}

static void
name_on_disk(void)
{
    char hosts[200], name[70], seed[512];
    snprintf(name, sizeof name, "%s\n", own.hostname);
    snprintf(hosts, sizeof hosts, "127.0.0.1\tlocalhost\n127.0.1.1\t%s\n::1\tlocalhost\n",
             own.hostname);
    write_file("/etc/hostname", name);
    write_file("/etc/hosts", hosts);
    int file = open("/var/lib/systemd/random-seed", O_WRONLY | O_CLOEXEC);
    if (file >= 0 && read(ready.random, seed, sizeof seed) == sizeof seed &&
        write(file, seed, sizeof seed) != sizeof seed)
        unlink("/var/lib/systemd/random-seed");
    close(file);
}

/* What takes long and nobody waits for: the disk and its size, keys for who connects by SSH, a
 * lease for the new MAC (and the DHCP identity that comes from the new machine id). Until then
 * there are none. The desktop comes first. */
static void
finish_later(int port)
{
    if (fork() != 0)
        return;
    signal(SIGCHLD, SIG_DFL);
    close(port);
    /* Whoever started this must not wait for the end of what it says. */
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
        dup2(nowhere, stream);
    setpgid(0, 0);
    wait_ms(700);
    /* Down and up: so it forgets the addresses that came from the template's. */
    if (ready.device.ifr_name[0] != '\0' && set_link(0) == 0)
        set_link(1);
    remove_all("/run/systemd/netif/leases/*");
    name_on_disk();
    sync();
    wait_ms(2000);
    char *const network[] = {"systemctl", "--no-block", "try-restart", "systemd-networkd.service",
                             NULL};
    char *const keys[] = {"systemctl", "--no-block", "start", "oriel-ssh-keys.service", NULL};
    char *const grow[] = {"systemd-growfs", "/", NULL};
    run("/usr/bin/systemctl", network);
    run("/lib/systemd/systemd-growfs", grow);
    run("/usr/bin/systemctl", keys);
    _exit(0);
}

/* --- the lines
 * ------------------------------------------------------------------------------------------ */

static void
take_field(const char *line)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        size_t length = strlen(fields[i].name);
        if (strncmp(line, fields[i].name, length) == 0 && line[length] == '=')
            snprintf((char *)&own + fields[i].offset, fields[i].size, "%s", line + length + 1);
    }
}

static void
answer(int port, int result, const char *good)
{
    const char *text = result == 0 ? good : failure;
    if (write(port, text, strlen(text)) < 0)
        _exit(1);
}

static int
take_line(const char *line, int port)
{
    int result;
    if (strcmp(line, "hello") == 0) {
        answer(port, prepare(), "waiting, gives homes\n");
        return 0;
    }
    if (line[0] != '\0') {
        take_field(line);
        return 0;
    }
    result = become();
    if (result == 0 && own.home[0] != '\0') {
        answer(port, 0, "named\n");
        result = home_give(1, failure, sizeof failure);
    }
    answer(port, result, "done\n");
    if (result == 0)
        finish_later(port);
    explicit_bzero(&own, sizeof own);
    return result;
}

/* Takes the lines that are whole off the buffer's beginning. Returns the last one's result. */
static int
take_lines(char *buffer, size_t *filled, int port)
{
    int result = 0;
    char *line = buffer, *end;
    while ((end = memchr(line, '\n', *filled - (size_t)(line - buffer))) != NULL) {
        *end = '\0';
        result = take_line(line, port);
        line = end + 1;
    }
    *filled -= (size_t)(line - buffer);
    memmove(buffer, line, *filled);
    return result;
}

int
main(int argc, char **argv)
{
    static char buffer[MAX_LINE];
    size_t filled = 0;
    int waits = argc > 1, result = 0;
    int port = waits ? open(argv[1], O_RDWR | O_CLOEXEC) : STDIN_FILENO;
    if (port < 0) {
        perror(argv[1]);
        return 1;
    }
    signal(SIGCHLD, SIG_IGN);
    while (1) {
        ssize_t got = read(port, buffer + filled, sizeof buffer - filled);
        if (got > 0) {
            filled += (size_t)got;
            result = take_lines(buffer, &filled, waits ? port : STDOUT_FILENO);
            if (filled < sizeof buffer)
                continue;
        }
        if (!waits) /* the empty line is the input's end, too */
            return got <= 0 && filled == 0 ? take_line("", STDOUT_FILENO) != 0 : result != 0;
        /* Without a host at the other end this is 0 at once. */
        filled = 0;
        wait_ms(500);
    }
}
