/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/uri.h"

#include "oriel-config.h"

#include "common/error.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

struct OrielUri {
    char *host;
    guint16 port;
    char *pool;
    char *address;
    char *display;
};

/* message: marked with N_(). */
static gboolean
invalid(GError **error, const char *message)
{
    g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, _(message));
    return FALSE;
}

/* Letters, digits, '-', '.' and '_', in labels of 1 to 63: what name servers and certificates know.
 */
static gboolean
is_host_name(const char *host)
{
    size_t length = strlen(host);
    if (length == 0 || length > 253)
        return FALSE;
    size_t label = 0;
    for (const char *c = host; *c; c++) {
        if (*c == '.') {
            if (label == 0)
                return FALSE;
            label = 0;
        } else if (!g_ascii_isalnum(*c) && *c != '-' && *c != '_') {
            return FALSE;
        } else if (++label > 63 || (label == 1 && *c == '-')) {
            return FALSE;
        }
    }
    return TRUE; /* one closing dot is allowed, and taken off by the caller */
}

static gboolean
set_host(OrielUri *uri, const char *text, gsize length, GError **error)
{
    g_autofree char *raw = g_strndup(text, length);
    if (length == 0)
        return invalid(error, N_("The address has no host name."));
    g_autoptr(GInetAddress) inet = g_inet_address_new_from_string(raw);
    if (inet) {
        uri->host = g_inet_address_to_string(inet);
        return TRUE;
    }
    g_autofree char *ascii = g_hostname_to_ascii(raw);
    if (!ascii || !is_host_name(ascii))
        return invalid(error, N_("The host name has characters that no host name can have."));
    uri->host = g_ascii_strdown(ascii, -1);
    gsize end = strlen(uri->host);
    if (uri->host[end - 1] == '.')
        uri->host[end - 1] = '\0';
    return TRUE;
}

static gboolean
set_port(OrielUri *uri, const char *text, gsize length, GError **error)
{
    guint value = 0;
    for (gsize i = 0; i < length && value <= G_MAXUINT16; i++) {
        if (!g_ascii_isdigit(text[i]))
            return invalid(error, N_("The port is not a number."));
        value = value * 10 + (guint)g_ascii_digit_value(text[i]);
    }
    if (length == 0 || value == 0 || value > G_MAXUINT16)
        return invalid(error, N_("The port must be between 1 and 65535."));
    uri->port = (guint16)value;
    return TRUE;
}

/* HOST, HOST:PORT, [V6], [V6]:PORT or a bare V6. */
static gboolean
set_authority(OrielUri *uri, const char *text, gsize length, GError **error)
{
    const char *end = text + length, *host_end, *rest;

    if (length > 0 && text[0] == '[') {
        const char *close = memchr(text, ']', length);
        if (!close || !memchr(text, ':', (gsize)(close - text)))
            return invalid(error, N_("The address in brackets is no IPv6 address."));
        text++;
        host_end = close;
        rest = close + 1;
    } else {
        const char *first = memchr(text, ':', length);
        gboolean bare_v6 = first && memchr(first + 1, ':', (gsize)(end - first - 1));
        host_end = first && !bare_v6 ? first : end;
        rest = host_end;
    }
    if (!set_host(uri, text, (gsize)(host_end - text), error))
        return FALSE;
    if (rest == end)
        return TRUE;
    if (*rest != ':')
        return invalid(error, N_("After the host name only a port may stand."));
    return set_port(uri, rest + 1, (gsize)(end - rest - 1), error);
}

static gboolean
set_pool(OrielUri *uri, const char *text, GError **error)
{
    gsize length = strlen(text);
    if (length > 0 && text[length - 1] == '/')
        length--;
    if (length == 0)
        return TRUE;
    g_autofree char *pool = g_uri_unescape_segment(text, text + length, "/");
    if (!pool || !g_utf8_validate(pool, -1, NULL) || strlen(pool) > ORIEL_URI_MAX_POOL)
        return invalid(error, N_("The name of the pool in the address is not a valid one."));
    for (const char *c = pool; *c; c = g_utf8_next_char(c)) {
        if (!g_unichar_isprint(g_utf8_get_char(c)) || *c == '/')
            return invalid(error, N_("The name of the pool in the address is not a valid one."));
    }
    uri->pool = g_steal_pointer(&pool);
    return TRUE;
}

/* Takes "scheme://" off; both schemes mean the same broker, but a pool belongs to oriel: and to
 * bare addresses. */
static gboolean
skip_scheme(const char **text, gboolean *pool_allowed, GError **error)
{
    const char *mark = strstr(*text, "://");
    *pool_allowed = TRUE;
    if (!mark)
        return TRUE;
    gsize length = (gsize)(mark - *text);
    if (length == 5 && g_ascii_strncasecmp(*text, "https", 5) == 0)
        *pool_allowed = FALSE;
    else if (length != 5 || g_ascii_strncasecmp(*text, "oriel", 5) != 0)
        return invalid(error, N_("Only oriel:// and https:// addresses can be opened."));
    *text = mark + 3;
    return TRUE;
}

static gboolean
check_text(const char *text, GError **error)
{
    if (strlen(text) > ORIEL_URI_MAX_LENGTH)
        return invalid(error, N_("The address is too long."));
    if (!g_utf8_validate(text, -1, NULL))
        return invalid(error, N_("The address is not valid text."));
    for (const char *c = text; *c; c++) {
        if (g_ascii_iscntrl(*c) || g_ascii_isspace(*c) || strchr("@?#\\", *c))
            return invalid(error, N_("The address has characters that do not belong into one."));
    }
    return TRUE;
}

static void
set_spellings(OrielUri *uri)
{
    gboolean v6 = strchr(uri->host, ':') != NULL;
    g_autofree char *host = v6 ? g_strdup_printf("[%s]", uri->host) : g_strdup(uri->host);
    uri->address = g_strdup_printf("%s:%u", host, uri->port);
    uri->display = g_strdup(uri->port == ORIEL_URI_DEFAULT_PORT ? host : uri->address);
}

OrielUri *
oriel_uri_parse(const char *text, GError **error)
{
    g_autofree char *trimmed = g_strstrip(g_strdup(text ? text : ""));
    const char *rest = trimmed;
    gboolean pool_allowed;

    if (!check_text(trimmed, error) || !skip_scheme(&rest, &pool_allowed, error))
        return NULL;
    g_autoptr(OrielUri) uri = g_new0(OrielUri, 1);
    uri->port = ORIEL_URI_DEFAULT_PORT;
    gsize authority = strcspn(rest, "/");
    if (!set_authority(uri, rest, authority, error))
        return NULL;
    if (rest[authority] == '/' && !set_pool(uri, rest + authority + 1, error))
        return NULL;
    if (uri->pool && !pool_allowed) {
        invalid(error, N_("The https:// address of a broker ends after its host and port."));
        return NULL;
    }
    set_spellings(uri);
    return g_steal_pointer(&uri);
}

OrielUri *
oriel_uri_copy(const OrielUri *uri)
{
    OrielUri *copy = g_new0(OrielUri, 1);
    copy->host = g_strdup(uri->host);
    copy->port = uri->port;
    copy->pool = g_strdup(uri->pool);
    copy->address = g_strdup(uri->address);
    copy->display = g_strdup(uri->display);
    return copy;
}

void
oriel_uri_free(OrielUri *uri)
{
    if (!uri)
        return;
    g_free(uri->host);
    g_free(uri->pool);
    g_free(uri->address);
    g_free(uri->display);
    g_free(uri);
}

const char *
oriel_uri_host(const OrielUri *uri)
{
    return uri->host;
}

guint16
oriel_uri_port(const OrielUri *uri)
{
    return uri->port;
}

const char *
oriel_uri_pool(const OrielUri *uri)
{
    return uri->pool;
}

const char *
oriel_uri_address(const OrielUri *uri)
{
    return uri->address;
}

const char *
oriel_uri_display(const OrielUri *uri)
{
    return uri->display;
}
