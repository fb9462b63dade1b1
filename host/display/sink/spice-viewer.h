/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../stats.h"
#include "sink.h"
#include "spice-qxl.h"

/*
 * One SPICE viewer with a SPICE server of its own: libspice-server serves one client well, and
 * drops it for the next. So each viewer has its own pace, agent and sound, and one that is slow or
 * hostile holds up nobody else. Main thread only.
 */

typedef struct SpiceViewer SpiceViewer;

typedef struct {
    void (*gone)(SpiceViewer *viewer,
                 gpointer user);    /* all connections have ended: free it; from the main loop */
    void (*changed)(gpointer user); /* it has become, or stopped to be, a client in full */
} SpiceViewerEvents;

/* context outlives the viewer; frame as in qxl_screen_new(). NULL when libspice-server does not
 * start. */
SpiceViewer *spice_viewer_new(const SinkContext *context, BitmapPool *bitmaps, const Frame *frame,
                              const SpiceViewerEvents *events, gpointer user);
void spice_viewer_free(SpiceViewer *viewer);

/* A connection of this viewer; takes the descriptor over in any case. */
gboolean spice_viewer_add(SpiceViewer *viewer, int fd, GError **error);
/* The number that the server gave it; 0 while its main channel is not up. */
guint32 spice_viewer_connection(const SpiceViewer *viewer);
void spice_viewer_disconnect(SpiceViewer *viewer); /* gone() follows */

QxlScreen *spice_viewer_screen(SpiceViewer *viewer);
SinkProgress spice_viewer_progress(SpiceViewer *viewer);
void spice_viewer_stats(SpiceViewer *viewer, ClientStats *stats);
void spice_viewer_leds(SpiceViewer *viewer, guint leds);
void spice_viewer_sound_start(SpiceViewer *viewer, guint rate);
void spice_viewer_sound(SpiceViewer *viewer, const gint16 *samples, gsize frames);
void spice_viewer_sound_stop(SpiceViewer *viewer);
void spice_viewer_sound_volume(SpiceViewer *viewer, gboolean mute, guint16 left, guint16 right);
