/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Where a VNC server is: "HOST:PORT[,password-file=PATH]", an IPv6 address in brackets. The
 * password is the file's first line, of which VNC uses eight bytes; PATH may be /dev/fd/N.
 */
typedef struct {
    char *host;
    guint16 port;
    char *password; /* NULL: none */
} RfbAddress;

/* Reads the file, too. */
gboolean rfb_address_parse(const char *text, RfbAddress *address, GError **error);
void rfb_address_clear(RfbAddress *address);
