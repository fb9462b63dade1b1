/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "simulated.h"

#include "host/agent/overlay-disk.h"
#include "host/agent/process.h"

#include <jansson.h>
#include <signal.h>
#include <unistd.h>

#define PROGRAM "sleep"

typedef struct {
    Provider base;
    const HostSettings *settings;
    char *version;
    ProviderFacts facts;
} SimulatedProvider;

typedef enum { PHASE_IDLE, PHASE_STARTING, PHASE_RUNNING, PHASE_SAVING, PHASE_ENDING } Phase;

typedef struct SimulatedMachine SimulatedMachine;
typedef void (*Next)(SimulatedMachine *machine);

struct SimulatedMachine {
    Machine base;
    const HostSettings *settings;
    const MachineSpec *spec;
    const MachineEvents *events;
    gpointer user;
    Phase phase;
    MachineOrigin origin;
    Process *process;
    guint timer;
    guint answering; /* tells an answer from the main loop */
    Next next;
    gboolean stop_asked, suspended, destroying, held;
    char *failure;
};

/* --- the script
 * -----------------------------------------------------------------------------------------------
 */

static json_t *
load_script(const HostSettings *settings)
{
    return settings->simulated_script[0] != '\0'
               ? json_load_file(settings->simulated_script, 0, NULL)
               : NULL;
}

/* How long the operation takes; failure becomes what it ends with (the caller frees it), or NULL.
 */
static guint
ask_script(const SimulatedMachine *machine, const char *operation, char **failure)
{
    json_t *script = load_script(machine->settings);
    const json_t *rules = json_object_get(script, "rules");
    guint delay = 0;
    *failure = NULL;
    for (gsize i = 0; i < json_array_size(rules); i++) {
        const json_t *rule = json_array_get(rules, i);
        const char *on = json_string_value(json_object_get(rule, "on"));
        const char *name = json_string_value(json_object_get(rule, "machine"));
        if (g_strcmp0(on, operation) != 0 ||
            (name != NULL && !g_str_equal(name, machine->spec->name)))
            continue;
        delay = (guint)json_integer_value(json_object_get(rule, "delay_ms"));
        *failure = g_strdup(json_string_value(json_object_get(rule, "fail")));
        break;
    }
    json_decref(script);
    return delay;
}

/* --- the end
 * -------------------------------------------------------------------------------------------------
 */

static char *
pid_path(const SimulatedMachine *machine)
{
    return g_build_filename(machine->spec->run_dir, "machine.pid", NULL);
}

static void
conclude(SimulatedMachine *machine)
{
    g_autofree char *path = pid_path(machine);
    g_autofree char *failure = g_steal_pointer(&machine->failure);
    g_clear_handle_id(&machine->timer, g_source_remove);
    g_clear_handle_id(&machine->answering, g_source_remove);
    g_clear_pointer(&machine->process, process_free);
    unlink(path);
    machine->phase = PHASE_IDLE;
    if (machine->destroying)
        machine->events->destroyed(machine->user);
    else if (machine->suspended)
        machine->events->ended(machine->user, MACHINE_SUSPENDED, NULL);
    else if (failure != NULL)
        machine->events->ended(machine->user, MACHINE_FAILED, failure);
    else if (machine->stop_asked)
        machine->events->ended(machine->user, MACHINE_STOPPED, "The desktop was stopped.");
    else
        machine->events->ended(machine->user, MACHINE_FAILED, "The machine died.");
}

static void
on_process_ended(Process *process, const ProcessEnd *end, gpointer user)
{
    conclude(user);
}

static gboolean
on_timer(gpointer user)
{
    SimulatedMachine *machine = user;
    machine->timer = 0;
    machine->next(machine);
    return G_SOURCE_REMOVE;
}

static void
do_later(SimulatedMachine *machine, guint delay_ms, Next next)
{
    g_clear_handle_id(&machine->timer, g_source_remove);
    machine->next = next;
    machine->timer = g_timeout_add(delay_ms, on_timer, machine);
}

static void
end_process(SimulatedMachine *machine)
{
    machine->phase = PHASE_ENDING;
    if (machine->process != NULL) {
        g_clear_handle_id(&machine->timer, g_source_remove);
        process_signal(machine->process, SIGKILL);
    } else {
        do_later(machine, 0, conclude);
    }
}

/* The operation takes its time, and goes on with next unless the script lets it fail. */
static void
operate(SimulatedMachine *machine, const char *operation, Next next)
{
    g_autofree char *failure = NULL;
    guint delay = ask_script(machine, operation, &failure);
    g_free(machine->failure);
    machine->failure = g_steal_pointer(&failure);
    do_later(machine, delay, machine->failure != NULL ? end_process : next);
}

static void
mark(SimulatedMachine *machine, const char *name)
{
    if (machine->events->mark != NULL)
        machine->events->mark(machine->user, name);
}

/* --- starting
 * ------------------------------------------------------------------------------------------------
 */

static void write_something(SimulatedMachine *machine);

/* Its guest goes on writing, and stands still while the script lets it fail. */
static void
written(SimulatedMachine *machine)
{
    g_autofree char *failure = NULL;
    ask_script(machine, "write", &failure);
    if (machine->phase != PHASE_RUNNING)
        return;
    if (machine->held != (failure != NULL)) {
        machine->held = failure != NULL;
        machine->events->held(machine->user, machine->held);
    }
    if (!machine->held)
        write_something(machine);
}

/* Only where the script says how long it takes. */
static void
write_something(SimulatedMachine *machine)
{
    g_autofree char *failure = NULL;
    guint delay = ask_script(machine, "write", &failure);
    if (delay > 0)
        do_later(machine, delay, written);
}

static void
become_ready(SimulatedMachine *machine)
{
    machine->phase = PHASE_RUNNING;
    machine->events->step(machine->user, STEP_DESKTOP);
    machine->events->step(machine->user, STEP_READY);
    if (machine->phase == PHASE_RUNNING)
        write_something(machine);
}

static void
simulated_go_on(Machine *base)
{
    SimulatedMachine *machine = (SimulatedMachine *)base;
    if (machine->held)
        do_later(machine, 0, written);
}

static gboolean
on_answering(gpointer user)
{
    SimulatedMachine *machine = user;
    machine->answering = 0;
    machine->events->answered(machine->user);
    return G_SOURCE_REMOVE;
}

/* It answers unless the script lets that fail. */
static gboolean
simulated_ask(Machine *base)
{
    SimulatedMachine *machine = (SimulatedMachine *)base;
    g_autofree char *failure = NULL;
    if (machine->phase != PHASE_RUNNING)
        return FALSE;
    ask_script(machine, "answer", &failure);
    if (failure == NULL && machine->answering == 0)
        machine->answering = g_idle_add(on_answering, machine);
    return TRUE;
}

static void
after_restore(SimulatedMachine *machine)
{
    mark(machine, "restored");
    if (machine->origin == START_CLONE) {
        operate(machine, "identity", become_ready);
        return;
    }
    unlink(machine->spec->saved_file);
    become_ready(machine);
}

static gboolean
make_disk(SimulatedMachine *machine, GError **error)
{
    const MachineSpec *spec = machine->spec;
    gboolean clone = machine->origin == START_CLONE;
    g_autofree char *disk = g_build_filename(spec->state_dir, "disk.qcow2", NULL);
    g_autofree char *backing =
        g_build_filename(clone ? spec->template_dir : spec->image_dir, "disk.qcow2", NULL);
    return (!clone && g_file_test(disk, G_FILE_TEST_EXISTS)) ||
           overlay_disk_make(backing, 0, spec->state_dir, error);
}

static void
begin(SimulatedMachine *machine)
{
    static const char *const operations[] = {"boot", "clone", "resume"};
    const char *const argv[] = {PROGRAM, "infinity", NULL};
    const MachineSpec *spec = machine->spec;
    g_autofree char *path = pid_path(machine);
    g_autofree char *log_path = g_build_filename(spec->state_dir, "machine.log", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(Process) leftover = process_adopt(path, NULL, NULL);
    if (leftover != NULL)
        process_signal(leftover, SIGKILL);
    machine->events->step(machine->user, STEP_DISK);
    if (make_disk(machine, &error)) {
        machine->events->step(machine->user, STEP_MACHINE);
        machine->process = process_spawn(argv, path, log_path, on_process_ended, machine, &error);
    }
    if (error != NULL) {
        machine->failure = g_strdup(error->message);
        end_process(machine);
        return;
    }
    machine->events->step(machine->user, STEP_BOOT);
    operate(machine, operations[machine->origin],
            machine->origin == START_COLD ? become_ready : after_restore);
}

static void
simulated_start(Machine *base, MachineOrigin origin)
{
    SimulatedMachine *machine = (SimulatedMachine *)base;
    if (machine->phase != PHASE_IDLE)
        return;
    machine->phase = PHASE_STARTING;
    machine->origin = origin;
    machine->stop_asked = machine->suspended = machine->held = FALSE;
    do_later(machine, 0, begin);
}

static gboolean
simulated_adopt(Machine *base, gboolean watch_agent, MachineEnd *end, char **reason)
{
    SimulatedMachine *machine = (SimulatedMachine *)base;
    g_autofree char *path = pid_path(machine);
    machine->stop_asked = machine->suspended = machine->held = FALSE;
    machine->process = process_adopt(path, on_process_ended, machine);
    if (machine->process == NULL) {
        *end = MACHINE_FAILED;
        *reason = g_strdup("The machine died while the host's service was not running.");
        return FALSE;
    }
    machine->phase = PHASE_RUNNING;
    if (watch_agent)
        do_later(machine, 0, become_ready);
    else
        write_something(machine);
    return TRUE;
}

/* --- saving and ending
 * ---------------------------------------------------------------------------------------- */

static void
saved(SimulatedMachine *machine)
{
    const MachineSpec *spec = machine->spec;
    g_autofree char *fresh = g_strconcat(spec->saved_file, ".new", NULL);
    gboolean written =
        g_file_set_contents(fresh, "state", -1, NULL) &&
        (spec->memory_file == NULL || g_file_set_contents(spec->memory_file, "memory", -1, NULL)) &&
        rename(fresh, spec->saved_file) == 0;
    if (written) {
        machine->suspended = TRUE;
        end_process(machine);
        return;
    }
    machine->phase = PHASE_RUNNING;
    machine->events->suspend_failed(machine->user, "Its memory could not be written.");
}

static void
suspend_fails(SimulatedMachine *machine)
{
    g_autofree char *failure = g_steal_pointer(&machine->failure);
    machine->phase = PHASE_RUNNING;
    machine->events->suspend_failed(machine->user, failure);
}

static void
simulated_suspend(Machine *base)
{
    SimulatedMachine *machine = (SimulatedMachine *)base;
    if (machine->phase != PHASE_RUNNING)
        return;
    machine->phase = PHASE_SAVING;
    guint delay = ask_script(machine, "suspend", &machine->failure);
    do_later(machine, delay, machine->failure != NULL ? suspend_fails : saved);
}

static void
simulated_stop(Machine *base, gboolean force)
{
    SimulatedMachine *machine = (SimulatedMachine *)base;
    machine->stop_asked = TRUE;
    if (machine->phase != PHASE_IDLE)
        end_process(machine);
}

static void
simulated_fail(Machine *base, const char *reason)
{
    SimulatedMachine *machine = (SimulatedMachine *)base;
    if (machine->phase == PHASE_IDLE || machine->phase == PHASE_ENDING)
        return;
    g_free(machine->failure);
    machine->failure = g_strdup(reason);
    end_process(machine);
}

static void
simulated_destroy(Machine *base)
{
    SimulatedMachine *machine = (SimulatedMachine *)base;
    machine->destroying = TRUE;
    end_process(machine);
}

/* --- the rest
 * ------------------------------------------------------------------------------------------------
 */

static void
simulated_observe(Machine *base, MachineStatus *status)
{
    const SimulatedMachine *machine = (SimulatedMachine *)base;
    status->running = machine->process != NULL;
    status->pid = machine->process != NULL ? process_pid(machine->process) : 0;
    status->agent_answers = machine->phase == PHASE_RUNNING;
}

static char *
simulated_display_source(Machine *machine)
{
    return g_strdup("replay:/dev/null");
}

static char *
simulated_agent_socket(Machine *machine)
{
    return NULL;
}

static const ProviderFacts *
simulated_facts(Provider *base)
{
    SimulatedProvider *provider = (SimulatedProvider *)base;
    json_t *script = load_script(provider->settings);
    const char *version = json_string_value(json_object_get(script, "version"));
    g_free(provider->version);
    provider->version = g_strdup(version != NULL ? version : "1");
    json_decref(script);
    provider->facts = (ProviderFacts){.name = "simulated",
                                      .version = provider->version,
                                      .cpu = "none",
                                      .accelerator = "tcg",
                                      .accelerator_reason = "Its machines are simulated."};
    return &provider->facts;
}

static void
simulated_machine_free(Machine *base)
{
    SimulatedMachine *machine = (SimulatedMachine *)base;
    if (machine == NULL)
        return;
    g_clear_handle_id(&machine->timer, g_source_remove);
    g_clear_handle_id(&machine->answering, g_source_remove);
    process_free(machine->process);
    g_free(machine->failure);
    g_free(machine);
}

static const ProviderOps simulated_ops;

static Machine *
simulated_machine_new(Provider *provider, const MachineSpec *spec, const MachineEvents *events,
                      gpointer user)
{
    SimulatedMachine *machine = g_new0(SimulatedMachine, 1);
    machine->base.ops = &simulated_ops;
    machine->settings = ((SimulatedProvider *)provider)->settings;
    machine->spec = spec;
    machine->events = events;
    machine->user = user;
    return &machine->base;
}

static void
simulated_provider_free(Provider *base)
{
    SimulatedProvider *provider = (SimulatedProvider *)base;
    g_free(provider->version);
    g_free(provider);
}

static const ProviderOps simulated_ops = {.machine_new = simulated_machine_new,
                                          .machine_free = simulated_machine_free,
                                          .start = simulated_start,
                                          .adopt = simulated_adopt,
                                          .stop = simulated_stop,
                                          .suspend = simulated_suspend,
                                          .go_on = simulated_go_on,
                                          .ask = simulated_ask,
                                          .fail = simulated_fail,
                                          .destroy = simulated_destroy,
                                          .observe = simulated_observe,
                                          .display_source = simulated_display_source,
                                          .agent_socket = simulated_agent_socket,
                                          .facts = simulated_facts,
                                          .provider_free = simulated_provider_free};

Provider *
simulated_provider_new(const HostSettings *settings)
{
    SimulatedProvider *provider = g_new0(SimulatedProvider, 1);
    provider->base.ops = &simulated_ops;
    provider->settings = settings;
    return &provider->base;
}
