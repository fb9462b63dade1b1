/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the guest's program makes of the host's lines. What it does with them then changes the
 * machine it runs on: that is tried in guests alone (tests/e2e/test_clones.py). */
int identity_main(int argc, char **argv);
#define main identity_main
#include "data/guest/src/identity.c"
#undef main

#include <glib.h>

static void
feed(const char *text)
{
    char buffer[MAX_LINE];
    size_t filled = strlen(text);
    g_assert_cmpuint(filled, <=, sizeof buffer);
    memcpy(buffer, text, filled);
    take_lines(buffer, &filled, -1);
    g_assert_cmpuint(filled, ==,
                     strlen(strrchr(text, '\n') != NULL ? strrchr(text, '\n') + 1 : text));
}

static void
test_fields(void)
{
    feed("time=12.5\nhostname=one\nmac=52:54:00:00:00:01\nmachine_id=");
    g_assert_cmpstr(own.time, ==, "12.5");
    g_assert_cmpstr(own.hostname, ==, "one");
    g_assert_cmpstr(own.mac, ==, "52:54:00:00:00:01");
    g_assert_cmpstr(own.machine_id, ==, "");
    feed("hostnames=no\nhost=no\n=no\nhostname\nhostname=two=2\n");
    g_assert_cmpstr(own.hostname, ==, "two=2");
}

/* Longer than its field: the field's neighbours stay as they are. */
static void
test_too_long(void)
{
    g_autofree char *value = g_strnfill(2000, 'a');
    g_autofree char *line = g_strdup_printf("boot_id=kept\nmachine_id=%s\n", value);
    feed(line);
    g_assert_cmpuint(strlen(own.machine_id), ==, sizeof own.machine_id - 1);
    g_assert_cmpstr(own.boot_id, ==, "kept");
}

static void
test_hex(void)
{
    unsigned char bytes[6];
    g_assert_cmpint(parse_hex("52:54:00:aB:Cd:ef", bytes, 6), ==, 6);
    g_assert_cmpmem(bytes, 6, "\x52\x54\x00\xab\xcd\xef", 6);
    g_assert_cmpint(parse_hex("0102", bytes, 6), ==, 2);
    g_assert_cmpint(parse_hex("", bytes, 6), ==, 0);
    g_assert_cmpint(parse_hex("1", bytes, 6), ==, -1);
    g_assert_cmpint(parse_hex("0g", bytes, 6), ==, -1);
    g_assert_cmpint(parse_hex("01020304050607", bytes, 6), ==, -1);
}

static void
test_id_in_place(void)
{
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    int file = g_file_open_tmp(NULL, &path, NULL);
    g_assert_cmpint(write(file, "0123456789abcdef0123456789abcdef\n", 33), ==, 33);
    g_assert_cmpint(put_id(file, "ffffffffffffffffffffffffffffffff", "no"), ==, 0);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "ffffffffffffffffffffffffffffffff\n");
    close(file);
    unlink(path);
}

static void
test_no_seed(void)
{
    feed("seed=none\n");
    g_assert_cmpint(seed_random(), ==, -1);
    g_assert_true(g_str_has_prefix(failure, "failed the random seed is none"));
    g_assert_true(g_str_has_suffix(failure, "\n"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/guest/identity/fields", test_fields);
    g_test_add_func("/guest/identity/too-long", test_too_long);
    g_test_add_func("/guest/identity/hex", test_hex);
    g_test_add_func("/guest/identity/id-in-place", test_id_in_place);
    g_test_add_func("/guest/identity/no-seed", test_no_seed);
    return g_test_run();
}
