/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/api/authority-name.h"

#include <string.h>

#define MAX_NAME 253

static gboolean
is_name(const char *text)
{
    if (!*text || strlen(text) > MAX_NAME)
        return FALSE;
    for (const char *c = text; *c; c++)
        if (!g_ascii_isalnum(*c) && *c != '-' && *c != '.')
            return FALSE;
    return TRUE;
}

/* Splits "name:port", "name", "[::1]:port" and "[::1]". FALSE when it is none of them. */
static gboolean
split(const char *header, char **name, guint16 *port)
{
    const char *end = *header == '[' ? strchr(header, ']') : strchr(header, ':');
    guint64 number = 443;

    if (*header == '[') {
        if (!end)
            return FALSE;
        *name = g_strndup(header + 1, end - header - 1);
        end++;
        if (!g_hostname_is_ip_address(*name) || strchr(*name, '%'))
            return FALSE;
    } else {
        *name = end ? g_strndup(header, end - header) : g_strdup(header);
        if (!is_name(*name))
            return FALSE;
    }
    if (end && *end &&
        (*end != ':' || !g_ascii_string_to_unsigned(end + 1, 10, 1, 65535, &number, NULL)))
        return FALSE;
    *port = number;
    return TRUE;
}

char *
authority_name_from(const char *host_header, const char *public_name, guint16 port)
{
    g_autofree char *name = NULL;

    if (public_name) {
        name = g_strdup(public_name);
    } else if (!host_header || !split(host_header, &name, &port)) {
        g_free(name);
        name = g_strdup("localhost");
    }
    return g_strdup_printf(strchr(name, ':') ? "[%s]:%u" : "%s:%u", name, port);
}

char *
authority_name_of(HttpRequest *request, const char *public_name, guint16 port)
{
    return authority_name_from(http_request_header(request, "host"), public_name, port);
}
