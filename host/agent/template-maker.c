/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "template-maker.h"

#include "common/error.h"
#include "host/agent/desktop-progress.h"
#include "host/agent/record.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Booting is most of the work. */
#define PROGRESS_BOOT     90
#define PROGRESS_SAVE     92
#define PROGRESS_FREEZE   96
#define DEFAULT_TIMEOUT_S 1800

struct TemplateMaker {
    MachineSpec spec;
    const HostSettings *settings;
    Provider *provider;
    Machine *machine;
    char *folder;
    const TemplateMakerEvents *events;
    gpointer user;

    DesktopStep step;
    gint64 began, step_began; /* µs, monotonic */
    guint tick;
    gboolean saving, clearing, freezing, freed;
    GError *error; /* why it is being ended */
};

static void
release(TemplateMaker *maker)
{
    g_free(maker->spec.id);
    g_free(maker->spec.name);
    g_free(maker->spec.image_dir);
    g_free(maker->spec.cmdline);
    g_free(maker->spec.state_dir);
    g_free(maker->spec.run_dir);
    g_free(maker->spec.memory_file);
    g_free(maker->spec.saved_file);
    g_free(maker->folder);
    g_clear_error(&maker->error);
    g_free(maker);
}

static void
tell_progress(TemplateMaker *maker)
{
    gint64 elapsed = (g_get_monotonic_time() - maker->step_began) / G_USEC_PER_SEC;
    gboolean hardware =
        g_str_equal(maker->provider->ops->facts(maker->provider)->accelerator, "kvm");
    if (maker->freezing) {
        maker->events->progress(PROGRESS_FREEZE, "Freezing its files", maker->user);
    } else if (maker->saving) {
        maker->events->progress(PROGRESS_SAVE, "Saving its memory", maker->user);
    } else {
        g_autofree char *text = desktop_progress_text(DESKTOP_STARTING, maker->step, elapsed, FALSE);
        guint percent = desktop_progress_percent(DESKTOP_STARTING, maker->step, elapsed, hardware);
        maker->events->progress(MIN(percent, PROGRESS_BOOT), text, maker->user);
    }
}

/* The last thing a making does, when nothing of its machine is left; done() frees it. */
static void
finish(TemplateMaker *maker, const GError *error)
{
    g_clear_handle_id(&maker->tick, g_source_remove);
    record_remove_folder(maker->spec.run_dir, NULL);
    maker->events->done(error, maker->user);
}

/* Everything else goes by the machine's end. */
static void
end_with(TemplateMaker *maker, GError *error)
{
    if (maker->error != NULL) {
        g_error_free(error);
        return;
    }
    maker->error = error;
    maker->machine->ops->destroy(maker->machine);
}

/* --- freezing
 * ------------------------------------------------------------------------------------------------
 */

/* The memory stays writable to us: QEMU opens it so, and maps it privately. */
static gboolean
freeze_file(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return FALSE;
    gboolean frozen = fsync(fd) == 0 && fchmod(fd, g_str_equal(name, "memory") ? 0600 : 0400) == 0;
    int problem = errno;
    close(fd);
    errno = problem;
    return frozen;
}

static void
freeze(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    static const char *const names[] = {"disk.qcow2", "memory", "state"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        if (freeze_file(data, names[i]))
            continue;
        g_task_return_new_error(
            task, ORIEL_ERROR, errno == ENOSPC ? ORIEL_ERROR_NO_SPACE : ORIEL_ERROR_FAILED,
            "The template's file “%s” could not be frozen: %s.", names[i], g_strerror(errno));
        return;
    }
    g_task_return_boolean(task, TRUE);
}

static void
on_frozen(GObject *source, GAsyncResult *result, gpointer user)
{
    TemplateMaker *maker = user;
    g_autoptr(GError) error = NULL;
    g_task_propagate_boolean(G_TASK(result), &error);
    maker->freezing = FALSE;
    if (maker->freed)
        release(maker);
    else
        finish(maker, maker->error != NULL ? maker->error : error);
}

/* --- what the machine tells
 * ---------------------------------------------------------------------------------- */

static void
on_step(gpointer user, DesktopStep step)
{
    TemplateMaker *maker = user;
    if (maker->clearing || maker->error != NULL || maker->saving)
        return;
    maker->step = step;
    maker->step_began = g_get_monotonic_time();
    if (step == STEP_READY) {
        maker->saving = TRUE;
        maker->machine->ops->suspend(maker->machine);
    }
    tell_progress(maker);
}

static void
on_suspend_failed(gpointer user, const char *reason)
{
    end_with(user, g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_FAILED, reason));
}

/* Nobody waits at its screen: better no template than half a host's disk kept full by one. */
static void
on_held(gpointer user, gboolean held)
{
    if (held)
        end_with(user, g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_NO_SPACE,
                                           "There is no space left on this host's disk."));
}

static void
on_ended(gpointer user, MachineEnd end, const char *reason)
{
    TemplateMaker *maker = user;
    if (end == MACHINE_SUSPENDED) {
        maker->freezing = TRUE;
        tell_progress(maker);
        g_autoptr(GTask) task = g_task_new(NULL, NULL, on_frozen, maker);
        g_task_set_task_data(task, g_strdup(maker->folder), g_free);
        g_task_run_in_thread(task, freeze);
        return;
    }
    if (maker->error == NULL)
        maker->error =
            g_error_new(ORIEL_ERROR, ORIEL_ERROR_FAILED,
                        "The template's machine ended before its desktop stood. %s", reason);
    finish(maker, maker->error);
}

static void
on_destroyed(gpointer user)
{
    TemplateMaker *maker = user;
    finish(maker, maker->error);
}

static const MachineEvents machine_events = {.step = on_step,
                                             .suspend_failed = on_suspend_failed,
                                             .held = on_held,
                                             .ended = on_ended,
                                             .destroyed = on_destroyed};

static gboolean
on_tick(gpointer user)
{
    TemplateMaker *maker = user;
    int timeout = maker->settings->start_timeout_s;
    gint64 elapsed = (g_get_monotonic_time() - maker->began) / G_USEC_PER_SEC;
    if (elapsed >= (timeout > 0 ? timeout : DEFAULT_TIMEOUT_S) && !maker->saving) {
        maker->tick = 0;
        end_with(maker, g_error_new(ORIEL_ERROR, ORIEL_ERROR_TIMEOUT,
                                    "The template's desktop did not stand after %d seconds, as far "
                                    "as an agent in the guest could tell.",
                                    (int)elapsed));
        return G_SOURCE_REMOVE;
    }
    tell_progress(maker);
    return G_SOURCE_CONTINUE;
}

/* --- making and ending
 * ---------------------------------------------------------------------------------------- */

static TemplateMaker *
maker_new(const TemplateMakerPlace *place, const TemplateMakerEvents *events, gpointer user)
{
    TemplateMaker *maker = g_new0(TemplateMaker, 1);
    maker->settings = place->settings;
    maker->provider = place->provider;
    maker->folder = g_strdup(place->folder);
    maker->events = events;
    maker->user = user;
    maker->spec = (MachineSpec){
        .id = g_strdup(place->generation),
        .name = g_strdup(place->name),
        .cpus = place->cpus,
        .memory_mib = place->memory_mib,
        .width = place->width,
        .height = place->height,
        .image_dir = g_strdup(place->image_dir),
        .cmdline = g_strdup(place->cmdline),
        .state_dir = g_strdup(place->folder),
        .run_dir = g_build_filename(place->settings->run_dir, place->generation, NULL),
        .memory_file = g_build_filename(place->folder, "memory", NULL),
        .saved_file = g_build_filename(place->folder, "state", NULL),
    };
    g_mkdir_with_parents(maker->spec.run_dir, 0700);
    maker->machine =
        place->provider->ops->machine_new(place->provider, &maker->spec, &machine_events, maker);
    maker->began = maker->step_began = g_get_monotonic_time();
    return maker;
}

TemplateMaker *
template_maker_new(const TemplateMakerPlace *place, const TemplateMakerEvents *events,
                   gpointer user)
{
    TemplateMaker *maker = maker_new(place, events, user);
    maker->tick = g_timeout_add_seconds(1, on_tick, maker);
    maker->machine->ops->start(maker->machine, START_COLD);
    return maker;
}

TemplateMaker *
template_maker_clear(const TemplateMakerPlace *place, const TemplateMakerEvents *events,
                     gpointer user)
{
    TemplateMaker *maker = maker_new(place, events, user);
    g_autofree char *reason = NULL;
    MachineEnd end;
    maker->clearing = TRUE;
    maker->machine->ops->adopt(maker->machine, FALSE, &end, &reason);
    maker->machine->ops->destroy(maker->machine);
    return maker;
}

void
template_maker_cancel(TemplateMaker *maker)
{
    GError *error =
        g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_FAILED, "The making was cancelled.");
    if (maker->freezing && maker->error == NULL)
        maker->error = error; /* told when the files are frozen */
    else if (maker->clearing || maker->freezing)
        g_error_free(error);
    else
        end_with(maker, error);
}

void
template_maker_free(TemplateMaker *maker)
{
    if (maker == NULL)
        return;
    g_clear_handle_id(&maker->tick, g_source_remove);
    maker->machine->ops->machine_free(maker->machine);
    maker->freed = TRUE;
    if (!maker->freezing)
        release(maker);
}
