/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Where a broker is, and which pool of it: what people type, and what oriel:// links say.
 *
 *     oriel://HOST[:PORT][/POOL]     https://HOST[:PORT][/]     HOST[:PORT]     HOST[:PORT]/POOL
 *
 * HOST is a name (international ones are turned into their ASCII form), an IPv4 address, or an IPv6
 * address in [brackets] (a bare one is taken without a port). Nothing else gets in: no user,
 * password, query or fragment, no control characters or blanks, at most ORIEL_URI_MAX_LENGTH bytes.
 * A value is immutable, so any thread may read it.
 */

#define ORIEL_URI_DEFAULT_PORT 8443
#define ORIEL_URI_MAX_LENGTH   1024
#define ORIEL_URI_MAX_POOL     128

typedef struct OrielUri OrielUri;

/* ORIEL_ERROR_INVALID with a sentence that says what is wrong; white space around the text is
 * ignored. */
OrielUri *oriel_uri_parse(const char *text, GError **error);
OrielUri *oriel_uri_copy(const OrielUri *uri);
void oriel_uri_free(OrielUri *uri);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OrielUri, oriel_uri_free)

const char *oriel_uri_host(const OrielUri *uri); /* lower case, without brackets */
guint16 oriel_uri_port(const OrielUri *uri);
const char *oriel_uri_pool(const OrielUri *uri); /* decoded; NULL when none is named */

/* "host:port", "[::1]:8443": one spelling for each broker, the key of what is remembered about it.
 * Owned by uri. */
const char *oriel_uri_address(const OrielUri *uri);
/* The short form for people: "host" when the port is the default one, "host:port" else. Owned by
 * uri. */
const char *oriel_uri_display(const OrielUri *uri);
