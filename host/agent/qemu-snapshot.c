/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qemu-snapshot.h"

#include "common/error.h"
#include "host/agent/resources.h"
#include "host/agent/retry.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FD_NAME "snapshot"
/* The machine stands still, so it goes as fast as the disk takes it. Bytes a second. */
#define BANDWIDTH        (G_GINT64_CONSTANT(1) << 40)
#define POLL_FIRST_MS    4
#define READ_AHEAD_BYTES (128 * 1024)
#define POLL_MAX_MS      50
/* A disk that hangs must not keep the desktop for ever. */
#define DEADLINE_MS (10 * 60 * 1000)

struct QemuSnapshot {
    Qmp *qmp;
    char *path, *fresh; /* fresh: what is written, until it is whole; NULL for a restore */
    int fd;
    guint idle;
    Retry *poll;
    gboolean asking; /* "query-migrate" is under way */
    GError *error;   /* of the first command that failed */
    gboolean finished, flushing, freed;
    QemuSnapshotDone done;
    gpointer user;
};

static void
release(QemuSnapshot *snapshot)
{
    if (snapshot->fd >= 0)
        close(snapshot->fd);
    g_clear_error(&snapshot->error);
    g_free(snapshot->path);
    g_free(snapshot->fresh);
    g_free(snapshot);
}

/* The last thing it does; done() may free it. */
static void
finish(QemuSnapshot *snapshot)
{
    g_autoptr(GError) error = g_steal_pointer(&snapshot->error);
    if (snapshot->finished)
        return;
    snapshot->finished = TRUE;
    g_clear_pointer(&snapshot->poll, retry_free);
    if (error != NULL && snapshot->fresh != NULL)
        unlink(snapshot->fresh);
    snapshot->done(error, snapshot->user);
}

static gboolean
on_idle(gpointer user)
{
    QemuSnapshot *snapshot = user;
    snapshot->idle = 0;
    finish(snapshot);
    return G_SOURCE_REMOVE;
}

static void
fail(QemuSnapshot *snapshot, GError *error)
{
    if (snapshot->error == NULL)
        snapshot->error = error;
    else
        g_error_free(error);
    if (snapshot->idle == 0)
        snapshot->idle = g_idle_add(on_idle, snapshot);
}

/* --- the file, once QEMU has written it
 * ---------------------------------------------------------------------- */

static void
flush(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    const QemuSnapshot *snapshot = data;
    if (fsync(snapshot->fd) == 0 && rename(snapshot->fresh, snapshot->path) == 0) {
        g_task_return_boolean(task, TRUE);
        return;
    }
    g_task_return_new_error(task, ORIEL_ERROR,
                            errno == ENOSPC || errno == EDQUOT ? ORIEL_ERROR_NO_SPACE
                                                               : ORIEL_ERROR_FAILED,
                            "The memory could not be saved: %s.", g_strerror(errno));
}

static void
on_flushed(GObject *source, GAsyncResult *result, gpointer user)
{
    QemuSnapshot *snapshot = user;
    GError *error = NULL;
    gboolean flushed = g_task_propagate_boolean(G_TASK(result), &error);
    snapshot->flushing = FALSE;
    if (snapshot->freed) {
        g_clear_error(&error);
        release(snapshot);
        return;
    }
    if (!flushed)
        snapshot->error = error;
    finish(snapshot);
}

static void
complete(QemuSnapshot *snapshot)
{
    g_clear_pointer(&snapshot->poll, retry_free);
    if (snapshot->fresh == NULL) {
        finish(snapshot);
        return;
    }
    snapshot->flushing = TRUE;
    g_autoptr(GTask) task = g_task_new(NULL, NULL, on_flushed, snapshot);
    g_task_set_task_data(task, snapshot, NULL);
    g_task_run_in_thread(task, flush);
}

/* --- QEMU's work
 * --------------------------------------------------------------------------------------------- */

/* QEMU does not tell that a write failed for want of room; the disk does. */
static GError *
explain_failure(const QemuSnapshot *snapshot, const char *text)
{
    if (snapshot->fresh != NULL && resources_disk_is_full(snapshot->fresh))
        return g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_NO_SPACE,
                                   "There is no space left on this host's disk for the memory.");
    return g_error_new(ORIEL_ERROR, ORIEL_ERROR_FAILED, "QEMU could not %s the memory: %s.",
                       snapshot->fresh != NULL ? "save" : "restore",
                       text != NULL ? text : "it did not say why");
}

static void
on_progress(json_t *result, const GError *error, gpointer user)
{
    QemuSnapshot *snapshot = user;
    const char *status = json_string_value(json_object_get(result, "status"));
    snapshot->asking = FALSE;
    if (snapshot->finished || snapshot->flushing || snapshot->error != NULL)
        return;
    if (error != NULL)
        fail(snapshot, g_error_copy(error));
    else if (g_strcmp0(status, "completed") == 0)
        complete(snapshot);
    else if (g_strcmp0(status, "failed") == 0 || g_strcmp0(status, "cancelled") == 0)
        fail(snapshot,
             explain_failure(snapshot, json_string_value(json_object_get(result, "error-desc"))));
}

static gboolean
on_poll(gpointer user)
{
    QemuSnapshot *snapshot = user;
    if (!snapshot->asking)
        qmp_execute(snapshot->qmp, "query-migrate", NULL, on_progress, snapshot);
    snapshot->asking = TRUE;
    return FALSE;
}

static void
on_late(gpointer user)
{
    QemuSnapshot *snapshot = user;
    g_clear_pointer(&snapshot->poll, retry_free);
    fail(snapshot, explain_failure(snapshot, "it took too long"));
}

/* Each of the commands that were sent together. */
static void
on_command(json_t *result, const GError *error, gpointer user)
{
    QemuSnapshot *snapshot = user;
    if (error != NULL && !snapshot->finished)
        fail(snapshot, g_error_copy(error));
}

static void
execute(QemuSnapshot *snapshot, const char *command, json_t *arguments)
{
    qmp_execute(snapshot->qmp, command, arguments, on_command, snapshot);
}

static void
set_capability(QemuSnapshot *snapshot, gboolean shared_memory)
{
    execute(snapshot, "migrate-set-capabilities",
            json_pack("{s:[{s:s, s:b}]}", "capabilities", "capability", "x-ignore-shared", "state",
                      shared_memory));
}

/* Hands QEMU the file, and lets it begin. It answers in order, so how far it is may be asked at
 * once, and the deadline holds for one that answers nothing. */
static void
begin(QemuSnapshot *snapshot, const char *command)
{
    qmp_execute_with_fd(snapshot->qmp, "getfd", json_pack("{s:s}", "fdname", FD_NAME), snapshot->fd,
                        on_command, snapshot);
    execute(snapshot, command, json_pack("{s:s}", "uri", "fd:" FD_NAME));
    snapshot->poll = retry_new(POLL_FIRST_MS, POLL_MAX_MS, DEADLINE_MS, on_poll, on_late, snapshot);
}

static QemuSnapshot *
snapshot_new(Qmp *qmp, const char *path, QemuSnapshotDone done, gpointer user)
{
    QemuSnapshot *snapshot = g_new0(QemuSnapshot, 1);
    snapshot->qmp = qmp;
    snapshot->path = g_strdup(path);
    snapshot->fd = -1;
    snapshot->done = done;
    snapshot->user = user;
    return snapshot;
}

static gboolean
open_file(QemuSnapshot *snapshot, const char *path, int flags)
{
    snapshot->fd = open(path, flags | O_CLOEXEC, 0600);
    if (snapshot->fd >= 0)
        return TRUE;
    fail(snapshot, g_error_new(ORIEL_ERROR, ORIEL_ERROR_FAILED, "“%s” cannot be opened: %s.", path,
                               g_strerror(errno)));
    return FALSE;
}

QemuSnapshot *
qemu_snapshot_save(Qmp *qmp, const char *path, gboolean shared_memory, QemuSnapshotDone done,
                   gpointer user)
{
    QemuSnapshot *snapshot = snapshot_new(qmp, path, done, user);
    snapshot->fresh = g_strconcat(path, ".new", NULL);
    if (!open_file(snapshot, snapshot->fresh, O_WRONLY | O_CREAT | O_TRUNC))
        return snapshot;
    execute(snapshot, "stop", NULL);
    set_capability(snapshot, shared_memory);
    execute(snapshot, "migrate-set-parameters", json_pack("{s:I}", "max-bandwidth", BANDWIDTH));
    begin(snapshot, "migrate");
    return snapshot;
}

/* Each hint is cut off at what the disk's queue takes at a time (128 KiB unless set otherwise). */
static void
read_ahead(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    int fd = open(data, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd >= 0 && fstat(fd, &info) == 0)
        for (off_t at = 0; at < info.st_size; at += READ_AHEAD_BYTES)
            posix_fadvise(fd, at, READ_AHEAD_BYTES, POSIX_FADV_WILLNEED);
    if (fd >= 0)
        close(fd);
    g_task_return_boolean(task, TRUE);
}

void
qemu_snapshot_read_ahead(const char *path)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, NULL, NULL);
    g_task_set_task_data(task, g_strdup(path), g_free);
    g_task_run_in_thread(task, read_ahead);
}

QemuSnapshot *
qemu_snapshot_restore(Qmp *qmp, const char *path, gboolean shared_memory, QemuSnapshotDone done,
                      gpointer user)
{
    QemuSnapshot *snapshot = snapshot_new(qmp, path, done, user);
    if (!open_file(snapshot, path, O_RDONLY))
        return snapshot;
    set_capability(snapshot, shared_memory);
    begin(snapshot, "migrate-incoming");
    return snapshot;
}

void
qemu_snapshot_free(QemuSnapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    qmp_forget(snapshot->qmp, snapshot);
    g_clear_handle_id(&snapshot->idle, g_source_remove);
    g_clear_pointer(&snapshot->poll, retry_free);
    if (!snapshot->finished && !snapshot->flushing && snapshot->fresh != NULL)
        unlink(snapshot->fresh);
    snapshot->finished = TRUE;
    snapshot->freed = TRUE;
    if (!snapshot->flushing)
        release(snapshot);
}
