/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "input/keymap.h"

static void
test_characters(void)
{
    for (guint32 keysym = 0x20; keysym < 0x7f; keysym++) /* a US keyboard types all of ASCII */
        g_assert_cmpuint(keymap_find(keysym).qnum, !=, 0);
    g_assert_cmphex(keymap_find('z').qnum, ==, 0x2c);
    g_assert_false(keymap_find('z').shift);
    g_assert_cmphex(keymap_find('~').qnum, ==, 0x29);
    g_assert_true(keymap_find('~').shift);
    g_assert_cmphex(keymap_find('|').qnum, ==, 0x2b);
    g_assert_true(keymap_find('|').shift);
}

static void
test_others(void)
{
    g_assert_cmphex(keymap_find(0xff53).qnum, ==, 0xcd); /* Right */
    g_assert_true(keymap_find(0xff53).either);
    g_assert_cmphex(keymap_find(0).qnum, ==, 0);
    g_assert_cmphex(keymap_find(0x01000394).qnum, ==, 0); /* a Greek letter */
    g_assert_cmphex(keymap_find(0xffffffff).qnum, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keymap/characters", test_characters);
    g_test_add_func("/keymap/others", test_others);
    return g_test_run();
}
