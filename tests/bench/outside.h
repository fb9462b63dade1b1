/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "judge.h"

/*
 * A server in a process of its own that shows what we draw, and the VNC client that it must arrive
 * at: plays a recording in lockstep, and counts that process' time from outside. One at a time in a
 * process; any one thread.
 */

typedef struct {
    const Recording *recording;
    pid_t pid;
    const char *socket; /* where it listens for VNC */
    ViewerSettings settings;
    gboolean judged;
} OutsideWork;

/* Draws a frame's damage; returns when the server can see all of it. */
typedef void (*OutsideDraw)(guint number, const pixman_region32_t *damage, gpointer user);

/* Plays, and says on standard output one line of JSON, counted as oriel-display's --stats-json is.
 * FALSE: the server is not there. */
gboolean outside_play(const OutsideWork *work, OutsideDraw draw, gpointer user);
