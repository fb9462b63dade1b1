/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/http/http.h"

/* The broker's NAME:PORT (an IPv6 address in brackets) for addresses handed to a client; owned by
 * the caller. */
char *authority_name_of(HttpRequest *request, const char *public_name, guint16 port);

/* The same from a Host header (may be NULL): public_name wins where it is set; what is no host name
 * or address, or no port, is not taken over, and localhost stands in its place. A header without a
 * port means the port of https. */
char *authority_name_from(const char *host_header, const char *public_name, guint16 port);
