/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "desktop-private.h"

#include "host/agent/fault-point.h"
#include "host/agent/record.h"
#include "host/agent/resources.h"

#include <unistd.h>

/* --- what the machine tells
 * ---------------------------------------------------------------------------------- */

static void
on_machine_step(gpointer user, DesktopStep step)
{
    Desktop *desktop = user;
    if (desktop->delete_begun) /* a display that came up now would keep the deletion waiting */
        return;
    if (step == STEP_BOOT) {
        desktop_start_display(desktop);
        desktop_watch(desktop);
    }
    if (desktop->record->state != DESKTOP_STARTING)
        return;
    if (step == STEP_MACHINE && desktop->record->origin == START_CLONE)
        fault_point("clone-disk");
    if (step == STEP_READY) {
        fault_point(desktop->record->origin == START_CLONE ? "clone-named" : "resume-running");
        desktop->guest_ready = TRUE;
        desktop_become_ready_when_due(desktop);
    } else if (step > desktop->record->step || step == STEP_DISK) {
        desktop_enter_step(desktop, step);
    }
}

/* What a warm start has made so far is nobody's: the desktop boots as if it had never been tried.
 */
void
desktop_fall_back(Desktop *desktop, const char *reason)
{
    gboolean clone = desktop->record->origin == START_CLONE;
    g_autofree char *disk = g_build_filename(desktop->spec.state_dir, "disk.qcow2", NULL);
    g_autofree char *note =
        g_strdup_printf(clone ? "It could not be cloned, so it boots from its image. %s"
                              : "It could not be resumed, so it boots anew. %s",
                        reason);
    g_warning("The desktop “%s” (%s): %s", desktop->record->name, desktop->record->id, note);
    desktop_record_note(desktop->record, note);
    if (clone) {
        template_store_suspect(desktop->templates, desktop->record->template_name,
                               desktop->record->generation, reason);
        unlink(disk);
        g_free(desktop->record->generation);
        desktop->record->generation = g_strdup("");
    }
    unlink(desktop->spec.saved_file);
    desktop_start_machine(desktop, START_COLD);
}

static void
on_machine_mark(gpointer user, const char *name)
{
    Desktop *desktop = user;
    if (g_str_equal(name, "restored"))
        fault_point(desktop->record->origin == START_CLONE ? "clone-restored" : "resume-restored");
    desktop_note_time(desktop, name);
}

static void
on_machine_suspend_failed(gpointer user, const char *reason)
{
    Desktop *desktop = user;
    if (desktop->record->state != DESKTOP_SUSPENDING)
        return;
    g_autofree char *note = g_strdup_printf("It could not be suspended. %s", reason);
    desktop_record_note(desktop->record, note);
    desktop_enter(desktop, DESKTOP_READY, NULL);
}

static void
on_machine_held(gpointer user, gboolean held)
{
    if (held)
        desktop_hold(user);
    else
        desktop_release(user);
}

static void
on_machine_answered(gpointer user)
{
    desktop_heard(user);
}

static void
on_machine_suspended(Desktop *desktop)
{
    if (desktop->record->state == DESKTOP_SUSPENDING) {
        fault_point("suspend-saved");
        desktop_enter(desktop, DESKTOP_SUSPENDED, NULL);
        fault_point("suspend-done");
        return;
    }
    unlink(desktop->spec.saved_file); /* it was to be stopped meanwhile */
    desktop_enter(desktop, DESKTOP_STOPPED, "The desktop was stopped.");
}

/* Without room for a clone's disk there is none for another, and the template is not to blame. */
static gboolean
may_fall_back(const Desktop *desktop)
{
    return desktop->record->state == DESKTOP_STARTING && desktop->record->origin != START_COLD &&
           !(desktop->record->origin == START_CLONE &&
             resources_disk_is_full(desktop->spec.state_dir));
}

static void
on_machine_ended(gpointer user, MachineEnd end, const char *reason)
{
    Desktop *desktop = user;
    desktop_forget_hold(desktop);
    desktop_forget_watch(desktop);
    display_process_stop(desktop->display);
    if (end == MACHINE_SUSPENDED)
        on_machine_suspended(desktop);
    else if (desktop->record->state == DESKTOP_SUSPENDED) /* what was left of it is gone now */
        g_debug("“%s” stays suspended.", desktop->record->name);
    else if (end == MACHINE_FAILED && may_fall_back(desktop))
        desktop_fall_back(desktop, reason);
    else
        desktop_enter(desktop, end == MACHINE_FAILED ? DESKTOP_FAILED : DESKTOP_STOPPED, reason);
}

static gboolean
finish_delete(gpointer user)
{
    Desktop *desktop = user;
    g_autoptr(GError) error = NULL;
    fault_point("delete-ended");
    /* The run folder first: while the state folder stands, the next host would go on with this. */
    if (!record_remove_folder(desktop->spec.run_dir, &error) ||
        !record_remove_folder(desktop->spec.state_dir, &error))
        g_warning("The desktop “%s” is deleted, but not all of it could be removed: %s",
                  desktop->record->name, error->message);
    desktop->events->deleted(desktop, desktop->user);
    return G_SOURCE_REMOVE;
}

static void
on_machine_destroyed(gpointer user)
{
    finish_delete(user);
}

const MachineEvents desktop_machine_events = {.step = on_machine_step,
                                              .mark = on_machine_mark,
                                              .suspend_failed = on_machine_suspend_failed,
                                              .held = on_machine_held,
                                              .answered = on_machine_answered,
                                              .ended = on_machine_ended,
                                              .destroyed = on_machine_destroyed};

/* --- what the display tells
 * ---------------------------------------------------------------------------------- */

static void
on_display_changed(gpointer user)
{
    Desktop *desktop = user;
    if (desktop->record->state == DESKTOP_STARTING && display_process_is_up(desktop->display))
        desktop_note_time(desktop, "display");
    desktop_become_ready_when_due(desktop);
    desktop_tell(desktop);
}

static void
on_display_stopped(gpointer user)
{
    Desktop *desktop = user;
    if (!desktop->display_stopping_for_delete)
        return;
    desktop->display_stopping_for_delete = FALSE;
    desktop->machine->ops->destroy(desktop->machine);
}

const DisplayEvents desktop_display_events = {.changed = on_display_changed,
                                              .stopped = on_display_stopped};
