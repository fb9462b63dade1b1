/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/model/pool.h"
#include "broker/model/why.h"

/* Which host gets a new desktop: of those that are there, have the image ready and the memory free,
 * the one with its template ready, and then the one with the most free memory. */

/* What placement knows of one host; the strings are borrowed. */
typedef struct {
    const char *name;
    const char *problem;     /* why it is away; NULL while it is there */
    const char *image_state; /* of the pool's image there; NULL: it does not have it */
    gint64 memory_free_mib;  /* -1: it has not said yet */
    gint64 reserved_mib;     /* of that, for desktops that are starting */
    gboolean disk_full;      /* it keeps what is left for the desktops that are there */
    gboolean template_ready; /* what the pool's desktops are cloned from is there */
} PlacementHost;

/*
 * Returns the index of the chosen host, or -1 with a sentence for the user: ORIEL_ERROR_UNAVAILABLE
 * when the hosts are away, ORIEL_ERROR_BUSY when their memory is in use, ORIEL_ERROR_NO_SPACE
 * when their disks are full, ORIEL_ERROR_REFUSED when
 * none has the image. Each host's verdict goes into why. home: the host that has the user's volume,
 * the only one that will do; NULL: they have none.
 */
int placement_choose(const Pool *pool, const char *home, const PlacementHost *hosts, guint n_hosts,
                     Why *why, GError **error);
