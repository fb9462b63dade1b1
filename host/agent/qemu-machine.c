/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qemu-machine-private.h"

#include "common/error.h"
#include "host/agent/desktop-record.h"
#include "host/agent/overlay-disk.h"
#include "host/agent/qemu-command.h"

#include <gio/gio.h>
#include <signal.h>

#define POLL_FIRST_MS   4 /* for QEMU's socket to appear */
#define POLL_MAX_MS     1000
#define QMP_DEADLINE_MS 60000

#define STOP_KVM_S 30
#define STOP_TCG_S 120

static void poll_begin(QemuMachine *machine, guint deadline_ms);

static char *
file_in(const char *folder, const char *name)
{
    return g_build_filename(folder, name, NULL);
}

void
qemu_machine_mark(QemuMachine *machine, const char *name)
{
    if (machine->events->mark != NULL)
        machine->events->mark(machine->user, name);
}

/* --- QMP
 * -----------------------------------------------------------------------------------------------------
 */

static void
on_agent_changed(GuestAgent *agent, GuestState state, gpointer user)
{
    QemuMachine *machine = user;
    machine->agent_answers = TRUE;
    if (state == GUEST_FAILED) {
        qemu_machine_fail_as_told(machine);
        return;
    }
    machine->in_use |= state == GUEST_DESKTOP;
    machine->events->step(machine->user, state == GUEST_DESKTOP ? STEP_READY : STEP_DESKTOP);
}

static void
set_held(QemuMachine *machine, gboolean held)
{
    if (machine->held == held)
        return;
    machine->held = held;
    machine->events->held(machine->user, held);
}

static void
tell_answered(QemuMachine *machine)
{
    if (machine->events->answered != NULL)
        machine->events->answered(machine->user);
}

static void
on_answer(json_t *result, const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    machine->asking = FALSE;
    if (error == NULL)
        tell_answered(machine);
}

static void
on_status(json_t *result, const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    const char *status = json_string_value(json_object_get(result, "status"));
    if (error != NULL || (machine->phase != PHASE_QMP && machine->phase != PHASE_RUNNING))
        return;
    tell_answered(machine);
    if (machine->stop_asked) /* asked for before QEMU could be spoken to */
        qmp_execute(machine->qmp, "system_powerdown", NULL, NULL, NULL);
    if (machine->phase == PHASE_RUNNING)
        return;
    machine->phase = PHASE_RUNNING;
    if (machine->suspend_asked) {
        qemu_machine_take_up_saving(machine, status);
        return;
    }
    /* One that an earlier host saw stand still for want of room tries again, and tells if there is
     * none. */
    if ((machine->adopted && g_strcmp0(status, "paused") == 0) ||
        g_strcmp0(status, "io-error") == 0)
        qmp_execute(machine->qmp, "cont", NULL, NULL, NULL);
    if (machine->watch_agent && machine->agent == NULL) {
        g_autofree char *path = qemu_socket_path(machine->spec, "qga");
        machine->agent = guest_agent_new(path, on_agent_changed, machine);
    }
    qemu_machine_mark(machine, "qemu");
    machine->events->step(machine->user, STEP_BOOT);
}

/* One that an earlier version started carries its network itself. */
static void
start_net(QemuMachine *machine)
{
    g_autofree char *path = qemu_socket_path(machine->spec, "net");
    if (machine->net == NULL && g_file_test(path, G_FILE_TEST_EXISTS))
        machine->net = net_process_new(machine->settings, machine->spec);
}

static void
on_qmp_ready(Qmp *qmp, gpointer user)
{
    QemuMachine *machine = user;
    start_net(machine);
    if (machine->phase == PHASE_QMP && machine->origin != START_COLD && !machine->adopted)
        qemu_machine_restore(machine);
    else
        qmp_execute(qmp, "query-status", NULL, on_status, machine);
}

/* QEMU stops the guest before it learns of a full disk; all other errors are the guest's to see. */
static void
take_disk_error(QemuMachine *machine, const json_t *data)
{
    const char *action = json_string_value(json_object_get(data, "action"));
    if (g_strcmp0(action, "stop") == 0 && json_is_true(json_object_get(data, "nospace")))
        set_held(machine, TRUE);
}

static void
on_qmp_event(Qmp *qmp, const char *name, json_t *data, gpointer user)
{
    QemuMachine *machine = user;
    if (g_str_equal(name, "SHUTDOWN") && json_is_true(json_object_get(data, "guest")))
        machine->guest_shut_down = TRUE;
    else if (g_str_equal(name, "GUEST_PANICKED"))
        machine->guest_panicked = TRUE;
    else if (g_str_equal(name, "BLOCK_IO_ERROR"))
        take_disk_error(machine, data);
    else if (g_str_equal(name, "RESUME"))
        set_held(machine, FALSE);
    else if (g_str_equal(name, "RESET"))
        g_message("The guest of “%s” restarts.", machine->spec->name);
}

static void
on_qmp_closed(Qmp *qmp, const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    g_clear_pointer(&machine->snapshot, qemu_snapshot_free);
    g_clear_pointer(&machine->qmp, qmp_free);
    if (machine->phase == PHASE_ENDED) {
        qemu_machine_conclude(machine);
        return;
    }
    if (error != NULL)
        g_warning("The connection to the QEMU of “%s” broke: %s", machine->spec->name,
                  error->message);
    if (machine->phase == PHASE_SAVING) { /* it goes on with this where it is found */
        machine->suspend_asked = !machine->suspended;
        machine->phase = PHASE_QMP;
        machine->adopted = TRUE;
    } else if (machine->phase == PHASE_RESTORE) {
        qemu_machine_end(machine);
    }
    /* QEMU may be about to end, or it runs and takes a new connection. */
    poll_begin(machine, 0);
}

static const QmpEvents qmp_events = {
    .ready = on_qmp_ready, .event = on_qmp_event, .closed = on_qmp_closed};

static gboolean
on_qmp_poll(gpointer user)
{
    QemuMachine *machine = user;
    g_autofree char *path = qemu_socket_path(machine->spec, "qmp");
    machine->qmp = qmp_connect(path, &qmp_events, machine, NULL);
    return machine->qmp != NULL;
}

static void
on_qmp_late(gpointer user)
{
    QemuMachine *machine = user;
    g_clear_pointer(&machine->poll, retry_free);
    qemu_machine_fail_with(machine, "QEMU did not come up in time.");
}

static void
poll_begin(QemuMachine *machine, guint deadline_ms)
{
    g_clear_pointer(&machine->poll, retry_free);
    machine->poll =
        retry_new(POLL_FIRST_MS, POLL_MAX_MS, deadline_ms, on_qmp_poll, on_qmp_late, machine);
}

/* --- the start
 * -----------------------------------------------------------------------------------------------
 */

static gboolean
has_direct_boot(const MachineSpec *spec)
{
    g_autofree char *kernel = file_in(spec->image_dir, "kernel");
    return g_file_test(kernel, G_FILE_TEST_EXISTS);
}

static void
start_qemu(QemuMachine *machine)
{
    const MachineSpec *spec = machine->spec;
    const HostSettings *settings = machine->settings;
    QemuCommandOptions options = {.program = settings->qemu_program,
                                  .accelerator = machine->accelerator,
                                  .direct_boot = has_direct_boot(spec),
                                  .origin = machine->origin};
    g_auto(GStrv) argv = qemu_command_build(spec, &options);
    g_autofree char *pid_path = file_in(spec->run_dir, "qemu.pid");
    g_autofree char *log_path = file_in(spec->state_dir, "qemu.log");
    g_autoptr(GError) error = NULL;
    machine->phase = PHASE_QMP;
    machine->qemu = process_spawn((const char *const *)argv, pid_path, log_path,
                                  qemu_machine_on_ended, machine, &error);
    if (machine->qemu == NULL) {
        qemu_machine_conclude_later(machine, error->message);
        return;
    }
    machine_limits_hold(&spec->limits, spec->id, process_pid(machine->qemu));
    poll_begin(machine, QMP_DEADLINE_MS);
}

static void
on_bus_ended(const char *how, gpointer user)
{
    QemuMachine *machine = user;
    g_autofree char *failure = g_strdup_printf("The desktop's message bus %s", how);
    g_clear_pointer(&machine->bus, private_bus_free);
    if (machine->phase == PHASE_BUS)
        qemu_machine_conclude_later(machine, failure);
    else if (machine->phase != PHASE_ENDED) /* the guest runs on, but QEMU looks for no other bus */
        g_warning("“%s” cannot be shown until it is started anew. %s", machine->spec->name,
                  failure);
}

static void
on_bus_up(gpointer user)
{
    QemuMachine *machine = user;
    /* It may have been ended meanwhile, and that is yet to be told. */
    if (machine->phase != PHASE_BUS)
        return;
    qemu_machine_mark(machine, "bus");
    start_qemu(machine);
}

static const PrivateBusEvents bus_events = {.up = on_bus_up, .ended = on_bus_ended};

static void
start_bus(QemuMachine *machine)
{
    g_autoptr(GError) error = NULL;
    machine->phase = PHASE_BUS;
    private_bus_kill(machine->spec->run_dir);
    net_process_kill(machine->spec->run_dir);
    qemu_machine_remove_run_files(machine);
    machine->bus = private_bus_start(machine->settings->dbus_program, machine->spec->run_dir,
                                     &bus_events, machine, &error);
    if (machine->bus == NULL)
        qemu_machine_conclude_later(machine, error->message);
}

/* FALSE with error: it cannot be made. One that is there belongs to the desktop, except to a clone,
 * which nobody has seen before it is ready: half a one is thrown away. */
static gboolean
make_disk(QemuMachine *machine, GError **error)
{
    const MachineSpec *spec = machine->spec;
    gboolean clone = machine->origin == START_CLONE;
    g_autofree char *disk = file_in(spec->state_dir, "disk.qcow2");
    g_autofree char *backing = file_in(clone ? spec->template_dir : spec->image_dir, "disk.qcow2");
    if (!clone && g_file_test(disk, G_FILE_TEST_EXISTS))
        return TRUE;
    return overlay_disk_make(backing, (guint64)spec->limits.disk_gib << 30, spec->state_dir, error);
}

/* Nothing holds the disk and the sockets (any more). */
static void
begin_clear(QemuMachine *machine)
{
    g_autoptr(GError) error = NULL;
    if (machine->destroying || machine->stop_asked || machine->failure != NULL) {
        qemu_machine_conclude_later(machine, NULL);
    } else if (!make_disk(machine, &error)) {
        qemu_machine_conclude_later(machine, error->message);
    } else {
        qemu_machine_mark(machine, "disk");
        machine->events->step(machine->user, STEP_MACHINE);
        start_bus(machine);
    }
}

static void
on_leftover_ended(Process *process, const ProcessEnd *end, gpointer user)
{
    QemuMachine *machine = user;
    g_clear_pointer(&machine->leftover, process_free);
    begin_clear(machine);
}

static gboolean
begin_start(gpointer user)
{
    QemuMachine *machine = user;
    g_autofree char *path = file_in(machine->spec->run_dir, "qemu.pid");
    machine->idle = 0;
    if (machine->origin == START_RESUME)
        qemu_snapshot_read_ahead(machine->spec->saved_file);
    machine->events->step(machine->user, STEP_DISK);
    machine->leftover = process_adopt(path, on_leftover_ended, machine);
    if (machine->leftover != NULL)
        process_signal(machine->leftover, SIGKILL);
    else
        begin_clear(machine);
    return G_SOURCE_REMOVE;
}

static void
reset_outcome(QemuMachine *machine)
{
    machine->stop_asked = machine->guest_shut_down = machine->guest_panicked = FALSE;
    machine->suspend_asked = machine->suspended = machine->asking = FALSE;
    machine->agent_answers = machine->adopted = machine->held = FALSE;
    machine->end = (ProcessEnd){.known = FALSE, .exit_code = -1};
    g_clear_pointer(&machine->failure, g_free);
}

/* --- the provider's functions
 * -------------------------------------------------------------------------------- */

void
qemu_machine_start(Machine *base, MachineOrigin origin)
{
    QemuMachine *machine = (QemuMachine *)base;
    if (machine->phase != PHASE_IDLE)
        return;
    reset_outcome(machine);
    machine->origin = origin;
    machine->watch_agent = origin == START_COLD;
    machine->in_use = origin == START_RESUME;
    machine->phase = PHASE_BEGIN;
    machine->idle = g_idle_add(begin_start, machine);
}

gboolean
qemu_machine_adopt(Machine *base, gboolean watch_agent, MachineEnd *end, char **reason)
{
    QemuMachine *machine = (QemuMachine *)base;
    g_autofree char *qemu_pid = file_in(machine->spec->run_dir, "qemu.pid");
    reset_outcome(machine);
    machine->adopted = TRUE;
    machine->watch_agent = watch_agent;
    machine->in_use = !watch_agent;
    machine->bus = private_bus_adopt(machine->spec->run_dir, &bus_events, machine);
    machine->qemu = process_adopt(qemu_pid, qemu_machine_on_ended, machine);
    if (machine->qemu != NULL) {
        machine->phase = PHASE_QMP;
        poll_begin(machine, 0); /* it lives: who waits for its answer sees to it */
        return TRUE;
    }
    if (!process_pid_file_is_of_this_boot(qemu_pid)) {
        *end = MACHINE_STOPPED;
        *reason = g_strdup("The host was restarted.");
    } else {
        g_autofree char *log_path = file_in(machine->spec->state_dir, "qemu.log");
        g_autofree char *tail = process_log_tail(log_path);
        *end = MACHINE_FAILED;
        *reason = g_strdup_printf("QEMU ended while the host's service was not running%s%s",
                                  tail != NULL ? ": " : ".", tail != NULL ? tail : "");
    }
    qemu_machine_kill_bus(machine);
    net_process_kill(machine->spec->run_dir);
    qemu_machine_remove_run_files(machine);
    return FALSE;
}

/* A guest that is ended by force loses what it had not written; a translated one needs longer. */
static guint
stop_timeout(const QemuMachine *machine)
{
    if (machine->settings->stop_timeout_s > 0)
        return (guint)machine->settings->stop_timeout_s;
    return machine->accelerator == ACCELERATOR_KVM ? STOP_KVM_S : STOP_TCG_S;
}

static gboolean
on_stop_timeout(gpointer user)
{
    QemuMachine *machine = user;
    machine->stop_timer = 0;
    g_message("“%s” did not shut down in time and is ended.", machine->spec->name);
    qemu_machine_end(machine);
    return G_SOURCE_REMOVE;
}

void
qemu_machine_stop(Machine *base, gboolean force)
{
    QemuMachine *machine = (QemuMachine *)base;
    if (machine->phase == PHASE_IDLE)
        return;
    machine->stop_asked = TRUE;
    /* Nobody has used one that is being restored, and one that is being saved does not listen. */
    if (force || machine->qemu == NULL || machine->phase == PHASE_RESTORE ||
        machine->phase == PHASE_SAVING) {
        qemu_machine_end(machine);
        return;
    }
    if (machine->phase == PHASE_RUNNING && machine->qmp != NULL)
        qmp_execute(machine->qmp, "system_powerdown", NULL, NULL, NULL);
    if (machine->stop_timer == 0)
        machine->stop_timer =
            g_timeout_add_seconds(stop_timeout(machine), on_stop_timeout, machine);
}

void
qemu_machine_suspend(Machine *base)
{
    QemuMachine *machine = (QemuMachine *)base;
    if (machine->phase == PHASE_RUNNING && machine->qmp != NULL)
        qemu_machine_begin_saving(machine);
    else if (machine->phase == PHASE_QMP || machine->phase == PHASE_RUNNING)
        machine->suspend_asked = TRUE;
}

void
qemu_machine_go_on(Machine *base)
{
    QemuMachine *machine = (QemuMachine *)base;
    if (machine->held && machine->phase == PHASE_RUNNING && machine->qmp != NULL)
        qmp_execute(machine->qmp, "cont", NULL, NULL, NULL);
}

gboolean
qemu_machine_ask(Machine *base)
{
    QemuMachine *machine = (QemuMachine *)base;
    if (machine->phase == PHASE_QMP) /* one that was found is being spoken to: on_status() */
        return machine->adopted;
    if (machine->phase != PHASE_RUNNING)
        return machine->asking;
    if (machine->qmp != NULL && !machine->asking) {
        machine->asking = TRUE;
        qmp_execute(machine->qmp, "query-status", NULL, on_answer, machine);
    }
    return TRUE;
}

void
qemu_machine_fail(Machine *base, const char *reason)
{
    QemuMachine *machine = (QemuMachine *)base;
    if (machine->phase != PHASE_IDLE && machine->phase != PHASE_ENDED)
        qemu_machine_fail_with(machine, reason);
}

void
qemu_machine_destroy(Machine *base)
{
    QemuMachine *machine = (QemuMachine *)base;
    machine->destroying = TRUE;
    if (qemu_machine_leave_home(machine))
        return;
    if (machine->qemu != NULL)
        process_signal(machine->qemu, SIGKILL);
    else if (machine->leftover == NULL && (machine->phase != PHASE_ENDED || machine->qmp == NULL))
        qemu_machine_conclude_later(machine, NULL);
}

void
qemu_machine_observe(Machine *base, MachineStatus *status)
{
    QemuMachine *machine = (QemuMachine *)base;
    status->running = machine->qemu != NULL;
    status->pid = machine->qemu != NULL ? process_pid(machine->qemu) : 0;
    status->agent_answers = machine->agent_answers;
    if (machine->net != NULL)
        net_process_observe(machine->net, &status->network);
}

char *
qemu_machine_display_source(Machine *base)
{
    g_autofree char *path = qemu_socket_path(((QemuMachine *)base)->spec, "bus");
    g_autofree char *escaped = g_dbus_address_escape_value(path);
    return g_strdup_printf("dbus:unix:path=%s", escaped);
}

char *
qemu_machine_agent_socket(Machine *base)
{
    return qemu_socket_path(((QemuMachine *)base)->spec, "vdagent");
}

void
qemu_machine_free(Machine *base)
{
    QemuMachine *machine = (QemuMachine *)base;
    if (machine == NULL)
        return;
    qemu_machine_drop_talk(machine);
    process_free(machine->qemu);
    process_free(machine->leftover);
    private_bus_free(machine->bus);
    net_process_free(machine->net);
    g_free(machine->failure);
    g_free(machine);
}

Machine *
qemu_machine_new(const ProviderOps *ops, const HostSettings *settings, Accelerator accelerator,
                 const MachineSpec *spec, const MachineEvents *events, gpointer user)
{
    QemuMachine *machine = g_new0(QemuMachine, 1);
    machine->base.ops = ops;
    machine->settings = settings;
    machine->accelerator = accelerator;
    machine->spec = spec;
    machine->events = events;
    machine->user = user;
    return &machine->base;
}
