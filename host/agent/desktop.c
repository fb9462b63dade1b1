/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "desktop.h"
#include "desktop-private.h"

#include "common/error.h"
#include "host/agent/fault-point.h"
#include "host/agent/remote.h"
#include "host/agent/resources.h"

#include <errno.h>
#include <unistd.h>

/* How long a client that opens a desktop waits for its display to come back. */
#define OPEN_TIMEOUT_MS  3000
#define AGENT_WAIT_KVM_S 120
#define AGENT_WAIT_TCG_S 900

static void
save(Desktop *desktop)
{
    g_autoptr(GError) error = NULL;
    if (!desktop_record_save(desktop->record, desktop->spec.state_dir, &error))
        g_warning("The desktop “%s” could not be recorded: %s", desktop->record->name,
                  error->message);
}

void
desktop_tell(Desktop *desktop)
{
    if (!desktop->record->deleting)
        desktop->events->changed(desktop, desktop->user);
}

static void
set_reason(Desktop *desktop, const char *reason)
{
    g_free(desktop->record->reason);
    desktop->record->reason = g_strdup(reason);
}

/* Goes to a state: recorded, then told. */
void
desktop_enter(Desktop *desktop, DesktopState state, const char *reason)
{
    if (state != DESKTOP_STARTING)
        g_clear_handle_id(&desktop->tick, g_source_remove);
    desktop->record->state = state;
    set_reason(desktop, reason);
    g_message("The desktop “%s” (%s) is %s%s%s", desktop->record->name, desktop->record->id,
              desktop_state_word(state), reason != NULL ? ": " : ".", reason != NULL ? reason : "");
    save(desktop);
    desktop_tell(desktop);
}

void
desktop_enter_step(Desktop *desktop, DesktopStep step)
{
    desktop->record->step = step;
    desktop->step_began = g_get_monotonic_time();
    /* A warm start is begun anew whatever its step was, and there is no time to lose. */
    if (desktop->record->origin == START_COLD)
        save(desktop);
    desktop_tell(desktop);
}

static gint64
seconds_since(gint64 monotonic)
{
    return (g_get_monotonic_time() - monotonic) / G_USEC_PER_SEC;
}

/* The time of a start that has passed. */
void
desktop_note_time(Desktop *desktop, const char *name)
{
    gint64 passed = (g_get_monotonic_time() - desktop->start_began) / 1000;
    json_object_set_new(desktop->timings, name, json_integer(passed));
}

/* Ready means that somebody can be let in: the desktop stands, and its display answers. */
void
desktop_become_ready_when_due(Desktop *desktop)
{
    if (desktop->record->state != DESKTOP_STARTING || !desktop->guest_ready ||
        !display_process_is_up(desktop->display))
        return;
    g_message("The desktop “%s” was ready after %d s.", desktop->record->name,
              (int)seconds_since(desktop->start_began));
    desktop_note_time(desktop, "ready");
    desktop->record->step = STEP_READY;
    desktop->record->settled = TRUE;
    desktop_enter(desktop, DESKTOP_READY, NULL);
}

/* A guest that has an agent must have had the time to start it, on a busy machine as well.
 * Translated guests are slower by far. */
static gint64
agent_wait(const Desktop *desktop)
{
    if (desktop->settings->agent_wait_s > 0)
        return desktop->settings->agent_wait_s;
    return g_str_equal(desktop->record->accelerator, "kvm") ? AGENT_WAIT_KVM_S : AGENT_WAIT_TCG_S;
}

static void
watch_screen(Desktop *desktop)
{
    DisplayScreen screen;
    if (desktop->guest_ready || desktop->record->step < STEP_BOOT ||
        desktop->record->origin != START_COLD)
        return;
    display_process_screen(desktop->display, &screen);
    gboolean still = screen_watch_look(&desktop->screen, &screen);
    if (!still || seconds_since(desktop->step_began) < agent_wait(desktop))
        return;
    g_message("The guest of “%s” does not tell when its desktop stands; its screen is graphical "
              "and still.",
              desktop->record->name);
    desktop->guest_ready = TRUE;
    desktop_become_ready_when_due(desktop);
}

static gboolean
on_tick(gpointer user)
{
    Desktop *desktop = user;
    int timeout = desktop->settings->start_timeout_s;
    if (timeout > 0 && seconds_since(desktop->start_began) >= timeout) {
        g_autofree char *reason = g_strdup_printf(
            "The desktop was not ready after %d seconds (it got as far as: %s).", timeout,
            desktop->record->step >= STEP_DESKTOP ? "its desktop was starting"
                                                  : "its system was starting");
        desktop->tick = 0;
        desktop->machine->ops->fail(desktop->machine, reason);
        return G_SOURCE_REMOVE;
    }
    guint tick = desktop->tick;
    watch_screen(desktop);
    if (desktop->tick != tick)
        return G_SOURCE_REMOVE;
    desktop_tell(desktop);
    return G_SOURCE_CONTINUE;
}

static void
begin_starting(Desktop *desktop)
{
    desktop->guest_ready = FALSE;
    desktop->screen = (ScreenWatch){0};
    json_object_clear(desktop->timings);
    desktop->start_began = desktop->step_began = g_get_monotonic_time();
    if (desktop->tick == 0)
        desktop->tick = g_timeout_add_seconds(1, on_tick, desktop);
}

void
desktop_start_display(Desktop *desktop)
{
    g_autoptr(GError) error = NULL;
    if (!display_process_start(desktop->display, &error) &&
        desktop->record->state == DESKTOP_STARTING)
        desktop->machine->ops->fail(desktop->machine, error->message);
}

/* --- making and freeing
 * -------------------------------------------------------------------------------------- */

static void
fill_spec(Desktop *desktop, DesktopPlace *place)
{
    const DesktopRecord *record = desktop->record;
    MachineSpec *spec = &desktop->spec;
    spec->id = record->id;
    spec->name = record->name;
    spec->vnc = record->vnc;
    spec->cpus = record->cpus;
    spec->memory_mib = record->memory_mib;
    spec->width = record->width;
    spec->height = record->height;
    spec->image_dir = g_steal_pointer(&place->image_dir);
    spec->cmdline = g_steal_pointer(&place->cmdline);
    spec->state_dir = g_build_filename(place->settings->state_dir, "desktops", record->id, NULL);
    spec->run_dir = g_build_filename(place->settings->run_dir, record->id, NULL);
    spec->saved_file = g_build_filename(spec->state_dir, "suspended", NULL);
    spec->limits = record->limits;
    g_autoptr(GStrvBuilder) disks = g_strv_builder_new(), serials = g_strv_builder_new();
    for (char **id = record->volumes; *id != NULL; id++) {
        g_autofree char *disk = volume_store_disk(place->volumes, *id);
        g_autofree char *serial = volume_serial(*id);
        g_strv_builder_add(disks, disk);
        g_strv_builder_add(serials, serial);
    }
    spec->volume_disks = g_strv_builder_end(disks);
    spec->volume_serials = g_strv_builder_end(serials);
}

static DisplayProcess *
make_display(Desktop *desktop)
{
    const ProviderOps *ops = desktop->machine->ops;
    DisplayConfig config = {
        .program = g_strdup(desktop->settings->display_program),
        .name = g_strdup(desktop->record->name),
        .source = ops->display_source(desktop->machine),
        .agent_socket = ops->agent_socket(desktop->machine),
        .run_dir = g_strdup(desktop->spec.run_dir),
        .log_path = g_build_filename(desktop->spec.state_dir, "display.log", NULL),
    };
    return display_process_new(&config, &desktop_display_events, desktop);
}

static gboolean
make_folder(const char *path, GError **error)
{
    if (g_mkdir_with_parents(path, 0700) == 0)
        return TRUE;
    g_set_error(error, ORIEL_ERROR, errno == ENOSPC ? ORIEL_ERROR_NO_SPACE : ORIEL_ERROR_FAILED,
                "The folder “%s” cannot be made: %s.", path, g_strerror(errno));
    return FALSE;
}

/* One that is taken up is recorded already: on a full disk it could not be, and must not be lost
 * for that. */
static gboolean
save_new(Desktop *desktop, GError **error)
{
    g_autofree char *path = g_build_filename(desktop->spec.state_dir, "desktop.json", NULL);
    return g_file_test(path, G_FILE_TEST_EXISTS) ||
           desktop_record_save(desktop->record, desktop->spec.state_dir, error);
}

Desktop *
desktop_new(DesktopRecord *record, DesktopPlace *place, const DesktopEvents *events, gpointer user,
            GError **error)
{
    Desktop *desktop = g_new0(Desktop, 1);
    desktop->record = record;
    desktop->settings = place->settings;
    desktop->provider = place->provider;
    desktop->templates = place->templates;
    desktop->timings = json_object();
    desktop->events = events;
    desktop->user = user;
    fill_spec(desktop, place);
    if (!make_folder(desktop->spec.state_dir, error) ||
        !make_folder(desktop->spec.run_dir, error) ||
        (record->vnc_password != NULL &&
         !remote_password_save(desktop->spec.state_dir, record->vnc_password, error)) ||
        !save_new(desktop, error)) {
        desktop_free(desktop);
        return NULL;
    }
    desktop->machine = place->provider->ops->machine_new(place->provider, &desktop->spec,
                                                         &desktop_machine_events, desktop);
    desktop->display = make_display(desktop);
    return desktop;
}

void
desktop_free(Desktop *desktop)
{
    if (desktop == NULL)
        return;
    g_clear_handle_id(&desktop->tick, g_source_remove);
    desktop_forget_hold(desktop);
    desktop_forget_watch(desktop);
    display_process_free(desktop->display);
    if (desktop->machine != NULL)
        desktop->machine->ops->machine_free(desktop->machine);
    g_free(desktop->spec.image_dir);
    g_free(desktop->spec.cmdline);
    g_free(desktop->spec.state_dir);
    g_free(desktop->spec.run_dir);
    g_free(desktop->spec.saved_file);
    g_free(desktop->spec.template_dir);
    g_strfreev(desktop->spec.volume_disks);
    g_strfreev(desktop->spec.volume_serials);
    json_decref(desktop->timings);
    desktop_record_free(desktop->record);
    g_free(desktop);
}

/* --- commands
 * ------------------------------------------------------------------------------------------------
 */

void
desktop_start_machine(Desktop *desktop, MachineOrigin origin)
{
    const char *accelerator = desktop->provider->ops->facts(desktop->provider)->accelerator;
    g_free(desktop->record->accelerator);
    desktop->record->accelerator = g_strdup(accelerator);
    desktop->record->origin = origin;
    /* One that is resumed needs the devices that it had. */
    if (origin != START_RESUME)
        desktop->record->returns_memory = origin == START_COLD;
    desktop->spec.returns_memory = desktop->record->returns_memory;
    desktop->record->started_at = g_get_real_time() / G_USEC_PER_SEC;
    desktop->record->step = STEP_DISK;
    begin_starting(desktop);
    desktop_enter(desktop, DESKTOP_STARTING, NULL);
    if (origin == START_RESUME)
        fault_point("resume-recorded");
    desktop->machine->ops->start(desktop->machine, origin);
}

/* TRUE when it has a template to wake from, which spec.template_dir then names. */
static gboolean
open_template(Desktop *desktop)
{
    DesktopRecord *record = desktop->record;
    g_autoptr(GError) error = NULL;
    g_clear_pointer(&desktop->spec.template_dir, g_free);
    if (record->settled || record->generation[0] == '\0')
        return FALSE;
    desktop->spec.template_dir =
        template_store_open(desktop->templates, record->template_name, record->generation, &error);
    if (desktop->spec.template_dir != NULL)
        return TRUE;
    g_autofree char *disk = g_build_filename(desktop->spec.state_dir, "disk.qcow2", NULL);
    g_autofree char *note =
        g_strdup_printf("It could not be cloned, so it boots from its image. %s", error->message);
    desktop_record_note(record, note);
    unlink(disk); /* half a clone's, if any */
    g_free(record->generation);
    record->generation = g_strdup("");
    return FALSE;
}

static void
start_afresh(Desktop *desktop)
{
    desktop_start_machine(desktop, open_template(desktop) ? START_CLONE : START_COLD);
}

/* What another QEMU has saved is not tried: it might be read wrongly. */
static void
resume(Desktop *desktop)
{
    DesktopRecord *record = desktop->record;
    const char *version = desktop->provider->ops->facts(desktop->provider)->version;
    if (g_str_equal(record->saved_with, version) &&
        g_file_test(desktop->spec.saved_file, G_FILE_TEST_EXISTS)) {
        desktop_start_machine(desktop, START_RESUME);
        return;
    }
    record->origin = START_RESUME;
    desktop_fall_back(desktop, g_str_equal(record->saved_with, version)
                                   ? "What it had in memory is gone."
                                   : "It was suspended by another version of QEMU.");
}

void
desktop_begin(Desktop *desktop)
{
    start_afresh(desktop);
}

gboolean
desktop_start(Desktop *desktop, GError **error)
{
    const char *paused = desktop_paused_text(desktop);
    switch (desktop->record->state) {
    case DESKTOP_STARTING:
    case DESKTOP_READY:
        return TRUE;
    case DESKTOP_SUSPENDING:
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                            paused != NULL
                                ? paused
                                : "The desktop is being suspended; resume it when that is done.");
        return FALSE;
    case DESKTOP_SUSPENDED:
        resume(desktop);
        return TRUE;
    case DESKTOP_STOPPING:
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                            "The desktop is shutting down; start it when it has stopped.");
        return FALSE;
    case DESKTOP_STOPPED:
    case DESKTOP_FAILED:
        start_afresh(desktop);
        return TRUE;
    }
    return TRUE;
}

void
desktop_stop(Desktop *desktop, gboolean force)
{
    DesktopState state = desktop->record->state;
    if (state == DESKTOP_STOPPED || state == DESKTOP_FAILED)
        return;
    if (state == DESKTOP_SUSPENDED) {
        unlink(desktop->spec.saved_file);
        desktop_enter(desktop, DESKTOP_STOPPED, "The desktop was stopped.");
        return;
    }
    if (state != DESKTOP_STOPPING)
        desktop_enter(desktop, DESKTOP_STOPPING, NULL);
    desktop->machine->ops->stop(desktop->machine, force);
}

gboolean
desktop_suspend(Desktop *desktop, GError **error)
{
    DesktopRecord *record = desktop->record;
    if (record->state == DESKTOP_SUSPENDING || record->state == DESKTOP_SUSPENDED)
        return TRUE;
    if (record->state != DESKTOP_READY) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                            "Only a desktop that is ready can be suspended.");
        return FALSE;
    }
    const char *paused = desktop_paused_text(desktop);
    if (paused != NULL) { /* its memory would not fit, or nobody would save it */
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED, paused);
        return FALSE;
    }
    g_free(record->saved_with);
    record->saved_with = g_strdup(desktop->provider->ops->facts(desktop->provider)->version);
    desktop_enter(desktop, DESKTOP_SUSPENDING, NULL);
    fault_point("suspend-recorded");
    desktop->machine->ops->suspend(desktop->machine);
    return TRUE;
}

void
desktop_delete(Desktop *desktop)
{
    if (desktop->delete_begun)
        return;
    desktop->delete_begun = desktop->record->deleting = TRUE;
    g_clear_handle_id(&desktop->tick, g_source_remove);
    desktop_forget_hold(desktop);
    desktop_forget_watch(desktop);
    save(desktop);
    fault_point("delete-recorded");
    desktop->display_stopping_for_delete = TRUE;
    display_process_stop(desktop->display);
}

/* Half a start is done again from its beginning: each of its steps takes what is there already. */
static void
recover_dead(Desktop *desktop, MachineEnd end, const char *reason)
{
    DesktopRecord *record = desktop->record;
    display_process_stop(desktop->display);
    gboolean saved = g_file_test(desktop->spec.saved_file, G_FILE_TEST_EXISTS);
    if (record->state == DESKTOP_STARTING && record->step <= STEP_MACHINE)
        start_afresh(desktop);
    else if (record->state == DESKTOP_SUSPENDING && saved)
        desktop_enter(desktop, DESKTOP_SUSPENDED, NULL);
    else if (record->state == DESKTOP_STOPPING)
        desktop_enter(desktop, DESKTOP_STOPPED, "The desktop was stopped.");
    else if (record->state == DESKTOP_STARTING || record->state == DESKTOP_READY ||
             record->state == DESKTOP_SUSPENDING)
        desktop_enter(desktop, end == MACHINE_FAILED ? DESKTOP_FAILED : DESKTOP_STOPPED, reason);
}

/* A warm start that was interrupted is begun anew: a clone is still its template's twin, and the
 * memory of a desktop that is being resumed is in its file until it runs. */
static gboolean
recover_warm(Desktop *desktop)
{
    const DesktopRecord *record = desktop->record;
    if (record->deleting || record->state != DESKTOP_STARTING)
        return FALSE;
    gboolean saved = g_file_test(desktop->spec.saved_file, G_FILE_TEST_EXISTS);
    if (record->origin != START_CLONE && !(record->origin == START_RESUME && saved))
        return FALSE;
    display_process_stop(desktop->display);
    if (record->origin == START_CLONE)
        start_afresh(desktop);
    else
        resume(desktop);
    return TRUE;
}

void
desktop_recover(Desktop *desktop)
{
    DesktopState state = desktop->record->state;
    if (recover_warm(desktop))
        return;
    MachineEnd end = MACHINE_FAILED;
    g_autofree char *reason = NULL;
    gboolean alive =
        desktop->machine->ops->adopt(desktop->machine, state == DESKTOP_STARTING, &end, &reason);
    if (desktop->record->deleting) {
        desktop_delete(desktop);
        return;
    }
    if (!alive) {
        recover_dead(desktop, end, reason);
        return;
    }
    g_message("The desktop “%s” (%s) is found again.", desktop->record->name, desktop->record->id);
    desktop_watch(desktop);
    if (state == DESKTOP_STARTING)
        begin_starting(desktop);
    /* The steps of a warm start are not recorded. */
    if (desktop->record->step >= STEP_BOOT || desktop->record->origin != START_COLD)
        desktop_start_display(desktop);
    if (state == DESKTOP_STOPPING)
        desktop->machine->ops->stop(desktop->machine, FALSE);
    else if (state == DESKTOP_SUSPENDING)
        desktop->machine->ops->suspend(desktop->machine);
    else if (state == DESKTOP_STOPPED || state == DESKTOP_FAILED ||
             state == DESKTOP_SUSPENDED) /* it should not run */
        desktop->machine->ops->stop(desktop->machine, TRUE);
}

void
desktop_open(Desktop *desktop, const char *protocol, DisplayOpened opened, gpointer user)
{
    const DesktopRecord *record = desktop->record;
    if (record->state == DESKTOP_STARTING && record->origin == START_CLONE) {
        g_autoptr(GError) error = g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE,
                                                      "The desktop is not ready yet.");
        opened(-1, error, user); /* until it is itself, its screen is its template's */
        return;
    }
    display_process_open(desktop->display, protocol, OPEN_TIMEOUT_MS, opened, user);
}

/* --- what it tells
 * ------------------------------------------------------------------------------------------- */

const DesktopRecord *
desktop_record(const Desktop *desktop)
{
    return desktop->record;
}

void
desktop_memory(Desktop *desktop, MemoryUse *use)
{
    MachineStatus status = {0};
    desktop->machine->ops->observe(desktop->machine, &status);
    *use = (MemoryUse){0};
    memory_use_add(use, status.pid);
    memory_use_add(use, status.network.pid);
    memory_use_add(use, display_process_pid(desktop->display));
}

guint
desktop_promised_mib(const Desktop *desktop)
{
    DesktopState state = desktop->record->state;
    gboolean lives = state == DESKTOP_STARTING || state == DESKTOP_READY ||
                     state == DESKTOP_SUSPENDING || state == DESKTOP_STOPPING;
    if (desktop->record->vnc[0] != '\0') /* elsewhere */
        return 0;
    return lives ? desktop->record->memory_mib + RESOURCES_OVERHEAD_MIB : 0;
}

json_t *
desktop_to_json(Desktop *desktop)
{
    const DesktopRecord *record = desktop->record;
    gint64 elapsed = seconds_since(desktop->step_began);
    MachineStatus status = {0};
    desktop->machine->ops->observe(desktop->machine, &status);
    gboolean hardware = g_str_equal(record->accelerator, "kvm");
    gboolean moves_in = record->origin == START_CLONE && record->volumes[0] != NULL;
    g_autofree char *text = desktop_progress_text(record->state, record->step, elapsed, moves_in);
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    json_t *json = desktop_record_to_json(record);
    json_object_set_new(json, "step_text", json_string(text));
    desktop_pause_to_json(desktop, json);
    json_object_set_new(
        json, "progress",
        json_integer(desktop_progress_percent(record->state, record->step, elapsed, hardware)));
    json_object_set_new(json, "pid", json_integer(status.pid));
    json_object_set_new(json, "uptime_s",
                        json_integer(status.running ? MAX(now - record->started_at, 0) : 0));
    json_object_set(json, "timings", desktop->timings);
    json_object_set_new(json, "display", display_process_to_json(desktop->display));
    json_object_set_new(json, "network", desktop_network_to_json(&status.network));
    return json;
}
