/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/qmp.h"

/*
 * One running machine's devices and memory, to a file or back from one, by QEMU's migration over a
 * descriptor (its sandbox lets it start no program). Main-context object.
 */
typedef struct QemuSnapshot QemuSnapshot;

/* Called once, from the main loop; the snapshot may be freed here. */
typedef void (*QemuSnapshotDone)(const GError *error, gpointer user);

/*
 * Stops the machine and writes path, which appears whole, and on the disk, or not at all.
 * Afterwards the machine stands still: it is to quit, or to go on ("cont") after an error.
 * shared_memory: what lies in a shared file is left out (a template's memory).
 * ORIEL_ERROR_NO_SPACE, _FAILED, _UNAVAILABLE (the connection ended).
 */
QemuSnapshot *qemu_snapshot_save(Qmp *qmp, const char *path, gboolean shared_memory,
                                 QemuSnapshotDone done, gpointer user);
/* Into a QEMU that waits with "-incoming defer". Afterwards the machine stands still until "cont".
 * What QEMU cannot read ends it; its log tells why. */
QemuSnapshot *qemu_snapshot_restore(Qmp *qmp, const char *path, gboolean shared_memory,
                                    QemuSnapshotDone done, gpointer user);
/* The disk begins to read what restore() will ask for, while QEMU starts. */
void qemu_snapshot_read_ahead(const char *path);
/* done is not called any more; a file half written is removed. To be called before the Qmp is
 * freed. NULL is fine. */
void qemu_snapshot_free(QemuSnapshot *snapshot);
