/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qemu-machine-private.h"

#include "host/agent/desktop-record.h"

#include <signal.h>
#include <unistd.h>

#define KILL_AFTER_MS 5000 /* from SIGTERM to SIGKILL */

static char *
file_in(const char *folder, const char *name)
{
    return g_build_filename(folder, name, NULL);
}

void
qemu_machine_remove_run_files(QemuMachine *machine)
{
    static const char *const names[] = {"qmp", "qmp2", "qga", "vdagent", "identity", "qemu.pid"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = file_in(machine->spec->run_dir, names[i]);
        unlink(path);
    }
}

void
qemu_machine_kill_bus(QemuMachine *machine)
{
    g_clear_pointer(&machine->bus, private_bus_free);
    private_bus_kill(machine->spec->run_dir);
}

/* How QEMU ended, as a sentence. */
static char *
describe_end(QemuMachine *machine)
{
    g_autofree char *log_path = file_in(machine->spec->state_dir, "qemu.log");
    g_autofree char *how = process_end_text(&machine->end);
    g_autofree char *tail = process_log_tail(log_path);
    return tail != NULL ? g_strdup_printf("QEMU %s: %s", how, tail)
                        : g_strdup_printf("QEMU %s.", how);
}

/* Everything that speaks to QEMU or its guest, and every timer. The snapshot goes before its QMP.
 */
void
qemu_machine_drop_talk(QemuMachine *machine)
{
    g_clear_pointer(&machine->poll, retry_free);
    g_clear_handle_id(&machine->stop_timer, g_source_remove);
    g_clear_handle_id(&machine->idle, g_source_remove);
    g_clear_pointer(&machine->snapshot, qemu_snapshot_free);
    g_clear_pointer(&machine->qmp, qmp_free);
    g_clear_pointer(&machine->agent, guest_agent_free);
    g_clear_pointer(&machine->identity, guest_identity_free);
    g_clear_pointer(&machine->exec, guest_exec_free);
}

static void
on_net_gone(gpointer user)
{
    qemu_machine_conclude(user);
}

/* Everything of this machine is gone, or goes now: clean up and tell once. */
void
qemu_machine_conclude(QemuMachine *machine)
{
    qemu_machine_drop_talk(machine);
    if (machine->net != NULL && net_process_end(machine->net, on_net_gone, machine))
        return;
    g_autofree char *described = describe_end(machine);
    g_autofree char *failure = g_steal_pointer(&machine->failure);
    g_clear_pointer(&machine->qemu, process_free);
    g_clear_pointer(&machine->leftover, process_free);
    g_clear_pointer(&machine->net, net_process_free);
    net_process_kill(machine->spec->run_dir);
    machine_limits_release(machine->spec->id);
    qemu_machine_kill_bus(machine);
    qemu_machine_remove_run_files(machine);
    machine->phase = PHASE_IDLE;
    if (machine->destroying)
        machine->events->destroyed(machine->user);
    else if (machine->suspended)
        machine->events->ended(machine->user, MACHINE_SUSPENDED, NULL);
    else if (failure != NULL)
        machine->events->ended(machine->user, MACHINE_FAILED, failure);
    else if (machine->stop_asked)
        machine->events->ended(machine->user, MACHINE_STOPPED, "The desktop was stopped.");
    else if (machine->guest_panicked)
        machine->events->ended(machine->user, MACHINE_FAILED,
                               "The guest's system crashed (kernel panic).");
    else if (machine->guest_shut_down)
        machine->events->ended(machine->user, MACHINE_STOPPED, "The guest shut down.");
    else
        machine->events->ended(machine->user, MACHINE_FAILED, described);
}

static gboolean
conclude_idle(gpointer user)
{
    QemuMachine *machine = user;
    machine->idle = 0;
    qemu_machine_conclude(machine);
    return G_SOURCE_REMOVE;
}

/* Ends before or without a QEMU; told from the main loop. failure may be NULL. */
void
qemu_machine_conclude_later(QemuMachine *machine, const char *failure)
{
    if (failure != NULL && machine->failure == NULL)
        machine->failure = g_strdup(failure);
    machine->phase = PHASE_ENDED;
    g_clear_pointer(&machine->poll, retry_free);
    g_clear_handle_id(&machine->idle, g_source_remove);
    machine->idle = g_idle_add(conclude_idle, machine);
}

void
qemu_machine_on_ended(Process *process, const ProcessEnd *end, gpointer user)
{
    QemuMachine *machine = user;
    machine->end = *end;
    g_clear_pointer(&machine->qemu, process_free);
    machine->phase = PHASE_ENDED;
    /* Its last events may still be unread, and they tell why. The connection's end comes for
     * certain. */
    if (machine->qmp == NULL)
        qemu_machine_conclude(machine);
}

static gboolean
kill_now(gpointer user)
{
    QemuMachine *machine = user;
    machine->stop_timer = 0;
    if (machine->qemu != NULL)
        process_signal(machine->qemu, SIGKILL);
    return G_SOURCE_REMOVE;
}

/* SIGTERM lets QEMU write out its disks. */
void
qemu_machine_end(QemuMachine *machine)
{
    if (machine->leftover != NULL) /* its end goes on from there */
        return;
    if (machine->qemu == NULL) {
        if (machine->phase != PHASE_ENDED)
            qemu_machine_conclude_later(machine, NULL);
        return;
    }
    process_signal(machine->qemu, SIGTERM);
    g_clear_handle_id(&machine->stop_timer, g_source_remove);
    machine->stop_timer = g_timeout_add(KILL_AFTER_MS, kill_now, machine);
}

void
qemu_machine_fail_with(QemuMachine *machine, const char *failure)
{
    if (machine->failure == NULL)
        machine->failure = g_strdup(failure);
    qemu_machine_end(machine);
}

void
qemu_machine_fail_as_told(QemuMachine *machine)
{
    g_autofree char *failure = g_strdup_printf("The guest cannot let its user in: %s.",
                                               guest_agent_failure(machine->agent));
    qemu_machine_fail_with(machine, failure);
}
