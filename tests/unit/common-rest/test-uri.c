/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "common/uri.h"

#include <string.h>

typedef struct {
    const char *text, *host;
    guint16 port;
    const char *pool, *address, *display;
} Good;

static const Good good[] = {
    {"desk.example", "desk.example", 8443, NULL, "desk.example:8443", "desk.example"},
    {"  desk.example \n", "desk.example", 8443, NULL, "desk.example:8443", "desk.example"},
    {"Desk.Example.:443", "desk.example", 443, NULL, "desk.example:443", "desk.example:443"},
    {"https://desk.example", "desk.example", 8443, NULL, "desk.example:8443", "desk.example"},
    {"HTTPS://desk.example:9000/", "desk.example", 9000, NULL, "desk.example:9000",
     "desk.example:9000"},
    {"oriel://desk.example/demo", "desk.example", 8443, "demo", "desk.example:8443",
     "desk.example"},
    {"oriel://desk.example:1/demo/", "desk.example", 1, "demo", "desk.example:1", "desk.example:1"},
    {"oriel://desk/My%20Desk", "desk", 8443, "My Desk", "desk:8443", "desk"},
    {"desk/b%C3%BCro", "desk", 8443, "büro", "desk:8443", "desk"},
    {"bücher.example", "xn--bcher-kva.example", 8443, NULL, "xn--bcher-kva.example:8443",
     "xn--bcher-kva.example"},
    {"127.0.0.1:65535", "127.0.0.1", 65535, NULL, "127.0.0.1:65535", "127.0.0.1:65535"},
    {"::1", "::1", 8443, NULL, "[::1]:8443", "[::1]"},
    {"[2001:DB8::1]:443", "2001:db8::1", 443, NULL, "[2001:db8::1]:443", "[2001:db8::1]:443"},
    {"oriel://[::1]/demo", "::1", 8443, "demo", "[::1]:8443", "[::1]"},
};

static const char *const bad[] = {
    "",
    "   ",
    ":8443",
    "/demo",
    "oriel://",
    "oriel:///demo",
    "https://",
    "http://desk.example",
    "ftp://desk",
    "javascript://desk",
    "://desk",
    "desk:",
    "desk:0",
    "desk:65536",
    "desk:99999999999999999999",
    "desk:84x",
    "desk:-1",
    "desk: 8443",
    "desk example",
    "user@desk",
    "user:password@desk",
    "desk?x=1",
    "desk#x",
    "desk\\demo",
    "desk\001",
    "de\nsk",
    "[desk]",
    "[::1",
    "[::1]x",
    "[]",
    "[127.0.0.1]",
    "desk..example",
    ".desk",
    "-desk",
    "desk/de%2Fmo",
    "desk/%00",
    "desk/%zz",
    "desk/a/b",
    "desk/%0a",
    "desk/%ff",
    "https://desk/pool",
    "desk%41",
    "desk\xff",
    "de$k",
    "1:2:3:4:5:6:7:8:9",
};

static void
test_good(gconstpointer data)
{
    const Good *expected = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(OrielUri) parsed = oriel_uri_parse(expected->text, &error);
    g_assert_no_error(error);
    g_autoptr(OrielUri) uri = oriel_uri_copy(parsed);
    g_assert_cmpstr(oriel_uri_host(uri), ==, expected->host);
    g_assert_cmpuint(oriel_uri_port(uri), ==, expected->port);
    g_assert_cmpstr(oriel_uri_pool(uri), ==, expected->pool);
    g_assert_cmpstr(oriel_uri_address(uri), ==, expected->address);
    g_assert_cmpstr(oriel_uri_display(uri), ==, expected->display);
}

static void
test_bad(gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(OrielUri) uri = oriel_uri_parse(data, &error);
    g_assert_null(uri);
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID);
}

static void
test_bounds(void)
{
    g_autofree char *label = g_strnfill(64, 'a');
    g_autofree char *pool = g_strnfill(ORIEL_URI_MAX_POOL + 1, 'p');
    g_autofree char *long_pool = g_strconcat("desk/", pool, NULL);
    g_autofree char *huge = g_strnfill(100000, 'a');
    test_bad(label);
    test_bad(long_pool);
    test_bad(huge);
    long_pool[strlen(long_pool) - 1] = '\0';
    g_autoptr(OrielUri) uri = oriel_uri_parse(long_pool, NULL);
    g_assert_nonnull(uri);
}

/* Whatever bytes come: an answer or an error, and what was understood once is understood the same
 * way again. */
static void
test_random(void)
{
    static const char alphabet[] = "ab1.:/[]%25@?#-_ \xc3\xbc";
    for (guint round = 0; round < 20000; round++) {
        char text[24];
        guint length = g_test_rand_int_range(0, sizeof text);
        for (guint i = 0; i < length; i++)
            text[i] = alphabet[g_test_rand_int_range(0, sizeof alphabet - 1)];
        text[length] = '\0';
        g_autoptr(OrielUri) uri = oriel_uri_parse(text, NULL);
        if (!uri)
            continue;
        g_autoptr(OrielUri) again = oriel_uri_parse(oriel_uri_address(uri), NULL);
        g_assert_nonnull(again);
        g_assert_cmpstr(oriel_uri_address(again), ==, oriel_uri_address(uri));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *path = g_strdup_printf("/uri/good/%u", i);
        g_test_add_data_func(path, &good[i], test_good);
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *path = g_strdup_printf("/uri/bad/%u", i);
        g_test_add_data_func(path, bad[i], test_bad);
    }
    g_test_add_func("/uri/bounds", test_bounds);
    g_test_add_func("/uri/random", test_random);
    return g_test_run();
}
