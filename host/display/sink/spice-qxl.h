/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "spice-commands.h"
#include "spice-core.h"

/*
 * The screen of one SPICE viewer: the QXL interface towards libspice-server, whose worker thread
 * fetches our commands.
 *
 * A viewer that is slower than the guest gets fewer, newer frames: what it cannot take now is only
 * remembered as a region, and its pixels are taken from the frame once there is room. Main thread
 * only, but for the worker's callbacks.
 */

/* A frame's operations with the pixels that they draw; made once for all viewers. */
typedef struct {
    PlanOp op;
    Bitmap *bitmap; /* NULL for COPY and FILL */
} Drawing;

typedef struct QxlScreen QxlScreen;

typedef struct {
    void (*resize)(int width, int height, gpointer user); /* the viewer's window has this size */
    void (*room)(gpointer user);                          /* ready again, after it was not */
} QxlScreenEvents;

/* scope is the server's. frame: what to begin with; NULL: nothing yet. */
QxlScreen *qxl_screen_new(SpiceServer *server, SpiceScope *scope, const Frame *frame,
                          const QxlScreenEvents *events, gpointer user);
/* After spice_server_destroy(): then no callback comes any more. */
void qxl_screen_free(QxlScreen *screen);

/* The frame (read again later, see SinkType.present) has changed in its damage, and drawings (in
 * order) say how; none: its pixels do. */
void qxl_screen_update(QxlScreen *screen, const Frame *frame, const Drawing *drawings,
                       guint n_drawings);
void qxl_screen_cursor(QxlScreen *screen, Cursor *cursor); /* NULL hides it */
gboolean qxl_screen_ready(QxlScreen *screen); /* can take a frame; if not, room() follows */
