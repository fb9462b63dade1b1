/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rfb-address.h"

#include "common/error.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PASSWORD_OPTION "password-file="
#define MAX_PASSWORD    256 /* bytes that are read */

/* The first line of a small file; "" when it is empty. */
static char *
read_password(const char *path, GError **error)
{
    char line[MAX_PASSWORD + 1] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    gssize got = fd >= 0 ? read(fd, line, MAX_PASSWORD) : -1;
    if (got < 0)
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND,
                    "The password file “%s” cannot be read.", path);
    if (fd >= 0)
        close(fd);
    if (got < 0)
        return NULL;
    line[got] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    char *password = g_strdup(line);
    explicit_bzero(line, sizeof line);
    return password;
}

static gboolean
parse_place(const char *place, RfbAddress *address)
{
    const char *colon = strrchr(place, ':');
    guint64 port;
    if (!colon || colon == place ||
        !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL))
        return FALSE;
    gboolean bracketed = place[0] == '[' && colon[-1] == ']' && colon - place > 2;
    if (!bracketed && (place[0] == '[' || memchr(place, ':', (gsize)(colon - place))))
        return FALSE;
    address->host = bracketed ? g_strndup(place + 1, (gsize)(colon - place) - 2)
                              : g_strndup(place, (gsize)(colon - place));
    address->port = (guint16)port;
    return TRUE;
}

gboolean
rfb_address_parse(const char *text, RfbAddress *address, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", 2); /* a path may have commas */
    RfbAddress parsed = {0};
    gboolean option = parts[0] && parts[1];
    if (!parts[0] || !parse_place(parts[0], &parsed) ||
        (option && !g_str_has_prefix(parts[1], PASSWORD_OPTION))) {
        rfb_address_clear(&parsed);
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                    "“%s” is no VNC server: HOST:PORT[,password-file=PATH] is wanted.", text);
        return FALSE;
    }
    if (option && !(parsed.password = read_password(parts[1] + strlen(PASSWORD_OPTION), error))) {
        rfb_address_clear(&parsed);
        return FALSE;
    }
    *address = parsed;
    return TRUE;
}

void
rfb_address_clear(RfbAddress *address)
{
    if (address->password)
        explicit_bzero(address->password, strlen(address->password));
    g_clear_pointer(&address->password, g_free);
    g_clear_pointer(&address->host, g_free);
}
