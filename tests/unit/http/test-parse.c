/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/http/http-parse.h"

#include <string.h>

static void
test_content_length(void)
{
    static const char *const bad[] = {"",    "-1",   "+1",  " 1",  "1 ",
                                      "1,1", "0x10", "1e3", "1.0", "99999999999999999999"};
    guint64 length = 7;

    g_assert_true(http_parse_content_length("0", &length));
    g_assert_cmpuint(length, ==, 0);
    g_assert_true(http_parse_content_length("1048576", &length));
    g_assert_cmpuint(length, ==, 1048576);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(http_parse_content_length(bad[i], &length));
}

static void
test_path(void)
{
    g_assert_true(http_parse_path_ok("/", 1));
    g_assert_true(http_parse_path_ok("/ä b", strlen("/ä b")));
    g_assert_false(http_parse_path_ok("", 0));
    g_assert_false(http_parse_path_ok("x", 1));
    g_assert_false(http_parse_path_ok("/a\nb", 4));
    g_assert_false(http_parse_path_ok("/\xff", 2));
    g_assert_false(http_parse_path_ok("/a\0b", 4));
}

static void
assert_cookie(const char *header, const char *expected)
{
    g_autofree char *value = http_parse_cookie(header, "__Host-oriel");

    g_assert_cmpstr(value, ==, expected);
}

static void
test_cookie(void)
{
    assert_cookie("__Host-oriel=abc", "abc");
    assert_cookie("a=b; __Host-oriel=abc=; c=d", "abc=");
    assert_cookie("x__Host-oriel=abc", NULL);
    assert_cookie("__Host-oriel2=abc", NULL);
    assert_cookie("", NULL);
    /* which one would it be? */
    assert_cookie("__Host-oriel=a; __Host-oriel=b", NULL);
}

static void
test_media_type(void)
{
    g_assert_true(http_parse_media_type_is("application/json", "application/json"));
    g_assert_true(http_parse_media_type_is("Application/JSON ; charset=utf-8", "application/json"));
    g_assert_false(http_parse_media_type_is("application/jsonp", "application/json"));
    g_assert_false(http_parse_media_type_is("", "application/json"));
}

static void
test_list(void)
{
    g_autofree char *found = http_parse_list_prefixed("binary, oriel.ticket.AbC", "oriel.ticket.");
    g_autofree char *none = http_parse_list_prefixed("binary,xoriel.ticket.AbC", "oriel.ticket.");

    g_assert_cmpstr(found, ==, "AbC");
    g_assert_null(none);
    g_assert_true(http_parse_list_has("keep-alive, Upgrade", "upgrade", TRUE));
    g_assert_false(http_parse_list_has("keep-alive, Upgrade", "upgrade", FALSE));
    g_assert_false(http_parse_list_has("binaryx", "binary", FALSE));
    g_assert_false(http_parse_list_has(",,,", "binary", FALSE));
}

static void
test_value(void)
{
    g_assert_true(http_parse_value_ok("a=b; Path=/"));
    g_assert_false(http_parse_value_ok("a\r\nSet-Cookie: b"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/parse/content-length", test_content_length);
    g_test_add_func("/http/parse/path", test_path);
    g_test_add_func("/http/parse/cookie", test_cookie);
    g_test_add_func("/http/parse/media-type", test_media_type);
    g_test_add_func("/http/parse/list", test_list);
    g_test_add_func("/http/parse/value", test_value);
    return g_test_run();
}
