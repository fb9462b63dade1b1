/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qemu-machine-private.h"

#include "common/error.h"
#include "host/agent/overlay-disk.h"
#include "host/agent/qemu-command.h"

#include <gio/gio.h>
#include <stdio.h>
#include <unistd.h>

#define QUIET_MS 180000 /* for a template's guest to come to rest */
#define CLOCK_MS 60000
#define SYNC_MS  10000

/* In a template's folder: a program waits in its guest to give clones an identity, and, where it
 * says GIVES_HOMES, homes. */
#define HELPER_MARK "helper"
#define GIVES_HOMES "homes"

/* Until what starts has started and the processors idle, for two minutes at most. */
static const char come_to_rest[] =
    "if [ -d /run/systemd/system ]; then\n"
    "  timeout 60 systemctl is-system-running --wait > /dev/null 2>&1\n"
    "fi\n"
    "look() { read -r _ a b c idle wait rest < /proc/stat; busy=$((a + b + c)); }\n"
    "n=0\n"
    "while [ $n -lt 30 ]; do\n"
    "  look; busy0=$busy all0=$((busy + idle + wait)); sleep 2; look\n"
    "  [ $(((busy - busy0) * 100)) -gt $(((busy + idle + wait - all0) * 15)) ] || break\n"
    "  n=$((n + 1))\n"
    "done\n"
    "sync\n";

static char *
file_in(const char *folder, const char *name)
{
    return g_build_filename(folder, name, NULL);
}

/* --- the guest runs
 * ------------------------------------------------------------------------------------------- */

static void
on_named(gpointer user)
{
    qemu_machine_mark(user, "identity");
}

static void
on_identity(const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    g_clear_pointer(&machine->identity, guest_identity_free);
    if (error != NULL) {
        qemu_machine_fail_with(machine, error->message);
        return;
    }
    machine->agent_answers = TRUE;
    qemu_machine_mark(machine, machine->home_asked ? "home" : "identity");
    if (qemu_machine_has_volumes(machine) && !machine->home_asked) {
        qemu_machine_give_home(machine);
        return;
    }
    machine->in_use = TRUE;
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
        guest_exec_run(machine->exec, argv, NULL, CLOCK_MS, on_clock_set, machine);
}

static void
on_continued(json_t *result, const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    if (machine->phase != PHASE_RESTORE)
        return;
    if (error != NULL) {
        qemu_machine_fail_with(machine, error->message);
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
unlink_in_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    unlink(data);
    g_task_return_boolean(task, TRUE);
}

/* Freeing some hundred MiB of disk takes a while, and the user waits. */
static void
discard_saved(QemuMachine *machine)
{
    char *used = g_strconcat(machine->spec->saved_file, ".used", NULL);
    if (rename(machine->spec->saved_file, used) != 0)
        unlink(machine->spec->saved_file);
    g_autoptr(GTask) task = g_task_new(NULL, NULL, NULL, NULL);
    g_task_set_task_data(task, used, g_free);
    g_task_run_in_thread(task, unlink_in_thread);
}

static void
on_plugged(json_t *result, const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    if (error != NULL && machine->phase == PHASE_RESTORE)
        qemu_machine_fail_with(machine, error->message);
}

static void
limit_volume(QemuMachine *machine, guint i)
{
    const MachineLimits *limits = &machine->spec->limits;
    /* The disk is not the device on the bus that has this name, but the one behind it. */
    g_autofree char *device = g_strdup_printf("/machine/peripheral/plugged%u/virtio-backend", i);
    if (limits->disk_iops == 0 && limits->disk_mibps == 0)
        return;
    qmp_execute(machine->qmp, "block_set_io_throttle",
                json_pack("{s:s, s:I, s:i, s:i, s:i, s:i, s:i}", "id", device, "bps",
                          (json_int_t)limits->disk_mibps << 20, "bps_rd", 0, "bps_wr", 0, "iops",
                          (int)limits->disk_iops, "iops_rd", 0, "iops_wr", 0),
                on_plugged, machine);
}

/* A template has a place for one volume only: a clone's others are plugged in before it runs, where
 * a boot would have put them. */
static void
plug_volumes(QemuMachine *machine)
{
    const MachineSpec *spec = machine->spec;
    guint count = qemu_machine_has_volumes(machine) ? g_strv_length(spec->volume_disks) : 0;
    for (guint i = 1; i < count; i++) {
        g_autofree char *node = g_strdup_printf("volume%u", i);
        g_autofree char *port = g_strdup_printf("hot%u", i);
        g_autofree char *device = g_strdup_printf("plugged%u", i);
        qmp_execute(machine->qmp, "blockdev-add",
                    json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "driver", "qcow2", "node-name", node,
                              "discard", "unmap", "file", "driver", "file", "filename",
                              spec->volume_disks[i]),
                    on_plugged, machine);
        qmp_execute(machine->qmp, "device_add",
                    json_pack("{s:s, s:s, s:s, s:s, s:s}", "driver", "virtio-blk-pci", "id", device,
                              "bus", port, "drive", node, "serial", spec->volume_serials[i]),
                    on_plugged, machine);
        limit_volume(machine, i);
    }
}

static void
tell_size(QemuMachine *machine, const char *drive, const char *disk)
{
    guint64 size = overlay_disk_size(disk, NULL);
    if (size > 0)
        qmp_execute(machine->qmp, "block_resize",
                    json_pack("{s:s, s:I}", "device", drive, "size", (json_int_t)size), on_plugged,
                    machine);
}

/* The guest remembers the size of its template's disks until it is told that they have grown. */
static void
tell_disk_sizes(QemuMachine *machine)
{
    const MachineSpec *spec = machine->spec;
    g_autofree char *disk = file_in(spec->state_dir, "disk.qcow2");
    if (spec->limits.disk_gib > 0)
        tell_size(machine, "disk0", disk);
    if (qemu_machine_has_volumes(machine))
        tell_size(machine, "volume0", spec->volume_disks[0]);
}

static void
on_restored(const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    g_clear_pointer(&machine->snapshot, qemu_snapshot_free);
    if (machine->phase != PHASE_RESTORE)
        return;
    if (error != NULL) {
        qemu_machine_fail_with(machine, error->message);
        return;
    }
    qemu_machine_mark(machine, "restored");
    /* From the guest's next step on, what was saved does not fit to its disk any more. */
    if (machine->origin == START_RESUME) {
        discard_saved(machine);
    } else {
        tell_disk_sizes(machine);
        plug_volumes(machine);
    }
    qmp_execute(machine->qmp, "cont", NULL, on_continued, machine);
}

/* The way to the guest's identity must be open before its memory is read. */
static gboolean
connect_identity(QemuMachine *machine, GError **error)
{
    const MachineSpec *spec = machine->spec;
    g_autofree char *mark_path = file_in(spec->template_dir, HELPER_MARK);
    g_autofree char *mark = NULL;
    gboolean waits = g_file_get_contents(mark_path, &mark, NULL, NULL);
    g_autofree char *path = qemu_socket_path(spec, waits ? "identity" : "qga");
    machine->identity = guest_identity_new(path, waits, spec->id, on_identity, machine, error);
    machine->home_asked =
        qemu_machine_has_volumes(machine) && waits && g_str_equal(mark, GIVES_HOMES);
    if (machine->identity != NULL && machine->home_asked)
        guest_identity_ask_home(machine->identity, on_named);
    return machine->identity != NULL;
}

void
qemu_machine_restore(QemuMachine *machine)
{
    const MachineSpec *spec = machine->spec;
    gboolean clone = machine->origin == START_CLONE;
    g_autofree char *state =
        clone ? file_in(spec->template_dir, "state") : g_strdup(spec->saved_file);
    g_autoptr(GError) error = NULL;
    machine->phase = PHASE_RESTORE;
    qemu_machine_mark(machine, "qemu");
    machine->events->step(machine->user, STEP_BOOT);
    if (clone && !connect_identity(machine, &error))
        qemu_machine_fail_with(machine, error->message);
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
    /* One that was silent for too long may only be beginning: it would stop the guest at its end.
     */
    qmp_execute(machine->qmp, "migrate_cancel", NULL, NULL, NULL);
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
on_probed(const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    g_autofree char *path = file_in(machine->spec->state_dir, HELPER_MARK);
    if (machine->phase != PHASE_SAVING || machine->qmp == NULL)
        return;
    if (error == NULL)
        g_file_set_contents(path, guest_identity_gives_home(machine->identity) ? GIVES_HOMES : "",
                            -1, NULL);
    save(machine);
}

/* Whoever waits in the guest for a clone's identity, and its agent, stay spoken to until the guest
 * is frozen: where nobody is at the other end they look up twice or ten times a second only, and
 * each clone would wait for that. */
static void
on_quiet(int exit_code, const char *output, const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    g_autofree char *path = qemu_socket_path(machine->spec, "identity");
    if (machine->phase != PHASE_SAVING || machine->qmp == NULL)
        return;
    if (error != NULL) {
        on_saved(error, machine);
        return;
    }
    machine->identity = guest_identity_probe(path, on_probed, machine, NULL);
    if (machine->identity == NULL)
        save(machine);
}

/* A template's guest comes to rest first: clones would all go on with what it is busy with. */
static void
quiet_guest(QemuMachine *machine)
{
    static const char *const argv[] = {"/bin/sh", "-c", come_to_rest, NULL};
    g_autofree char *path = qemu_socket_path(machine->spec, "qga");
    g_autoptr(GError) error = NULL;
    g_clear_pointer(&machine->agent, guest_agent_free);
    machine->exec = guest_exec_new(path, &error);
    if (machine->exec != NULL)
        guest_exec_run(machine->exec, argv, NULL, QUIET_MS, on_quiet, machine);
    else
        on_saved(error, machine);
}

/* Whether it could or not: a guest without an agent is saved as it is. */
static void
on_synced(int exit_code, const char *output, const GError *error, gpointer user)
{
    QemuMachine *machine = user;
    if (machine->phase != PHASE_SAVING || machine->qmp == NULL)
        return;
    g_clear_pointer(&machine->exec, guest_exec_free);
    save(machine);
}

/* The memory may be thrown away one day, by a deletion or when it does not fit any more; what the
 * user wrote is on the disk then. */
static void
sync_guest(QemuMachine *machine)
{
    static const char *const argv[] = {"/bin/sync", NULL};
    g_autofree char *path = qemu_socket_path(machine->spec, "qga");
    machine->exec = guest_exec_new(path, NULL);
    if (machine->exec != NULL)
        guest_exec_run(machine->exec, argv, NULL, SYNC_MS, on_synced, machine);
    else
        save(machine);
}

void
qemu_machine_begin_saving(QemuMachine *machine)
{
    machine->phase = PHASE_SAVING;
    g_clear_pointer(&machine->exec, guest_exec_free);
    if (machine->spec->memory_file != NULL)
        quiet_guest(machine);
    else if (machine->in_use)
        sync_guest(machine);
    else
        save(machine);
}

/* An earlier host has begun this: either all is saved, or it is begun anew. */
void
qemu_machine_take_up_saving(QemuMachine *machine, const char *status)
{
    if (g_strcmp0(status, "postmigrate") == 0 &&
        g_file_test(machine->spec->saved_file, G_FILE_TEST_EXISTS)) {
        machine->phase = PHASE_SAVING;
        on_saved(NULL, machine);
        return;
    }
    qmp_execute(machine->qmp, "migrate_cancel", NULL, NULL, NULL);
    qmp_execute(machine->qmp, "cont", NULL, NULL, NULL);
    qemu_machine_begin_saving(machine);
}
