/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "overlay-disk.h"

#include "common/error.h"
#include "host/agent/tool.h"

#include <errno.h>
#include <stdio.h>

typedef struct {
    char *disk, *fresh;
    OverlayDiskDone done;
    gpointer user;
} Work;

static void
work_free(Work *work)
{
    g_free(work->disk);
    g_free(work->fresh);
    g_free(work);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Work, work_free)

static void
on_made(int exit_code, const char *output, const GError *tool_error, gpointer user)
{
    g_autoptr(Work) work = user;
    g_autoptr(GError) error = NULL;
    if (tool_error != NULL) {
        error = g_error_new(ORIEL_ERROR, ORIEL_ERROR_FAILED,
                            "The desktop's disk could not be made: %s", tool_error->message);
    } else if (exit_code != 0) {
        g_autofree char *complaint = tool_complaint(output);
        error = g_error_new(ORIEL_ERROR, ORIEL_ERROR_FAILED,
                            "The desktop's disk could not be made: %s.", complaint);
    } else if (rename(work->fresh, work->disk) != 0) {
        error = g_error_new(ORIEL_ERROR, ORIEL_ERROR_FAILED,
                            "The desktop's disk could not be made: %s.", g_strerror(errno));
    }
    work->done(error, work->user);
}

void
overlay_disk_make(const char *qemu_img, const char *backing, const char *folder,
                  GCancellable *cancellable, OverlayDiskDone done, gpointer user)
{
    Work *work = g_new0(Work, 1);
    work->disk = g_build_filename(folder, "disk.qcow2", NULL);
    work->fresh = g_strconcat(work->disk, ".new", NULL);
    work->done = done;
    work->user = user;
    const char *const argv[] = {qemu_img, "create", "-q",    "-f",        "qcow2", "-b",
                                backing,  "-F",     "qcow2", work->fresh, NULL};
    tool_run(argv, cancellable, NULL, on_made, work);
}
