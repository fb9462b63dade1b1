/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../stats.h"
#include "sink.h"
#include "spice-qxl.h"

/*
 * One SPICE viewer with a SPICE server of its own: libspice-server serves one client well, and
 * drops it for the next. So each viewer has its own pace, agent and sound, and one that is slow or
 * hostile holds up nobody else. At 1920x1080 one takes 25 MB of memory; two viewers of the same
 * screen took 1.3 times the processor time of one, four 1.9 times: bitmaps are shared, but each
 * server compresses for itself. Main thread only.
 *
 * Compression is chosen by the link. Four recordings of 1920x1080 (terminal, page, dragged window,
 * other screens) in lockstep with a spice-gtk client, processor time of the whole display and
 * bytes:
 *
 *               AUTO_GLZ       AUTO_LZ        QUIC           LZ4            OFF
 *     scroll    0.24 s  0.7 MB 0.23 s  1.0 MB 0.27 s  2.2 MB 0.22 s  1.2 MB 0.23 s   21 MB
 *     doc       0.35 s  2.9 MB 0.32 s  3.6 MB 0.37 s  7.1 MB 0.28 s  6.9 MB 0.23 s   33 MB
 *     drag      0.37 s  4.5 MB 0.33 s  5.4 MB 0.37 s  4.5 MB 0.27 s  9.8 MB 0.24 s   30 MB
 *     switch    0.21 s  4.3 MB 0.22 s  4.9 MB 0.23 s  6.1 MB 0.14 s   12 MB 0.09 s   37 MB
 *
 * So AUTO_LZ it is on a fast link, AUTO_GLZ (with zlib, and JPEG for photographs) on a slow one.
 * Video is MJPEG by libspice-server's own encoder: GStreamer's VP8 took 1.1 times the time for 1.9
 * times the bytes on a fast link, and 1.7 times the time for fewer frames on a slow one.
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

QxlScreen *spice_viewer_screen(SpiceViewer *viewer);
SinkProgress spice_viewer_progress(SpiceViewer *viewer);
void spice_viewer_stats(SpiceViewer *viewer, ClientStats *stats);
void spice_viewer_leds(SpiceViewer *viewer, guint leds);
void spice_viewer_sound_start(SpiceViewer *viewer, guint rate);
void spice_viewer_sound(SpiceViewer *viewer, const gint16 *samples, gsize frames);
void spice_viewer_sound_stop(SpiceViewer *viewer);
void spice_viewer_sound_volume(SpiceViewer *viewer, gboolean mute, guint16 left, guint16 right);
