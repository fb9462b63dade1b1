/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/http/http-parse.h"

#include <string.h>

gboolean
http_parse_content_length(const char *text, guint64 *length)
{
    /* 19 digits are below 2^64 */
    gsize size = strlen(text);
    if (size == 0 || size > 19 || strspn(text, "0123456789") != size)
        return FALSE;
    *length = g_ascii_strtoull(text, NULL, 10);
    return TRUE;
}

gboolean
http_parse_path_ok(const char *path, gsize size)
{
    if (size == 0 || path[0] != '/' || !g_utf8_validate_len(path, size, NULL))
        return FALSE;
    for (gsize i = 0; i < size; i++)
        if (g_ascii_iscntrl(path[i]))
            return FALSE;
    return TRUE;
}

char *
http_parse_cookie(const char *header, const char *name)
{
    g_auto(GStrv) pairs = g_strsplit(header, ";", -1);
    gsize name_size = strlen(name);
    char *value = NULL;

    for (guint i = 0; pairs[i]; i++) {
        const char *pair = g_strstrip(pairs[i]);
        if (strncmp(pair, name, name_size) != 0 || pair[name_size] != '=')
            continue;
        if (value) { /* which one would the next reader take? */
            g_free(value);
            return NULL;
        }
        value = g_strdup(pair + name_size + 1);
    }
    return value;
}

gboolean
http_parse_media_type_is(const char *header, const char *type)
{
    g_autofree char *bare = g_strndup(header, strcspn(header, ";"));

    return g_ascii_strcasecmp(g_strstrip(bare), type) == 0;
}

gboolean
http_parse_list_has(const char *header, const char *token, gboolean ignore_case)
{
    g_auto(GStrv) items = g_strsplit(header, ",", -1);

    for (guint i = 0; items[i]; i++) {
        const char *item = g_strstrip(items[i]);
        if (ignore_case ? g_ascii_strcasecmp(item, token) == 0 : g_str_equal(item, token))
            return TRUE;
    }
    return FALSE;
}

char *
http_parse_list_prefixed(const char *header, const char *prefix)
{
    g_auto(GStrv) items = g_strsplit(header, ",", -1);

    for (guint i = 0; items[i]; i++) {
        const char *item = g_strstrip(items[i]);
        if (g_str_has_prefix(item, prefix))
            return g_strdup(item + strlen(prefix));
    }
    return NULL;
}

gboolean
http_parse_value_ok(const char *value)
{
    for (; *value; value++)
        if (g_ascii_iscntrl(*value))
            return FALSE;
    return TRUE;
}
