/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qemu-machine.h"

#include "common/error.h"
#include "host/agent/guest-agent.h"
#include "host/agent/guest-exec.h"
#include "host/agent/guest-identity.h"
#include "host/agent/overlay-disk.h"
#include "host/agent/private-bus.h"
#include "host/agent/process.h"
#include "host/agent/qemu-command.h"
#include "host/agent/qemu-snapshot.h"
#include "host/agent/qmp.h"
#include "host/agent/retry.h"

#include <gio/gio.h>
#include <signal.h>
#include <unistd.h>

#define POLL_FIRST_MS   4 /* for QEMU's socket to appear */
#define POLL_MAX_MS     1000
#define QMP_DEADLINE_MS 60000
#define KILL_AFTER_MS   5000  /* from SIGTERM to SIGKILL */
#define QUIET_MS        60000 /* for a template's guest to write out its files */

#define STOP_KVM_S 30
#define STOP_TCG_S 120

typedef enum {
    PHASE_IDLE,
    PHASE_BEGIN, /* the disk is made; what an earlier host left behind ends */
    PHASE_BUS,   /* dbus-daemon starts */
    PHASE_QMP,   /* QEMU starts, or an adopted one is being spoken to */
    PHASE_RESTORE,
    PHASE_RUNNING,
    PHASE_SAVING,
    PHASE_ENDED, /* QEMU is gone; its last words are read */
} Phase;

typedef struct {
    Machine base;
    const HostSettings *settings;
    Accelerator accelerator;
    const MachineSpec *spec;
    const MachineEvents *events;
    gpointer user;

    Phase phase;
    MachineOrigin origin;
    gboolean adopted;
    PrivateBus *bus;
    Process *qemu, *leftover; /* leftover: of an earlier host, on its way out */
    Qmp *qmp;
    QemuSnapshot *snapshot;
    GuestAgent *agent;
    GuestIdentity *identity;
    GuestExec *exec;
    Retry *poll; /* waits for QEMU's socket */
    guint stop_timer;
    guint idle; /* tells an end from the main loop */

    /* Why it ends, as far as is known. */
    gboolean stop_asked, suspend_asked, suspended, guest_shut_down, guest_panicked, destroying;
    char *failure;
    ProcessEnd end;

    gboolean watch_agent, agent_answers;
} QemuMachine;

static void poll_begin(QemuMachine *machine, guint deadline_ms);
static void begin_saving(QemuMachine *machine);

static char *
file_in(const char *folder, const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static void
mark(QemuMachine *machine, const char *name)
{
    if (machine->events->mark != NULL)
        machine->events->mark(machine->user, name);
}

/* --- the end
 * -------------------------------------------------------------------------------------------------
 */

static void
remove_run_files(QemuMachine *machine)
{
    static const char *const names[] = {"qmp", "qmp2", "qga", "vdagent", "qemu.pid"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = file_in(machine->spec->run_dir, names[i]);
        unlink(path);
    }
}

static void
kill_bus(QemuMachine *machine)
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
static void
drop_talk(QemuMachine *machine)
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

/* Everything of this machine is gone: clean up and tell once. */
static void
conclude(QemuMachine *machine)
{
    g_autofree char *described = describe_end(machine);
    g_autofree char *failure = g_steal_pointer(&machine->failure);
    drop_talk(machine);
    g_clear_pointer(&machine->qemu, process_free);
    g_clear_pointer(&machine->leftover, process_free);
    kill_bus(machine);
    remove_run_files(machine);
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
    conclude(machine);
    return G_SOURCE_REMOVE;
}

/* Ends before or without a QEMU; told from the main loop. failure may be NULL. */
static void
conclude_later(QemuMachine *machine, const char *failure)
{
    if (failure != NULL && machine->failure == NULL)
        machine->failure = g_strdup(failure);
    machine->phase = PHASE_ENDED;
    g_clear_pointer(&machine->poll, retry_free);
    g_clear_handle_id(&machine->idle, g_source_remove);
    machine->idle = g_idle_add(conclude_idle, machine);
}

static void
on_qemu_ended(Process *process, const ProcessEnd *end, gpointer user)
{
    QemuMachine *machine = user;
    machine->end = *end;
    g_clear_pointer(&machine->qemu, process_free);
    machine->phase = PHASE_ENDED;
    /* Its last events may still be unread, and they tell why. The connection's end comes for
     * certain. */
    if (machine->qmp == NULL)
        conclude(machine);
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
static void
end_qemu(QemuMachine *machine)
{
    if (machine->leftover != NULL) /* its end goes on from there */
        return;
    if (machine->qemu == NULL) {
        if (machine->phase != PHASE_ENDED)
            conclude_later(machine, NULL);
        return;
    }
    process_signal(machine->qemu, SIGTERM);
    g_clear_handle_id(&machine->stop_timer, g_source_remove);
    machine->stop_timer = g_timeout_add(KILL_AFTER_MS, kill_now, machine);
}

static void
fail_with(QemuMachine *machine, const char *failure)
{
    if (machine->failure == NULL)
        machine->failure = g_strdup(failure);
    end_qemu(machine);
}

/* --- the guest runs
 * ------------------------------------------------------------------------------------------- */

static void
on_agent_changed(GuestAgent *agent, GuestState state, gpointer user)
{
    QemuMachine *machine = user;
    machine->agent_answers = TRUE;
    machine->events->step(machine->user, state == GUEST_DESKTOP ? STEP_READY : STEP_DESKTOP);
}

static void
on_identity(const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    g_clear_pointer(&machine->identity, guest_identity_free);
    if (error != NULL) {
        fail_with(machine, error->message);
        return;
    }
    machine->agent_answers = TRUE;
    mark(machine, "identity");
    machine->events->step(machine->user, STEP_READY);
}

static void
on_clock_set(int exit_code, const char *output, const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    g_clear_pointer(&machine->exec, guest_exec_free);
    if (exit_code != 0)
        g_message("The clock of “%s” could not be set after it was resumed.", machine->spec->name);
}

/* The guest has slept, and its clock with it. Nobody has to wait for this. */
static void
set_clock(QemuMachine *machine)
{
    g_autofree char *path = qemu_socket_path(machine->spec, "qga");
    g_autofree char *time =
        g_strdup_printf("@%" G_GINT64_FORMAT, g_get_real_time() / G_USEC_PER_SEC);
    const char *const argv[] = {"/bin/date", "-u", "-s", time, NULL};
    machine->exec = guest_exec_new(path, NULL);
    if (machine->exec != NULL)
        guest_exec_run(machine->exec, argv, NULL, QUIET_MS, on_clock_set, machine);
}

static void
on_continued(json_t *result, const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    if (machine->phase != PHASE_RESTORE)
        return;
    if (error != NULL) {
        fail_with(machine, error->message);
        return;
    }
    machine->phase = PHASE_RUNNING;
    if (machine->identity != NULL) {
        machine->events->step(machine->user, STEP_DESKTOP);
        guest_identity_begin(machine->identity);
        return;
    }
    machine->events->step(machine->user, STEP_READY);
    set_clock(machine);
}

static void
on_restored(const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    g_clear_pointer(&machine->snapshot, qemu_snapshot_free);
    if (machine->phase != PHASE_RESTORE)
        return;
    if (error != NULL) {
        fail_with(machine, error->message);
        return;
    }
    mark(machine, "restored");
    /* From the guest's next step on, what was saved does not fit to its disk any more. */
    if (machine->origin == START_RESUME)
        unlink(machine->spec->saved_file);
    qmp_execute(machine->qmp, "cont", NULL, on_continued, machine);
}

static void
restore(QemuMachine *machine)
{
    const MachineSpec *spec = machine->spec;
    gboolean clone = machine->origin == START_CLONE;
    g_autofree char *agent_path = qemu_socket_path(spec, "qga");
    g_autofree char *state =
        clone ? file_in(spec->template_dir, "state") : g_strdup(spec->saved_file);
    g_autoptr(GError) error = NULL;
    machine->phase = PHASE_RESTORE;
    mark(machine, "qemu");
    machine->events->step(machine->user, STEP_BOOT);
    if (clone)
        machine->identity = guest_identity_new(agent_path, spec->id, on_identity, machine, &error);
    if (error != NULL)
        fail_with(machine, error->message);
    else
        machine->snapshot = qemu_snapshot_restore(machine->qmp, state, clone, on_restored, machine);
}

/* --- saving
 * --------------------------------------------------------------------------------------------------
 */

static void
on_saved(const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    g_clear_pointer(&machine->snapshot, qemu_snapshot_free);
    g_clear_pointer(&machine->exec, guest_exec_free);
    machine->suspend_asked = FALSE;
    if (machine->phase != PHASE_SAVING)
        return;
    if (error == NULL) {
        machine->suspended = TRUE;
        qmp_execute(machine->qmp, "quit", NULL, NULL, NULL);
        return;
    }
    machine->phase = PHASE_RUNNING;
    qmp_execute(machine->qmp, "cont", NULL, NULL, NULL);
    machine->events->suspend_failed(machine->user, error->message);
}

static void
save(QemuMachine *machine)
{
    machine->snapshot = qemu_snapshot_save(machine->qmp, machine->spec->saved_file,
                                           machine->spec->memory_file != NULL, on_saved, machine);
}

static void
on_quiet(int exit_code, const char *output, const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    if (machine->phase != PHASE_SAVING || machine->qmp == NULL)
        return;
    if (exit_code == 0)
        save(machine);
    else
        on_saved(error, machine);
}

/* A template's guest writes out its files first. Its agent stays spoken to until it is frozen: one
 * that has found nobody there looks up ten times a second only, and each clone would wait for it.
 */
static void
quiet_guest(QemuMachine *machine)
{
    static const char *const argv[] = {"/bin/sync", NULL};
    g_autofree char *path = qemu_socket_path(machine->spec, "qga");
    g_autoptr(GError) error = NULL;
    g_clear_pointer(&machine->agent, guest_agent_free);
    machine->exec = guest_exec_new(path, &error);
    if (machine->exec != NULL)
        guest_exec_run(machine->exec, argv, NULL, QUIET_MS, on_quiet, machine);
    else
        on_saved(error, machine);
}

static void
begin_saving(QemuMachine *machine)
{
    machine->phase = PHASE_SAVING;
    g_clear_pointer(&machine->exec, guest_exec_free);
    if (machine->spec->memory_file != NULL)
        quiet_guest(machine);
    else
        save(machine);
}

/* An earlier host has begun this: either all is saved, or it is begun anew. */
static void
take_up_saving(QemuMachine *machine, const char *status)
{
    if (g_strcmp0(status, "postmigrate") == 0 &&
        g_file_test(machine->spec->saved_file, G_FILE_TEST_EXISTS)) {
        machine->phase = PHASE_SAVING;
        on_saved(NULL, machine);
        return;
    }
    qmp_execute(machine->qmp, "migrate_cancel", NULL, NULL, NULL);
    qmp_execute(machine->qmp, "cont", NULL, NULL, NULL);
    begin_saving(machine);
}

/* --- QMP
 * -----------------------------------------------------------------------------------------------------
 */

static void
on_status(json_t *result, const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    const char *status = json_string_value(json_object_get(result, "status"));
    if (error != NULL || (machine->phase != PHASE_QMP && machine->phase != PHASE_RUNNING))
        return;
    if (machine->stop_asked) /* asked for before QEMU could be spoken to */
        qmp_execute(machine->qmp, "system_powerdown", NULL, NULL, NULL);
    if (machine->phase == PHASE_RUNNING)
        return;
    machine->phase = PHASE_RUNNING;
    if (machine->suspend_asked) {
        take_up_saving(machine, status);
        return;
    }
    if (machine->adopted && g_strcmp0(status, "paused") == 0)
        qmp_execute(machine->qmp, "cont", NULL, NULL, NULL);
    if (machine->watch_agent && machine->agent == NULL) {
        g_autofree char *path = qemu_socket_path(machine->spec, "qga");
        machine->agent = guest_agent_new(path, on_agent_changed, machine);
    }
    mark(machine, "qemu");
    machine->events->step(machine->user, STEP_BOOT);
}

static void
on_qmp_ready(Qmp *qmp, gpointer user)
{
    QemuMachine *machine = user;
    if (machine->phase == PHASE_QMP && machine->origin != START_COLD && !machine->adopted)
        restore(machine);
    else
        qmp_execute(qmp, "query-status", NULL, on_status, machine);
}

static void
on_qmp_event(Qmp *qmp, const char *name, json_t *data, gpointer user)
{
    QemuMachine *machine = user;
    if (g_str_equal(name, "SHUTDOWN") && json_is_true(json_object_get(data, "guest")))
        machine->guest_shut_down = TRUE;
    else if (g_str_equal(name, "GUEST_PANICKED"))
        machine->guest_panicked = TRUE;
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
        conclude(machine);
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
        end_qemu(machine);
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
    fail_with(machine, "QEMU did not come up in time.");
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
                                  .network = settings->network,
                                  .direct_boot = has_direct_boot(spec),
                                  .origin = machine->origin};
    g_auto(GStrv) argv = qemu_command_build(spec, &options);
    g_autofree char *pid_path = file_in(spec->run_dir, "qemu.pid");
    g_autofree char *log_path = file_in(spec->state_dir, "qemu.log");
    g_autoptr(GError) error = NULL;
    machine->phase = PHASE_QMP;
    machine->qemu = process_spawn((const char *const *)argv, pid_path, log_path, on_qemu_ended,
                                  machine, &error);
    if (machine->qemu == NULL)
        conclude_later(machine, error->message);
    else
        poll_begin(machine, QMP_DEADLINE_MS);
}

static void
on_bus_ended(const char *how, gpointer user)
{
    QemuMachine *machine = user;
    g_autofree char *failure = g_strdup_printf("The desktop's message bus %s", how);
    g_clear_pointer(&machine->bus, private_bus_free);
    if (machine->phase == PHASE_BUS)
        conclude_later(machine, failure);
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
    mark(machine, "bus");
    start_qemu(machine);
}

static const PrivateBusEvents bus_events = {.up = on_bus_up, .ended = on_bus_ended};

static void
start_bus(QemuMachine *machine)
{
    g_autoptr(GError) error = NULL;
    machine->phase = PHASE_BUS;
    private_bus_kill(machine->spec->run_dir);
    remove_run_files(machine);
    machine->bus = private_bus_start(machine->settings->dbus_program, machine->spec->run_dir,
                                     &bus_events, machine, &error);
    if (machine->bus == NULL)
        conclude_later(machine, error->message);
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
    return overlay_disk_make(backing, clone ? 0 : (guint64)spec->limits.disk_gib << 30,
                             spec->state_dir, error);
}

/* Nothing holds the disk and the sockets (any more). */
static void
begin_clear(QemuMachine *machine)
{
    g_autoptr(GError) error = NULL;
    if (machine->destroying || machine->stop_asked || machine->failure != NULL) {
        conclude_later(machine, NULL);
    } else if (!make_disk(machine, &error)) {
        conclude_later(machine, error->message);
    } else {
        mark(machine, "disk");
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
    machine->suspend_asked = machine->suspended = FALSE;
    machine->agent_answers = machine->adopted = FALSE;
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
    machine->bus = private_bus_adopt(machine->spec->run_dir, &bus_events, machine);
    machine->qemu = process_adopt(qemu_pid, on_qemu_ended, machine);
    if (machine->qemu != NULL) {
        machine->phase = PHASE_QMP;
        poll_begin(machine, QMP_DEADLINE_MS);
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
    kill_bus(machine);
    remove_run_files(machine);
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
    end_qemu(machine);
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
        end_qemu(machine);
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
        begin_saving(machine);
    else if (machine->phase == PHASE_QMP || machine->phase == PHASE_RUNNING)
        machine->suspend_asked = TRUE;
}

void
qemu_machine_fail(Machine *base, const char *reason)
{
    QemuMachine *machine = (QemuMachine *)base;
    if (machine->phase != PHASE_IDLE && machine->phase != PHASE_ENDED)
        fail_with(machine, reason);
}

void
qemu_machine_destroy(Machine *base)
{
    QemuMachine *machine = (QemuMachine *)base;
    machine->destroying = TRUE;
    if (machine->qemu != NULL)
        process_signal(machine->qemu, SIGKILL);
    else if (machine->leftover == NULL && (machine->phase != PHASE_ENDED || machine->qmp == NULL))
        conclude_later(machine, NULL);
}

void
qemu_machine_observe(Machine *base, MachineStatus *status)
{
    QemuMachine *machine = (QemuMachine *)base;
    status->running = machine->qemu != NULL;
    status->pid = machine->qemu != NULL ? process_pid(machine->qemu) : 0;
    status->agent_answers = machine->agent_answers;
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
    drop_talk(machine);
    process_free(machine->qemu);
    process_free(machine->leftover);
    private_bus_free(machine->bus);
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
