/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Small pure readers of what stands in a request's headers; everything given to them comes from the
 * network. */

/* Digits only, no sign, no list; FALSE on anything else and on overflow. */
gboolean http_parse_content_length(const char *text, guint64 *length);

/* A decoded path: absolute, UTF-8, no control characters. */
gboolean http_parse_path_ok(const char *path, gsize size);

/* The value of one cookie of a Cookie header, owned by the caller; NULL when it is not there, or
 * there twice. */
char *http_parse_cookie(const char *header, const char *name);

/* "application/json; charset=utf-8" is "application/json". */
gboolean http_parse_media_type_is(const char *header, const char *type);

/* Whether a comma separated list has the token; letter case does not count where ignore_case. */
gboolean http_parse_list_has(const char *header, const char *token, gboolean ignore_case);

/* The first item of a comma separated list that begins with prefix, without it; owned by the
 * caller, or NULL. */
char *http_parse_list_prefixed(const char *header, const char *prefix);

/* A header's value as we send it: printable, no CR, LF or NUL. */
gboolean http_parse_value_ok(const char *value);
