/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk-format.h"

#include "common/error.h"

#include <string.h>

/* Offsets and bits of the qcow2 header, from QEMU's docs/interop/qcow2.txt. All numbers are
 * big-endian. */
#define OFFSET_VERSION         4
#define OFFSET_BACKING         8
#define OFFSET_SIZE            24
#define OFFSET_CRYPT           32
#define OFFSET_INCOMPATIBLE    72
#define VERSION_2_SIZE         72
#define VERSION_3_SIZE         104
#define INCOMPATIBLE_DATA_FILE (G_GUINT64_CONSTANT(1) << 2)

static guint64
read_be64(const guint8 *at)
{
    guint64 value;
    memcpy(&value, at, sizeof value);
    return GUINT64_FROM_BE(value);
}

static guint32
read_be32(const guint8 *at)
{
    guint32 value;
    memcpy(&value, at, sizeof value);
    return GUINT32_FROM_BE(value);
}

static const char *
refuse(GError **error, const char *message)
{
    g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, message);
    return NULL;
}

static const char *
check_qcow2(const guint8 *header, gsize length, guint64 *virtual_size, GError **error)
{
    guint32 version = length >= VERSION_2_SIZE ? read_be32(header + OFFSET_VERSION) : 0;
    if ((version != 2 && version != 3) || (version == 3 && length < VERSION_3_SIZE))
        return refuse(error, "The image is corrupt: its qcow2 header cannot be read.");
    if (read_be64(header + OFFSET_BACKING) != 0)
        return refuse(error, "The image stands on another image (a backing file); convert it to "
                             "one that stands alone first.");
    if (read_be32(header + OFFSET_CRYPT) != 0)
        return refuse(error, "The image is encrypted; only plain images can be imported.");
    if (version == 3 && (read_be64(header + OFFSET_INCOMPATIBLE) & INCOMPATIBLE_DATA_FILE) != 0)
        return refuse(
            error,
            "The image keeps its data in another file; convert it to one that stands alone first.");
    *virtual_size = read_be64(header + OFFSET_SIZE);
    if (*virtual_size == 0 || *virtual_size > DISK_MAX_VIRTUAL_SIZE)
        return refuse(error, "The image's disk is empty or larger than 4 TiB.");
    return "qcow2";
}

const char *
disk_format_check(const guint8 *header, gsize length, guint64 *virtual_size, GError **error)
{
    static const struct {
        const char *magic;
        gsize length;
        const char *message;
    } others[] = {
        {"KDMV", 4,
         "The image is a VMware disk (VMDK); convert it with “qemu-img convert -O qcow2” first."},
        {"# Disk DescriptorFile", 21,
         "The image is a VMware disk (VMDK); convert it with “qemu-img convert -O qcow2” first."},
        {"conectix", 8,
         "The image is a Virtual PC disk (VHD); convert it with “qemu-img convert -O qcow2” "
         "first."},
        {"vhdxfile", 8,
         "The image is a Hyper-V disk (VHDX); convert it with “qemu-img convert -O qcow2” first."},
        {"QED\0", 4, "The image is a QED disk; convert it with “qemu-img convert -O qcow2” first."},
        {"LUKS\xba\xbe", 6, "The image is encrypted; only plain images can be imported."},
    };
    *virtual_size = 0;
    if (length < DISK_HEADER_SIZE)
        return refuse(error, "The image is too short to be a disk.");
    if (memcmp(header, "QFI\xfb", 4) == 0)
        return check_qcow2(header, length, virtual_size, error);
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        if (memcmp(header, others[i].magic, others[i].length) == 0)
            return refuse(error, others[i].message);
    return "raw";
}
