/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/gateway/connect-request.h"

#include <string.h>

static gboolean
is_route_char(char c)
{
    return g_ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
}

static gboolean
parse_port(const char *text, guint16 *port)
{
    gsize digits = strspn(text, "0123456789");
    guint64 value = g_ascii_strtoull(text, NULL, 10);

    if (digits == 0 || digits > 5 || text[digits] != '\0' || value == 0 || value > G_MAXUINT16)
        return FALSE;
    *port = (guint16)value;
    return TRUE;
}

/* "CONNECT route:port HTTP/1.x" */
static gboolean
parse_first_line(const char *line, ConnectRequest *request)
{
    static const char method[] = "CONNECT ";
    g_auto(GStrv) words = NULL;

    if (!g_str_has_prefix(line, method))
        return FALSE;
    words = g_strsplit(line + sizeof method - 1, " ", 3);
    if (g_strv_length(words) != 2 ||
        (!g_str_equal(words[1], "HTTP/1.0") && !g_str_equal(words[1], "HTTP/1.1")))
        return FALSE;

    gsize route_size = 0;
    while (is_route_char(words[0][route_size]))
        route_size++;
    if (route_size == 0 || route_size > CONNECT_ROUTE_MAX || words[0][route_size] != ':')
        return FALSE;
    memcpy(request->route, words[0], route_size);
    request->route[route_size] = '\0';
    return parse_port(words[0] + route_size + 1, &request->port);
}

/* "name: value"; what it says does not matter to us */
static gboolean
header_is_sane(const char *line)
{
    const char *colon = strchr(line, ':');

    if (!colon || colon == line)
        return FALSE;
    for (const char *c = line; *c; c++)
        if ((g_ascii_iscntrl(*c) && *c != '\t') || (c < colon && *c == ' '))
            return FALSE;
    return TRUE;
}

ConnectResult
connect_request_parse(const guint8 *data, gsize size, ConnectRequest *request)
{
    static const char method[] = "CONNECT ";
    const guint8 *end = memmem(data, size, "\r\n\r\n", 4);

    if (memcmp(data, method, MIN(size, sizeof method - 1)) != 0)
        return CONNECT_MALFORMED;
    if (!end)
        return size < CONNECT_REQUEST_MAX && !memchr(data, '\0', size) ? CONNECT_MORE
                                                                       : CONNECT_MALFORMED;
    gsize head = end - data;
    if (head + 4 != size || size > CONNECT_REQUEST_MAX || memchr(data, '\0', size))
        return CONNECT_MALFORMED;

    g_autofree char *text = g_strndup((const char *)data, head);
    g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
    if (!parse_first_line(lines[0], request))
        return CONNECT_MALFORMED;
    for (guint i = 1; lines[i]; i++)
        if (!header_is_sane(lines[i]))
            return CONNECT_MALFORMED;
    return CONNECT_GOOD;
}
