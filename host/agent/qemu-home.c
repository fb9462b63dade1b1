/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qemu-machine-private.h"

#include "host/agent/qemu-command.h"

#include <signal.h>

#define HOME_MS  120000
#define LEAVE_MS 30000 /* more than the guest's program takes; then the user waits no longer */

/* Puts the user's home on the volume, where the guest knows how to. One that does not hears that
 * the disk is another one now. The disk may still be on its way into the guest. */
static const char move_home[] =
    "n=0\n"
    "until size=$(cat $(grep -ls '^oriel-' /sys/block/vd*/serial | sed s/serial/size/) </dev/null) "
    "&& [ \"${size%%[!0-9]*}\" -gt 0 ]; do\n"
    "  n=$((n + 1)); [ $n -lt 150 ] || { echo 'the volume does not show up'; exit 1; }; sleep 0.1\n"
    "done 2>/dev/null\n"
    "program=/usr/lib/oriel-guest/home\n"
    "[ -x $program ] && exec $program --restart\n"
    "udevadm trigger --action=change --subsystem-match=block 2>/dev/null\n"
    "exit 0\n";

static const char leave_home[] = "program=/usr/lib/oriel-guest/home\n"
                                 "[ ! -x $program ] || $program --leave\n"
                                 "sync\n";

gboolean
qemu_machine_has_volumes(const QemuMachine *machine)
{
    return machine->spec->volume_disks != NULL && machine->spec->volume_disks[0] != NULL;
}

static void
on_agent_changed(GuestAgent *agent, GuestState state, gpointer user)
{
    QemuMachine *machine = user;
    if (state == GUEST_FAILED)
        qemu_machine_fail_as_told(machine);
    if (state != GUEST_DESKTOP)
        return;
    machine->in_use = TRUE;
    machine->events->step(machine->user, STEP_READY);
}

/* The session may begin anew in its home: it is waited for as after a boot. */
static void
on_home_moved(int exit_code, const char *output, const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    g_autofree char *path = qemu_socket_path(machine->spec, "qga");
    g_clear_pointer(&machine->exec, guest_exec_free);
    if (exit_code != 0) {
        g_autofree char *failure =
            g_strdup_printf("The volume could not be put to use in the guest: %s",
                            error != NULL ? error->message : output);
        qemu_machine_fail_with(machine, failure);
        return;
    }
    qemu_machine_mark(machine, "home");
    machine->agent = guest_agent_new(path, on_agent_changed, machine);
}

/* Runs a script in the guest, by its agent. FALSE: there is no way to it. */
static gboolean
run_in_guest(QemuMachine *machine, const char *script, guint timeout_ms, GuestExecDone done,
             GError **error)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    g_autofree char *path = qemu_socket_path(machine->spec, "qga");
    machine->exec = guest_exec_new(path, error);
    if (machine->exec == NULL)
        return FALSE;
    guest_exec_run(machine->exec, argv, NULL, timeout_ms, done, machine);
    return TRUE;
}

void
qemu_machine_give_home(QemuMachine *machine)
{
    g_autoptr(GError) error = NULL;
    if (!run_in_guest(machine, move_home, HOME_MS, on_home_moved, &error))
        qemu_machine_fail_with(machine, error->message);
}

static void
on_home_left(int exit_code, const char *output, const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    g_clear_pointer(&machine->exec, guest_exec_free);
    if (error != NULL)
        g_warning("The guest of “%s” did not tell that its user's home is on the disk: %s",
                  machine->spec->name, error->message);
    if (machine->qemu != NULL)
        process_signal(machine->qemu, SIGKILL);
}

gboolean
qemu_machine_leave_home(QemuMachine *machine)
{
    gboolean found = machine->phase == PHASE_QMP && machine->adopted;
    if (machine->qemu == NULL || (machine->phase != PHASE_RUNNING && !found) || !machine->in_use ||
        machine->held || !qemu_machine_has_volumes(machine))
        return FALSE;
    g_clear_pointer(&machine->exec, guest_exec_free);
    g_clear_pointer(&machine->agent, guest_agent_free);
    return run_in_guest(machine, leave_home, LEAVE_MS, on_home_left, NULL);
}
