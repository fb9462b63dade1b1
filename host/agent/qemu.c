/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qemu.h"

#include "common/error.h"
#include "host/agent/guest-agent.h"
#include "host/agent/overlay-disk.h"
#include "host/agent/private-bus.h"
#include "host/agent/process.h"
#include "host/agent/qemu-command.h"
#include "host/agent/qmp.h"

#include <errno.h>
#include <gio/gio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLL_MS         30 /* for a socket to appear */
#define QMP_DEADLINE_MS 60000
#define KILL_AFTER_MS   5000 /* from SIGTERM to SIGKILL */

#define STOP_KVM_S 30
#define STOP_TCG_S 120

typedef struct {
    Provider base;
    const HostSettings *settings;
    Accelerator accelerator;
    char *accelerator_reason;
} QemuProvider;

typedef enum {
    PHASE_IDLE,
    PHASE_DISK, /* qemu-img makes the disk */
    PHASE_BUS,  /* dbus-daemon starts */
    PHASE_QMP,  /* QEMU starts, or an adopted one is being spoken to */
    PHASE_RUNNING,
    PHASE_ENDED, /* QEMU is gone; its last words are read */
} Phase;

typedef struct {
    Machine base;
    QemuProvider *provider;
    const MachineSpec *spec;
    const MachineEvents *events;
    gpointer user;

    Phase phase;
    PrivateBus *bus;
    Process *qemu;
    Qmp *qmp;
    GuestAgent *agent;
    GCancellable *disk_work;
    guint poll;           /* waits for a socket */
    gint64 poll_deadline; /* µs, monotonic */
    guint stop_timer;
    guint idle; /* tells an end from the main loop */

    /* Why it ends, as far as is known. */
    gboolean stop_asked, guest_shut_down, guest_panicked, destroying;
    char *failure;
    ProcessEnd end;

    gboolean watch_agent, agent_answers;
} QemuMachine;

static void poll_begin(QemuMachine *machine, GSourceFunc function, gint64 deadline_ms);

static char *
file_in(const char *folder, const char *name)
{
    return g_build_filename(folder, name, NULL);
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

/* Everything of this machine is gone: clean up and tell once. */
static void
conclude(QemuMachine *machine)
{
    g_autofree char *described = describe_end(machine);
    g_autofree char *failure = g_steal_pointer(&machine->failure);
    g_clear_handle_id(&machine->poll, g_source_remove);
    g_clear_handle_id(&machine->stop_timer, g_source_remove);
    g_clear_handle_id(&machine->idle, g_source_remove);
    g_clear_pointer(&machine->qmp, qmp_free);
    g_clear_pointer(&machine->agent, guest_agent_free);
    g_clear_pointer(&machine->qemu, process_free);
    kill_bus(machine);
    remove_run_files(machine);
    machine->phase = PHASE_IDLE;
    if (machine->destroying)
        machine->events->destroyed(machine->user);
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
    g_clear_handle_id(&machine->poll, g_source_remove);
    if (machine->idle == 0)
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
    if (machine->disk_work != NULL) { /* its end goes on from there */
        g_cancellable_cancel(machine->disk_work);
        return;
    }
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

/* --- QMP
 * -----------------------------------------------------------------------------------------------------
 */

static void
on_agent_changed(GuestAgent *agent, GuestState state, gpointer user)
{
    QemuMachine *machine = user;
    machine->agent_answers = TRUE;
    machine->events->step(machine->user, state == GUEST_DESKTOP ? STEP_READY : STEP_DESKTOP);
}

static void
on_status(json_t *result, const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    if (error != NULL || (machine->phase != PHASE_QMP && machine->phase != PHASE_RUNNING))
        return;
    if (machine->stop_asked) /* asked for before QEMU could be spoken to */
        qmp_execute(machine->qmp, "system_powerdown", NULL, NULL, NULL);
    if (machine->phase == PHASE_RUNNING)
        return;
    machine->phase = PHASE_RUNNING;
    if (machine->watch_agent && machine->agent == NULL) {
        g_autofree char *path = qemu_socket_path(machine->spec, "qga");
        machine->agent = guest_agent_new(path, on_agent_changed, machine);
    }
    machine->events->step(machine->user, STEP_BOOT);
}

static void
on_qmp_ready(Qmp *qmp, gpointer user)
{
    qmp_execute(qmp, "query-status", NULL, on_status, user);
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

static gboolean on_qmp_poll(gpointer user);

static void
on_qmp_closed(Qmp *qmp, const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    g_clear_pointer(&machine->qmp, qmp_free);
    if (machine->phase == PHASE_ENDED) {
        conclude(machine);
        return;
    }
    if (error != NULL)
        g_warning("The connection to the QEMU of “%s” broke: %s", machine->spec->name,
                  error->message);
    /* QEMU may be about to end, or it runs and takes a new connection. */
    poll_begin(machine, on_qmp_poll, 0);
}

static const QmpEvents qmp_events = {
    .ready = on_qmp_ready, .event = on_qmp_event, .closed = on_qmp_closed};

/* --- the start
 * -----------------------------------------------------------------------------------------------
 */

static void
poll_begin(QemuMachine *machine, GSourceFunc function, gint64 deadline_ms)
{
    g_clear_handle_id(&machine->poll, g_source_remove);
    machine->poll_deadline =
        deadline_ms > 0 ? g_get_monotonic_time() + deadline_ms * 1000 : G_MAXINT64;
    machine->poll = g_timeout_add(POLL_MS, function, machine);
}

static gboolean
poll_is_late(QemuMachine *machine)
{
    return g_get_monotonic_time() > machine->poll_deadline;
}

static gboolean
on_qmp_poll(gpointer user)
{
    QemuMachine *machine = user;
    g_autofree char *path = qemu_socket_path(machine->spec, "qmp");
    machine->qmp = qmp_connect(path, &qmp_events, machine, NULL);
    if (machine->qmp == NULL && !poll_is_late(machine))
        return G_SOURCE_CONTINUE;
    machine->poll = 0;
    if (machine->qmp == NULL)
        fail_with(machine, "QEMU did not come up in time.");
    return G_SOURCE_REMOVE;
}

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
    const HostSettings *settings = machine->provider->settings;
    QemuCommandOptions options = {.program = settings->qemu_program,
                                  .accelerator = machine->provider->accelerator,
                                  .network = settings->network,
                                  .direct_boot = has_direct_boot(spec)};
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
        poll_begin(machine, on_qmp_poll, QMP_DEADLINE_MS);
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
    if (machine->phase == PHASE_BUS)
        start_qemu(machine);
}

static const PrivateBusEvents bus_events = {.up = on_bus_up, .ended = on_bus_ended};

/* What a start of an earlier host left behind would hold the disk and the sockets. */
static void
kill_leftovers(QemuMachine *machine)
{
    g_autofree char *path = file_in(machine->spec->run_dir, "qemu.pid");
    g_autoptr(Process) process = process_adopt(path, NULL, NULL);
    if (process != NULL)
        process_signal(process, SIGKILL);
    private_bus_kill(machine->spec->run_dir);
    remove_run_files(machine);
}

static void
start_bus(QemuMachine *machine)
{
    g_autoptr(GError) error = NULL;
    machine->phase = PHASE_BUS;
    kill_leftovers(machine);
    machine->bus = private_bus_start(machine->provider->settings->dbus_program,
                                     machine->spec->run_dir, &bus_events, machine, &error);
    if (machine->bus == NULL)
        conclude_later(machine, error->message);
}

static void
after_disk(QemuMachine *machine, const char *failure)
{
    if (machine->destroying || machine->stop_asked || machine->failure != NULL || failure != NULL) {
        conclude_later(machine, machine->stop_asked ? NULL : failure);
        return;
    }
    machine->events->step(machine->user, STEP_MACHINE);
    start_bus(machine);
}

static void
on_disk_made(const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    g_clear_object(&machine->disk_work);
    after_disk(machine, error != NULL ? error->message : NULL);
}

static gboolean
begin_start(gpointer user)
{
    QemuMachine *machine = user;
    g_autofree char *disk = file_in(machine->spec->state_dir, "disk.qcow2");
    machine->idle = 0;
    machine->events->step(machine->user, STEP_DISK);
    if (g_file_test(disk, G_FILE_TEST_EXISTS)) {
        after_disk(machine, NULL);
    } else {
        g_autofree char *backing = file_in(machine->spec->image_dir, "disk.qcow2");
        machine->disk_work = g_cancellable_new();
        overlay_disk_make(machine->provider->settings->qemu_img_program, backing,
                          machine->spec->state_dir, machine->disk_work, on_disk_made, machine);
    }
    return G_SOURCE_REMOVE;
}

static void
reset_outcome(QemuMachine *machine)
{
    machine->stop_asked = machine->guest_shut_down = machine->guest_panicked = FALSE;
    machine->agent_answers = FALSE;
    machine->end = (ProcessEnd){.known = FALSE, .exit_code = -1};
    g_clear_pointer(&machine->failure, g_free);
}

/* --- the provider's functions
 * -------------------------------------------------------------------------------- */

static void
qemu_start(Machine *base)
{
    QemuMachine *machine = (QemuMachine *)base;
    if (machine->phase != PHASE_IDLE)
        return;
    reset_outcome(machine);
    machine->watch_agent = TRUE;
    machine->phase = PHASE_DISK;
    machine->idle = g_idle_add(begin_start, machine);
}

static gboolean
qemu_adopt(Machine *base, gboolean watch_agent, MachineEnd *end, char **reason)
{
    QemuMachine *machine = (QemuMachine *)base;
    g_autofree char *qemu_pid = file_in(machine->spec->run_dir, "qemu.pid");
    reset_outcome(machine);
    machine->watch_agent = watch_agent;
    machine->bus = private_bus_adopt(machine->spec->run_dir, &bus_events, machine);
    machine->qemu = process_adopt(qemu_pid, on_qemu_ended, machine);
    if (machine->qemu != NULL) {
        machine->phase = PHASE_QMP;
        poll_begin(machine, on_qmp_poll, QMP_DEADLINE_MS);
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
    if (machine->provider->settings->stop_timeout_s > 0)
        return (guint)machine->provider->settings->stop_timeout_s;
    return machine->provider->accelerator == ACCELERATOR_KVM ? STOP_KVM_S : STOP_TCG_S;
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

static void
qemu_stop(Machine *base, gboolean force)
{
    QemuMachine *machine = (QemuMachine *)base;
    if (machine->phase == PHASE_IDLE)
        return;
    machine->stop_asked = TRUE;
    if (force || machine->qemu == NULL) {
        end_qemu(machine);
        return;
    }
    if (machine->phase == PHASE_RUNNING && machine->qmp != NULL)
        qmp_execute(machine->qmp, "system_powerdown", NULL, NULL, NULL);
    if (machine->stop_timer == 0)
        machine->stop_timer =
            g_timeout_add_seconds(stop_timeout(machine), on_stop_timeout, machine);
}

static void
qemu_fail(Machine *base, const char *reason)
{
    QemuMachine *machine = (QemuMachine *)base;
    if (machine->phase != PHASE_IDLE && machine->phase != PHASE_ENDED)
        fail_with(machine, reason);
}

static void
qemu_destroy(Machine *base)
{
    QemuMachine *machine = (QemuMachine *)base;
    machine->destroying = TRUE;
    if (machine->disk_work != NULL)
        g_cancellable_cancel(machine->disk_work);
    else if (machine->qemu != NULL)
        process_signal(machine->qemu, SIGKILL);
    else if (machine->phase != PHASE_ENDED || machine->qmp == NULL)
        conclude_later(machine, NULL);
}

static void
qemu_observe(Machine *base, MachineStatus *status)
{
    QemuMachine *machine = (QemuMachine *)base;
    status->running = machine->qemu != NULL;
    status->pid = machine->qemu != NULL ? process_pid(machine->qemu) : 0;
    status->agent_answers = machine->agent_answers;
}

static char *
qemu_display_source(Machine *base)
{
    g_autofree char *path = qemu_socket_path(((QemuMachine *)base)->spec, "bus");
    g_autofree char *escaped = g_dbus_address_escape_value(path);
    return g_strdup_printf("dbus:unix:path=%s", escaped);
}

static char *
qemu_agent_socket(Machine *base)
{
    return qemu_socket_path(((QemuMachine *)base)->spec, "vdagent");
}

static void
qemu_machine_free(Machine *base)
{
    QemuMachine *machine = (QemuMachine *)base;
    if (machine == NULL)
        return;
    g_clear_handle_id(&machine->poll, g_source_remove);
    g_clear_handle_id(&machine->stop_timer, g_source_remove);
    g_clear_handle_id(&machine->idle, g_source_remove);
    qmp_free(machine->qmp);
    guest_agent_free(machine->agent);
    process_free(machine->qemu);
    private_bus_free(machine->bus);
    g_free(machine->failure);
    g_free(machine);
}

static const ProviderOps qemu_ops;

static Machine *
qemu_machine_new(Provider *provider, const MachineSpec *spec, const MachineEvents *events,
                 gpointer user)
{
    QemuMachine *machine = g_new0(QemuMachine, 1);
    machine->base.ops = &qemu_ops;
    machine->provider = (QemuProvider *)provider;
    machine->spec = spec;
    machine->events = events;
    machine->user = user;
    return &machine->base;
}

static const char *
qemu_accelerator(Provider *provider)
{
    return accelerator_word(((QemuProvider *)provider)->accelerator);
}

static const char *
qemu_accelerator_reason(Provider *provider)
{
    return ((QemuProvider *)provider)->accelerator_reason;
}

static void
qemu_provider_free(Provider *base)
{
    QemuProvider *provider = (QemuProvider *)base;
    g_free(provider->accelerator_reason);
    g_free(provider);
}

static const ProviderOps qemu_ops = {.machine_new = qemu_machine_new,
                                     .machine_free = qemu_machine_free,
                                     .start = qemu_start,
                                     .adopt = qemu_adopt,
                                     .stop = qemu_stop,
                                     .fail = qemu_fail,
                                     .destroy = qemu_destroy,
                                     .observe = qemu_observe,
                                     .display_source = qemu_display_source,
                                     .agent_socket = qemu_agent_socket,
                                     .accelerator = qemu_accelerator,
                                     .accelerator_reason = qemu_accelerator_reason,
                                     .provider_free = qemu_provider_free};

Provider *
qemu_provider_new(const HostSettings *settings)
{
    QemuProvider *provider = g_new0(QemuProvider, 1);
    AcceleratorFacts facts;
    accelerator_read_facts(&facts, "/proc/cpuinfo", "/dev/kvm");
    provider->base.ops = &qemu_ops;
    provider->settings = settings;
    provider->accelerator =
        accelerator_choose(&facts, settings->accelerator, &provider->accelerator_reason);
    return &provider->base;
}
