/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sandbox.h"

#include "common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READ_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define OWN_FILES                                                                                  \
    (READ_FILES | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                 \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK)
/* Whatever the first version of Landlock knows. */
#define ALL_FILES ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

/* Libraries load parts of themselves later: character sets, time zones, how names are resolved. */
static const char *const system_places[] = {
    "/usr",
    "/lib",
    "/lib64",
    "/etc",
    "/proc",
    "/sys/devices/system/cpu",
    "/dev",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    NULL,
};

/* --- files
 * ------------------------------------------------------------------------------------------- */

/* A place that is not there needs no rule. */
static gboolean
allow(int rules, const char *path, guint64 access, GError **error)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access};
    int status;

    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return TRUE;
    status = (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
    if (status)
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "Landlock does not take “%s”: %s.",
                    path, g_strerror(errno));
    return !status;
}

static gboolean
allow_all(int rules, const char *const *paths, guint64 access, GError **error)
{
    for (guint i = 0; paths[i]; i++)
        if (!allow(rules, paths[i], access, error))
            return FALSE;
    return TRUE;
}

static gboolean
restrict_files(const SandboxNeeds *needs, GError **error)
{
    const struct landlock_ruleset_attr handled = {.handled_access_fs = ALL_FILES};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    gboolean good;

    if (rules < 0) { /* the kernel has none, or it is turned off */
        g_debug("No Landlock: %s.", g_strerror(errno));
        return TRUE;
    }
    good = allow_all(rules, system_places, READ_FILES, error) &&
           allow_all(rules, needs->read, LANDLOCK_ACCESS_FS_READ_FILE, error) &&
           allow_all(rules, needs->write, OWN_FILES, error);
    if (good && syscall(SYS_landlock_restrict_self, rules, 0)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "Landlock: %s.", g_strerror(errno));
        good = FALSE;
    }
    close(rules);
    return good;
}

/* --- system calls
 * ------------------------------------------------------------------------------------------- */

/* Other programs and processes, the kernel's rarely used corners, and what belongs to root. */
static const int refused[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(kcmp),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(process_madvise),
    SCMP_SYS(kill),
    SCMP_SYS(tkill),
    SCMP_SYS(rt_sigqueueinfo),
    SCMP_SYS(rt_tgsigqueueinfo),
    SCMP_SYS(pidfd_open),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(pidfd_send_signal),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(chroot),
    SCMP_SYS(pivot_root),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(open_tree),
    SCMP_SYS(move_mount),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(chown),
    SCMP_SYS(lchown),
    SCMP_SYS(fchown),
    SCMP_SYS(fchownat),
    SCMP_SYS(setxattr),
    SCMP_SYS(lsetxattr),
    SCMP_SYS(fsetxattr),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(name_to_handle_at),
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(setreuid),
    SCMP_SYS(setregid),
    SCMP_SYS(setresuid),
    SCMP_SYS(setresgid),
    SCMP_SYS(setgroups),
    SCMP_SYS(capset),
    SCMP_SYS(personality),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(fanotify_init),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_setup),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(acct),
    SCMP_SYS(quotactl),
    SCMP_SYS(syslog),
    SCMP_SYS(clock_settime),
    SCMP_SYS(settimeofday),
    SCMP_SYS(adjtimex),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(modify_ldt),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(vmsplice),
    SCMP_SYS(migrate_pages),
    SCMP_SYS(move_pages),
    SCMP_SYS(remap_file_pages),
};

/* The first failure stays. */
typedef struct {
    scmp_filter_ctx context;
    int status; /* 0, or -errno */
} Filter;

static void
refuse(Filter *filter, int answer, int number)
{
    if (!filter->status)
        filter->status =
            seccomp_rule_add(filter->context, SCMP_ACT_ERRNO((guint16)answer), number, 0);
}

static void
refuse_when(Filter *filter, int answer, int number, struct scmp_arg_cmp when)
{
    if (!filter->status)
        filter->status =
            seccomp_rule_add(filter->context, SCMP_ACT_ERRNO((guint16)answer), number, 1, when);
}

/* The C library starts threads by clone3(), whose flags a filter cannot see, and does without. */
static void
refuse_processes(Filter *filter)
{
    const guint64 thread = CLONE_THREAD, self = (guint64)getpid();

    refuse(filter, ENOSYS, SCMP_SYS(clone3));
    refuse_when(filter, EPERM, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, thread, 0));
    refuse_when(filter, EPERM, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_NE, self));
    refuse_when(filter, EPERM, SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_NE, 0));
}

/* The kernel's own, raw packets, virtual machines'. */
static void
refuse_sockets(Filter *filter)
{
    for (guint64 family = 0; family <= AF_INET6; family++)
        if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
            refuse_when(filter, EAFNOSUPPORT, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, family));
    refuse_when(filter, EAFNOSUPPORT, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_GT, AF_INET6));
}

static gboolean
restrict_calls(GError **error)
{
    Filter filter = {.context = seccomp_init(SCMP_ACT_ALLOW)};

    if (!filter.context)
        filter.status = -ENOMEM;
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++)
        refuse(&filter, EPERM, refused[i]);
    refuse_processes(&filter);
    refuse_sockets(&filter);
    if (!filter.status)
        filter.status = seccomp_load(filter.context);
    if (filter.context)
        seccomp_release(filter.context);
    if (filter.status)
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "The seccomp filter: %s.",
                    g_strerror(-filter.status));
    return !filter.status;
}

gboolean
sandbox_enter(const SandboxNeeds *needs, GError **error)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none); /* no memory of guests or clients in a file */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "No new privileges: %s.",
                    g_strerror(errno));
        return FALSE;
    }
    return restrict_files(needs, error) && restrict_calls(error);
}
