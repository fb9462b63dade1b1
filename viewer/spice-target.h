/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

/* All that is needed to open one SPICE connection: from a broker's answer, or from a .vv file.
 * Checked: ports are ports, ca is PEM, strings are bounded. The password is a ticket: good once,
 * wiped when freed. */
typedef struct {
    char *host;
    guint16 port;     /* 0: none */
    guint16 tls_port; /* 0: none */
    char *password;
    char *proxy;        /* "http://HOST:PORT", NULL for a direct connection */
    char *ca;           /* PEM; NULL: the system's authorities */
    char *host_subject; /* NULL: the certificate must name the host */
    char *title;        /* NULL: none */
    gboolean full_screen;
} SpiceTarget;

/* The answer of POST …/sessions/ID/connect {"protocol":"spice"}; ORIEL_ERROR_PROTOCOL where it is
 * not one. */
SpiceTarget *spice_target_from_json(const json_t *answer, GError **error);

/* Whether the fields fit each other and their bounds; ORIEL_ERROR_INVALID names the one that does
 * not. */
gboolean spice_target_check(const SpiceTarget *target, GError **error);

/*
 * The library behind a SPICE connection tries only the first address of its proxy's name, which may
 * be one where nobody listens. Where that name is the broker's (name, as the person gave it), its
 * numeric address peer, which answered, takes its place; TLS goes by host_subject and ca, not by
 * it. Anything else, and a NULL peer, leaves the target as it is.
 */
void spice_target_reach(SpiceTarget *target, const char *name, const char *peer);

void spice_target_free(SpiceTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpiceTarget, spice_target_free)
