/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * A stock VNC client for measurements: libvncclient, which asks, decodes and asks again. It counts
 * bytes as it reads them, and can keep a copy of its picture after every update, to be judged when
 * the clock no longer runs. One at a time in a process; any one thread.
 */

typedef struct Viewer Viewer;

typedef struct {
    const char *encodings; /* as in "tight copyrect" */
    int quality;           /* 0…9; -1: no JPEG */
    int compress;          /* 0…9 */
    gboolean fences;       /* has Fence and ContinuousUpdates, as TigerVNC's viewer and noVNC do */
} ViewerSettings;

/* Connects to a Unix socket (an absolute path) and reads until the handshake is done. NULL: no
 * server. */
Viewer *viewer_new(const char *path, const ViewerSettings *settings);
void viewer_free(Viewer *viewer);

typedef struct {
    void (*rectangle)(int x, int y, int w, int h, gpointer user); /* of pixels, has come */
    void (*updated)(gpointer user);                               /* an update is complete */
} ViewerEvents;

/* Members may be NULL. */
void viewer_watch(Viewer *viewer, const ViewerEvents *events, gpointer user);
int viewer_fd(const Viewer *viewer);
/* Waits for at most so long, and takes one message where one came. FALSE: the connection has ended.
 */
gboolean viewer_step(Viewer *viewer, guint milliseconds);
gboolean viewer_has_more(const Viewer *viewer); /* read from the socket, and not taken yet */
void viewer_key(Viewer *viewer, guint32 keysym, gboolean down);

guint64 viewer_bytes(const Viewer *viewer);   /* received, ever */
guint64 viewer_updates(const Viewer *viewer); /* ever */
int viewer_width(const Viewer *viewer);
int viewer_height(const Viewer *viewer);
const guint32 *viewer_pixels(const Viewer *viewer);
