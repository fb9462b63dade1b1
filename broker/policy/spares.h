/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* How many desktops of a pool should wait for users: as many as were lately asked for within a
 * minute, and never fewer than the pool says, as far as its bound and its hosts allow. Pure. */

/* How far back demand is looked at. */
#define SPARES_MEMORY_SECONDS (30 * 60)

typedef struct {
    gint64 minimum; /* the pool's "spares"; 0: it wants none, whatever the demand */
    gint64 peak;    /* most starts within one minute of the last SPARES_MEMORY_SECONDS */
    gint64 maximum; /* the pool's bound on desktops; 0: none */
    gint64 in_use;  /* its desktops that are somebody's */
    gint64 spares;  /* that there are */
    gint64 fits;    /* how many more desktops its hosts say they hold; -1: they do not say */
} SpareFacts;

gint64 spares_wanted(const SpareFacts *facts);
