/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sink.h"
#include "spice-commands.h"
#include "spice-core.h"

/*
 * The screen of one SPICE viewer: which commands its device (spice-device.h) is given, and when.
 *
 * A viewer that is slower than the guest gets fewer, newer frames: what it cannot take now is only
 * remembered as a region, and its pixels are taken from the next frame that comes when there is
 * room. It has room when libspice-server has taken up everything and the client's connections have
 * taken what was sent; what it holds is bounded by bytes and commands all the same. The
 * worker and the connections tell when that changes. Main thread only.
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
    /* What was sent is not taken: for how long nothing was, in µs; 0: it is. If not,
     * qxl_screen_drained() follows when it is. */
    gint64 (*clogged_us)(gpointer user);
} QxlScreenEvents;

/* scope is the server's. frame: what to begin with; NULL: nothing yet. */
QxlScreen *qxl_screen_new(SpiceServer *server, SpiceScope *scope, BitmapPool *bitmaps,
                          const Frame *frame, const QxlScreenEvents *events, gpointer user);
/* After spice_server_destroy(): then no callback comes any more. */
void qxl_screen_free(QxlScreen *screen);

/* The frame (read again later, see SinkType.present) has changed in its damage, and drawings say
 * how, in order. Not planned: its pixels do. */
void qxl_screen_update(QxlScreen *screen, const Frame *frame, gboolean planned,
                       const Drawing *drawings, guint n_drawings);
void qxl_screen_cursor(QxlScreen *screen, Cursor *cursor); /* NULL hides it */
gboolean qxl_screen_ready(QxlScreen *screen); /* can take a frame; if not, room() follows */
void qxl_screen_drained(QxlScreen *screen);
/* libspice-server compresses with loss: what must be exact has to be drawn so. */
void qxl_screen_slow_link(QxlScreen *screen);
/* How far the viewer is, as far as this side knows: libspice-server has a queue of its own. */
SinkProgress qxl_screen_progress(QxlScreen *screen);

typedef struct {
    guint64 drawn, merged; /* frames; and those that only made a later one larger */
    gboolean slow_link, video;
} QxlScreenStats;

void qxl_screen_stats(const QxlScreen *screen, QxlScreenStats *stats);
