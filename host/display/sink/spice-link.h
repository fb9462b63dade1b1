/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Which viewer a new SPICE connection belongs to: looks at the client's link message without taking
 * it from the socket. A viewer's first connection says 0, its further channels say the number that
 * the server gave it. Main thread only.
 */

typedef struct SpiceLink SpiceLink;

/* Called once, from the main loop; fd is handed over (-1: the peer left, was too slow, or speaks no
 * SPICE: it is closed). The link frees itself after it. */
typedef void (*SpiceLinkKnown)(SpiceLink *link, int fd, guint32 connection, gpointer user);

SpiceLink *spice_link_new(int fd, SpiceLinkKnown known, gpointer user);
void spice_link_free(SpiceLink *link); /* gives up: closes, does not call */
