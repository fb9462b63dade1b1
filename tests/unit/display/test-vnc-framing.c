/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/vnc-framing.h"

#include <string.h>

static void
test_lengths(void)
{
    static const struct {
        const char *bytes;
        gsize size;
        gssize length;
    } cases[] = {
        {"", 0, 0},
        {"\x00", 1, 20},
        {"\x02\x00\x00", 3, 0},
        {"\x02\x00\x00\x03", 4, 16},
        {"\x02\x00\x04\x00", 4, 4 + 4096},
        {"\x02\x00\x04\x01", 4, -1},
        {"\x03", 1, 10},
        {"\x04", 1, 8},
        {"\x05", 1, 6},
        {"\x96", 1, 10},
        {"\xf8\0\0\0\0\0\0\0", 8, 0},
        {"\xf8\0\0\0\0\0\0\0\x40", 9, 73},
        {"\xf8\0\0\0\0\0\0\0\x41", 9, -1},
        {"\xfb\0\0\0\0\0\x10", 7, 8 + 256},
        {"\xfb\0\0\0\0\0\x11", 7, -1},
        {"\xff", 1, 0},
        {"\xff\x00", 2, 12},
        {"\xff\x01", 2, -1},
        {"\x01", 1, -1},
        {"\x07", 1, -1},
        {"\x0b", 1, -1},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(vnc_message_length((const guint8 *)cases[i].bytes, cases[i].size), ==,
                        cases[i].length);
}

/* Never asks for less than it was told needs more, whatever comes. */
static void
test_all_types(void)
{
    for (guint type = 0; type < 256; type++) {
        guint8 bytes[16];
        memset(bytes, 0xff, sizeof bytes);
        bytes[0] = (guint8)type;
        gssize length = vnc_message_length(bytes, sizeof bytes);
        g_assert_true(length != 0 && length <= 8192);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vnc/framing/lengths", test_lengths);
    g_test_add_func("/vnc/framing/all-types", test_all_types);
    return g_test_run();
}
