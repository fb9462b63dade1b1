/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/disk-format.h"

#include "common/error.h"

#include <string.h>

/* A plain qcow2 of 1 GiB; a test changes a byte. */
static void
make_qcow2(guint8 header[DISK_HEADER_SIZE])
{
    memset(header, 0, DISK_HEADER_SIZE);
    memcpy(header, "QFI\xfb", 4);
    header[7] = 3;     /* version */
    header[28] = 0x40; /* size: 0x40000000 */
}

static void
refused(const guint8 *header, gsize length, const char *says)
{
    g_autoptr(GError) error = NULL;
    guint64 size;
    g_assert_null(disk_format_check(header, length, &size, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, says));
}

static void
test_accepted(void)
{
    guint8 header[DISK_HEADER_SIZE] = {0};
    guint64 size = 7;
    g_assert_cmpstr(disk_format_check(header, sizeof header, &size, NULL), ==, "raw");
    g_assert_cmpuint(size, ==, 0);
    make_qcow2(header);
    g_assert_cmpstr(disk_format_check(header, sizeof header, &size, NULL), ==, "qcow2");
    g_assert_cmpuint(size, ==, G_GUINT64_CONSTANT(1) << 30);
    header[7] = 2;
    g_assert_cmpstr(disk_format_check(header, sizeof header, &size, NULL), ==, "qcow2");
}

static void
test_refused(void)
{
    guint8 header[DISK_HEADER_SIZE];
    make_qcow2(header);
    refused(header, 100, "too short");
    header[15] = 1;
    refused(header, sizeof header, "backing file");
    make_qcow2(header);
    header[35] = 1;
    refused(header, sizeof header, "encrypted");
    make_qcow2(header);
    header[79] = 4;
    refused(header, sizeof header, "data in another file");
    make_qcow2(header);
    header[7] = 9;
    refused(header, sizeof header, "corrupt");
    make_qcow2(header);
    header[24] = 0xff;
    refused(header, sizeof header, "4 TiB");
    make_qcow2(header);
    header[28] = 0;
    refused(header, sizeof header, "empty");
    memcpy(header, "KDMV", 4);
    refused(header, sizeof header, "VMDK");
    memcpy(header, "vhdxfile", 8);
    refused(header, sizeof header, "VHDX");
}

/* Any bytes at all: an answer, and no more. */
static void
test_any_bytes(void)
{
    guint8 header[DISK_HEADER_SIZE];
    for (guint round = 0; round < 20000; round++) {
        guint64 size;
        make_qcow2(header);
        for (guint change = 0; change < 8; change++)
            header[g_test_rand_int_range(0, DISK_HEADER_SIZE)] = (guint8)g_test_rand_int();
        gsize length = (gsize)g_test_rand_int_range(0, DISK_HEADER_SIZE + 1);
        const char *format = disk_format_check(header, length, &size, NULL);
        if (g_strcmp0(format, "qcow2") == 0)
            g_assert_cmpuint(size, <=, DISK_MAX_VIRTUAL_SIZE);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/disk-format/accepted", test_accepted);
    g_test_add_func("/disk-format/refused", test_refused);
    g_test_add_func("/disk-format/any-bytes", test_any_bytes);
    return g_test_run();
}
