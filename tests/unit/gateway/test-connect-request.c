/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/gateway/connect-request.h"

#include <string.h>

static const char good[] =
    "CONNECT r-1.a_B:8443 HTTP/1.0\r\nHost: r-1:8443\r\nUser-Agent: Spice-GTK\r\n\r\n";

static ConnectResult
parse(const char *text, gsize size, ConnectRequest *request)
{
    /* exactly as large as it is said to be, so that a read past the end is seen */
    g_autofree guint8 *copy = g_memdup2(text, size);

    return connect_request_parse(copy, size, request);
}

static void
test_good(void)
{
    ConnectRequest request;

    g_assert_cmpint(parse(good, strlen(good), &request), ==, CONNECT_GOOD);
    g_assert_cmpstr(request.route, ==, "r-1.a_B");
    g_assert_cmpuint(request.port, ==, 8443);
    g_assert_cmpint(parse("CONNECT a:1 HTTP/1.1\r\n\r\n", 24, &request), ==, CONNECT_GOOD);
}

static void
test_in_pieces(void)
{
    ConnectRequest request;

    for (gsize size = 1; size < strlen(good); size++)
        g_assert_cmpint(parse(good, size, &request), ==, CONNECT_MORE);
}

static void
test_malformed(void)
{
    static const char *const bad[] = {
        "GET / HTTP/1.1\r\n\r\n",
        "CONNEXION a:1 HTTP/1.1\r\n\r\n",
        "CONNECT  a:1 HTTP/1.1\r\n\r\n",
        "CONNECT a:1\r\n\r\n",
        "CONNECT a:1 HTTP/2.0\r\n\r\n",
        "CONNECT a:1 HTTP/1.1 x\r\n\r\n",
        "CONNECT a HTTP/1.1\r\n\r\n",
        "CONNECT :1 HTTP/1.1\r\n\r\n",
        "CONNECT a:0 HTTP/1.1\r\n\r\n",
        "CONNECT a:65536 HTTP/1.1\r\n\r\n",
        "CONNECT a:-1 HTTP/1.1\r\n\r\n",
        "CONNECT a:1x HTTP/1.1\r\n\r\n",
        "CONNECT ../a:1 HTTP/1.1\r\n\r\n",
        "CONNECT a%20:1 HTTP/1.1\r\n\r\n",
        "CONNECT [::1]:1 HTTP/1.1\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\nno colon\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\n: x\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\na b: x\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\na: \x01\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\na: b\nc: d\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\n\r\n\x16\x03",
    };
    ConnectRequest request;

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_cmpint(parse(bad[i], strlen(bad[i]), &request), ==, CONNECT_MALFORMED);
    g_assert_cmpint(parse("CONNECT a\0:1", 12, &request), ==, CONNECT_MALFORMED);
}

static void
test_too_long(void)
{
    g_autofree char *filler = g_strnfill(CONNECT_REQUEST_MAX, 'a');
    g_autofree char *header = g_strconcat("CONNECT a:1 HTTP/1.1\r\nX: ", filler, NULL);
    g_autofree char *route =
        g_strdup_printf("CONNECT %.*s:1 HTTP/1.1\r\n\r\n", CONNECT_ROUTE_MAX + 1, filler);
    ConnectRequest request;

    g_assert_cmpint(parse(header, strlen(header), &request), ==, CONNECT_MALFORMED);
    g_assert_cmpint(parse(route, strlen(route), &request), ==, CONNECT_MALFORMED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gateway/connect-request/good", test_good);
    g_test_add_func("/gateway/connect-request/in-pieces", test_in_pieces);
    g_test_add_func("/gateway/connect-request/malformed", test_malformed);
    g_test_add_func("/gateway/connect-request/too-long", test_too_long);
    return g_test_run();
}
