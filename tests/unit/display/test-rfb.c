/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "source/rfb-address.h"
#include "source/rfb-input.h"

#include <glib/gstdio.h>
#include <unistd.h>

static void
test_address(void)
{
    static const char *const bad[] = {"",
                                      "host",
                                      "host:",
                                      "host:0",
                                      ":5900",
                                      "host:65536",
                                      "a:b:1",
                                      "[::1]5900",
                                      "[]:5900",
                                      "::1:590",
                                      "host:5900,",
                                      "host:5900,password=x",
                                      "host:5900,password-file=/none/there"};
    RfbAddress address;
    g_assert_true(rfb_address_parse("pc-7.lab:5901", &address, NULL));
    g_assert_cmpstr(address.host, ==, "pc-7.lab");
    g_assert_cmpint(address.port, ==, 5901);
    g_assert_null(address.password);
    rfb_address_clear(&address);
    g_assert_true(rfb_address_parse("[fe80::1]:5900", &address, NULL));
    g_assert_cmpstr(address.host, ==, "fe80::1");
    rfb_address_clear(&address);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(rfb_address_parse(bad[i], &address, &error));
        g_assert_nonnull(error);
    }
}

static void
test_password(void)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("rfb,XXXXXX", &path, NULL);
    g_assert_cmpint(write(fd, "se cret\nmore", 12), ==, 12);
    close(fd);
    g_autofree char *text = g_strdup_printf("h:1,password-file=%s", path);
    RfbAddress address;
    g_assert_true(rfb_address_parse(text, &address, NULL));
    g_assert_cmpstr(address.password, ==, "se cret");
    rfb_address_clear(&address);
    g_unlink(path);
}

static void
count_full(gpointer user)
{
    ++*(guint *)user;
}

static guint
take_all(RfbInput *input, RfbOrder *last)
{
    guint count = 0;
    for (RfbOrder order; rfb_input_take(input, &order); count++) {
        *last = order;
        last->text = NULL;
        rfb_order_clear(&order);
    }
    return count;
}

static void
test_orders_merge(void)
{
    RfbInput *input = rfb_input_new(count_full, NULL);
    RfbOrder last = {0};
    for (int i = 0; i < 100; i++)
        rfb_input_sink.pointer(input, i, 2 * i);
    g_assert_cmpint(take_all(input, &last), ==, 1);
    g_assert_cmpint(last.x * 1000 + last.y, ==, 99198);
    rfb_input_sink.pointer(input, 1, 1);
    rfb_input_sink.button(input, BUTTON_RIGHT, TRUE);
    rfb_input_sink.pointer(input, 2, 2);
    rfb_input_sink.button(input, BUTTON_RIGHT, FALSE);
    g_assert_cmpint(take_all(input, &last), ==, 3); /* no click is lost */
    g_assert_cmpint(last.buttons, ==, 0);
    rfb_input_resize(input, 800, 600);
    rfb_input_resize(input, 1024, 768);
    rfb_input_clip(input, "one");
    rfb_input_clip(input, "two");
    g_assert_cmpint(take_all(input, &last), ==, 2);
    rfb_input_free(input);
}

static void
test_keys(void)
{
    RfbInput *input = rfb_input_new(count_full, NULL);
    RfbOrder order;
    rfb_input_sink.key(input, 0x2a, TRUE);
    rfb_input_sink.key(input, 0x02, TRUE);
    rfb_input_sink.key(input, 0x2a, FALSE);
    rfb_input_sink.key(input, 0x02, FALSE); /* what went down comes up, though shift has gone */
    static const guint32 wanted[] = {0xffe1, '!', 0xffe1, '!'};
    for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
        g_assert_true(rfb_input_take(input, &order));
        g_assert_cmpint(order.keysym, ==, wanted[i]);
        g_assert_cmpint(order.down, ==, i < 2);
    }
    rfb_input_sink.key(input, 0xffff, TRUE); /* no key at all */
    rfb_input_free(input);
}

static void
test_bound(void)
{
    guint full = 0;
    RfbInput *input = rfb_input_new(count_full, &full);
    RfbOrder last = {0};
    for (guint i = 0; i <= RFB_INPUT_MAX; i++)
        rfb_input_sink.keysym(input, 'a', i % 2);
    g_assert_cmpint(full, ==, 1);
    g_assert_cmpint(take_all(input, &last), ==, 1);
    rfb_input_clip(input, "never taken");
    rfb_input_free(input);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rfb/address", test_address);
    g_test_add_func("/rfb/password", test_password);
    g_test_add_func("/rfb/orders-merge", test_orders_merge);
    g_test_add_func("/rfb/keys", test_keys);
    g_test_add_func("/rfb/bound", test_bound);
    return g_test_run();
}
