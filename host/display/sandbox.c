/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sandbox.h"

#include "host/confine/confine.h"

#include <errno.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

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

static gboolean
restrict_files(const SandboxNeeds *needs, GError **error)
{
    const ConfinePlaces places[] = {{system_places, CONFINE_READ},
                                    {needs->read, CONFINE_READ_FILE},
                                    {needs->write, CONFINE_OWN}};

    return confine_files(places, G_N_ELEMENTS(places), error);
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

static void
refuse(ConfineFilter *filter, int answer, int number)
{
    confine_filter_add(filter, SCMP_ACT_ERRNO((guint16)answer), number);
}

static void
refuse_when(ConfineFilter *filter, int answer, int number, struct scmp_arg_cmp when)
{
    confine_filter_add_when(filter, SCMP_ACT_ERRNO((guint16)answer), number, &when, 1);
}

/* The C library starts threads by clone3(), whose flags a filter cannot see, and does without. */
static void
refuse_processes(ConfineFilter *filter)
{
    const guint64 thread = CLONE_THREAD, self = (guint64)getpid();

    refuse(filter, ENOSYS, SCMP_SYS(clone3));
    refuse_when(filter, EPERM, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, thread, 0));
    refuse_when(filter, EPERM, SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_NE, self));
    refuse_when(filter, EPERM, SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_NE, 0));
}

/* The kernel's own, raw packets, virtual machines'. */
static void
refuse_sockets(ConfineFilter *filter)
{
    for (guint64 family = 0; family <= AF_INET6; family++)
        if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
            refuse_when(filter, EAFNOSUPPORT, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, family));
    refuse_when(filter, EAFNOSUPPORT, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_GT, AF_INET6));
}

static gboolean
restrict_calls(GError **error)
{
    ConfineFilter filter;

    confine_filter_init(&filter, SCMP_ACT_ALLOW);
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++)
        refuse(&filter, EPERM, refused[i]);
    refuse_processes(&filter);
    refuse_sockets(&filter);
    return confine_filter_load(&filter, error);
}

gboolean
sandbox_enter(const SandboxNeeds *needs, GError **error)
{
    return confine_begin(error) && restrict_files(needs, error) && restrict_calls(error);
}
