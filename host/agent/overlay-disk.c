/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "overlay-disk.h"

#include "common/error.h"
#include "host/agent/disk-format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * The smallest qcow2, by QEMU's docs/interop/qcow2.txt; numbers are big-endian. Clusters of 64 KiB:
 * 0 header and the backing file's name, 1 refcount table, 2 refcount block, 3 L1 table. One L1
 * entry stands for 512 MiB, so a cluster of them is enough for DISK_MAX_VIRTUAL_SIZE.
 */
#define CLUSTER_BITS    16
#define CLUSTER         (1u << CLUSTER_BITS)
#define L1_SPAN         (G_GUINT64_CONSTANT(512) << 20)
#define HEADER_LENGTH   104
#define EXT_FORMAT      0xE2792ACAu
#define NAME_OFFSET     (HEADER_LENGTH + 16 + 8) /* after the extension "qcow2" and the end mark */
#define MAX_NAME        1023
#define USED_CLUSTERS   4
#define BACKING_SIZE_AT 24

static void
put32(guint8 *at, guint32 value)
{
    value = GUINT32_TO_BE(value);
    memcpy(at, &value, sizeof value);
}

static void
put64(guint8 *at, guint64 value)
{
    value = GUINT64_TO_BE(value);
    memcpy(at, &value, sizeof value);
}

static void
fill_header(guint8 *header, const char *backing, guint64 size)
{
    memcpy(header, "QFI\xfb", 4);
    put32(header + 4, 3);
    if (backing != NULL) {
        put64(header + 8, NAME_OFFSET);
        put32(header + 16, (guint32)strlen(backing));
    }
    put32(header + 20, CLUSTER_BITS);
    put64(header + BACKING_SIZE_AT, size);
    put32(header + 36, (guint32)((size + L1_SPAN - 1) / L1_SPAN));
    put64(header + 40, 3 * CLUSTER); /* L1 table */
    put64(header + 48, 1 * CLUSTER); /* refcount table */
    put32(header + 56, 1);           /* … of one cluster */
    put32(header + 96, 4);           /* refcounts of 16 bits */
    put32(header + 100, HEADER_LENGTH);
    if (backing != NULL) {
        put32(header + HEADER_LENGTH, EXT_FORMAT);
        put32(header + HEADER_LENGTH + 4, 5);
        memcpy(header + HEADER_LENGTH + 8, "qcow2", 5);
        memcpy(header + NAME_OFFSET, backing, strlen(backing));
    }
}

static gboolean
write_at(int fd, const guint8 *data, gsize length, off_t offset)
{
    ssize_t written = pwrite(fd, data, length, offset);
    if (written >= 0 && (gsize)written != length)
        errno = ENOSPC;
    return written >= 0 && (gsize)written == length;
}

static gboolean
write_disk(int fd, const char *backing, guint64 size)
{
    guint8 header[NAME_OFFSET + MAX_NAME + 1] = {0};
    guint8 table[8], counts[2 * USED_CLUSTERS];
    fill_header(header, backing, size);
    put64(table, 2 * CLUSTER);
    for (gsize i = 0; i < USED_CLUSTERS; i++)
        memcpy(counts + 2 * i, "\0\1", 2);
    return ftruncate(fd, USED_CLUSTERS * CLUSTER) == 0 && write_at(fd, header, sizeof header, 0) &&
           write_at(fd, table, sizeof table, CLUSTER) &&
           write_at(fd, counts, sizeof counts, 2 * CLUSTER);
}

static gboolean
fail(GError **error, int problem)
{
    g_set_error(error, ORIEL_ERROR, problem == ENOSPC ? ORIEL_ERROR_NO_SPACE : ORIEL_ERROR_FAILED,
                "The desktop's disk could not be made: %s.", g_strerror(problem));
    return FALSE;
}

static gboolean
make(const char *backing, guint64 size, const char *folder, GError **error)
{
    g_autofree char *disk = g_build_filename(folder, "disk.qcow2", NULL);
    g_autofree char *fresh = g_strconcat(disk, ".new", NULL);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(error, errno);
    gboolean written = write_disk(fd, backing, size);
    int problem = errno;
    close(fd);
    if (written && rename(fresh, disk) == 0)
        return TRUE;
    if (written)
        problem = errno;
    unlink(fresh);
    return fail(error, problem);
}

guint64
overlay_disk_size(const char *path, GError **error)
{
    guint8 header[BACKING_SIZE_AT + 8];
    guint64 size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int problem = errno;
    ssize_t length = fd >= 0 ? pread(fd, header, sizeof header, 0) : -1;
    if (fd >= 0)
        close(fd);
    if (length == (ssize_t)sizeof header && memcmp(header, "QFI\xfb", 4) == 0)
        memcpy(&size, header + BACKING_SIZE_AT, sizeof size);
    size = GUINT64_FROM_BE(size);
    if (size > 0 && size <= DISK_MAX_VIRTUAL_SIZE)
        return size;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED,
                "The disk that the desktop's stands on cannot be read: %s.",
                fd < 0 ? g_strerror(problem) : "it is no qcow2");
    return 0;
}

gboolean
overlay_disk_make(const char *backing, guint64 size, const char *folder, GError **error)
{
    guint64 backing_size = overlay_disk_size(backing, error);
    if (backing_size == 0)
        return FALSE;
    if (strlen(backing) > MAX_NAME)
        return fail(error, ENAMETOOLONG);
    return make(backing, CLAMP(size, backing_size, DISK_MAX_VIRTUAL_SIZE), folder, error);
}

gboolean
overlay_disk_make_empty(guint64 size, const char *folder, GError **error)
{
    return make(NULL, CLAMP(size, CLUSTER, DISK_MAX_VIRTUAL_SIZE), folder, error);
}
