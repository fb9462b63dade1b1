/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-sandbox.h"

#include "host/confine/confine.h"
#include "host/net/nat.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Beside the guest's connections: standard streams, QEMU's socket, the resolver's file. */
#define OTHER_FILES 16
/* A connection of libslirp's has two buffers of 128 KiB, touched as far as they are used. */
#define MEMORY_BYTES ((rlim_t)(256 * 1024) * NAT_MAX_SOCKETS + ((rlim_t)256 << 20))
/* What it may write to its log: a guest that makes it complain must not fill a disk. */
#define LOG_BYTES ((rlim_t)1 << 20)

#define RESOLVER_FILE "/etc/resolv.conf"
/* Whole folders: the file is exchanged for another one when this host's network changes. */
static const char *const resolver_places[] = {"/etc", "/run/systemd/resolve", "/run/resolvconf",
                                              "/run/NetworkManager", NULL};

static const int allowed[] = {
    SCMP_SYS(read),          SCMP_SYS(write),        SCMP_SYS(readv),
    SCMP_SYS(writev),        SCMP_SYS(close),        SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),       SCMP_SYS(sendto),       SCMP_SYS(sendmsg),
    SCMP_SYS(poll),          SCMP_SYS(ppoll),        SCMP_SYS(restart_syscall),
    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(getrandom),
    SCMP_SYS(futex),         SCMP_SYS(brk),          SCMP_SYS(munmap),
    SCMP_SYS(mremap),        SCMP_SYS(madvise),      SCMP_SYS(getpid),
    SCMP_SYS(gettid),        SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),  SCMP_SYS(exit),         SCMP_SYS(exit_group),
};

/* A way out: connections that begin here, none that are waited for. */
static const int allowed_outward[] = {
    SCMP_SYS(connect),     SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname),
    SCMP_SYS(getpeername), SCMP_SYS(shutdown),   SCMP_SYS(fcntl),      SCMP_SYS(ioctl),
    SCMP_SYS(openat),      SCMP_SYS(newfstatat), SCMP_SYS(fstat),      SCMP_SYS(lseek),
};

static void
limit_resources(void)
{
    const struct rlimit files = {NAT_MAX_SOCKETS + OTHER_FILES, NAT_MAX_SOCKETS + OTHER_FILES};
    const struct rlimit bytes = {MEMORY_BYTES, MEMORY_BYTES}, log = {LOG_BYTES, LOG_BYTES};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_NOFILE, &files);
    setrlimit(RLIMIT_FSIZE, &log);
    setrlimit(RLIMIT_AS, &bytes);
}

/* Memory that is written never becomes a program. */
static void
allow_memory(ConfineFilter *filter)
{
    const struct scmp_arg_cmp no_code[] = {SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)};
    confine_filter_add_when(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), no_code, 1);
    confine_filter_add_when(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), no_code, 1);
}

/* abort(), and nobody else's signals. */
static void
allow_own_signals(ConfineFilter *filter)
{
    const struct scmp_arg_cmp self[] = {SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid())};
    confine_filter_add_when(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), self, 1);
}

static void
allow_sockets(ConfineFilter *filter)
{
    static const int families[] = {AF_INET, AF_INET6}, types[] = {SOCK_STREAM, SOCK_DGRAM};
    const scmp_datum_t type_mask = ~(scmp_datum_t)(SOCK_NONBLOCK | SOCK_CLOEXEC) & G_MAXUINT32;
    for (gsize i = 0; i < G_N_ELEMENTS(families) * G_N_ELEMENTS(types); i++) {
        const struct scmp_arg_cmp when[] = {
            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i / 2]),
            SCMP_A1(SCMP_CMP_MASKED_EQ, type_mask, (scmp_datum_t)types[i % 2])};
        confine_filter_add_when(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), when, 2);
    }
}

static gboolean
restrict_calls(gboolean isolated, GError **error)
{
    ConfineFilter filter;
    confine_filter_init(&filter, SCMP_ACT_ERRNO(EPERM));
    for (gsize i = 0; i < G_N_ELEMENTS(allowed); i++)
        confine_filter_add(&filter, SCMP_ACT_ALLOW, allowed[i]);
    allow_memory(&filter);
    allow_own_signals(&filter);
    for (gsize i = 0; !isolated && i < G_N_ELEMENTS(allowed_outward); i++)
        confine_filter_add(&filter, SCMP_ACT_ALLOW, allowed_outward[i]);
    if (!isolated)
        allow_sockets(&filter);
    return confine_filter_load(&filter, error);
}

/* The name servers' addresses, wherever the link to them leads today. */
static gboolean
restrict_files(gboolean isolated, GError **error)
{
    char path[PATH_MAX];
    const char *const file[] = {realpath(RESOLVER_FILE, path), NULL};
    const ConfinePlaces places[] = {{resolver_places, CONFINE_READ}, {file, CONFINE_READ_FILE}};
    return confine_files(places, isolated ? 0 : G_N_ELEMENTS(places), error);
}

gboolean
net_sandbox_enter(gboolean isolated, GError **error)
{
    limit_resources();
    return confine_begin(error) && restrict_files(isolated, error) &&
           restrict_calls(isolated, error);
}
