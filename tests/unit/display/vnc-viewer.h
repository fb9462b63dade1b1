/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "encode/pixel-format.h"

/* A stock VNC client (libvncclient) on a thread of its own, for tests. */

typedef struct VncViewer VncViewer;
struct _rfbClient; /* libvncclient's */

/* What a client can that libvncclient cannot by itself. On the client's thread. */
typedef struct {
    int (*begin)(struct _rfbClient *client, int quality); /* after its encodings; 0: failed */
    void (*end)(struct _rfbClient *client);
} VncViewerExtension;

typedef struct {
    const char *encodings;               /* "tight", "zrle zlib", …: libvncclient's names */
    int quality;                         /* 0 to 9; -1: lossless */
    int bytes;                           /* a pixel: 1, 2 or 4 */
    gboolean reversed;                   /* red and blue change places */
    const VncViewerExtension *extension; /* NULL: none */
} VncViewerOptions;

/* fd: connected to the server; taken over. */
VncViewer *vnc_viewer_new(int fd, const VncViewerOptions *options);
void vnc_viewer_free(VncViewer *viewer); /* disconnects */
/* A row that differs from what the client should show, looked for from this one on and then from
 * the top; height: there is none; -1 while the size is another or nothing came yet. */
int vnc_viewer_wrong_row(VncViewer *viewer, const guint32 *pixels, int stride, int width,
                         int height, int from);
/* What screen_hash() says of the viewer's picture (four bytes a pixel); NULL while it is busy. */
char *vnc_viewer_hash(VncViewer *viewer);
/* How far a picture of four bytes a pixel is from what it should be: the mean difference of a
 * channel in a rectangle, in 256ths; -1 as above. */
int vnc_viewer_distance(VncViewer *viewer, const guint32 *pixels, int stride, int x, int y,
                        int width, int height);
/* Calls look while the client stands still. FALSE: it does not, and may wait for the caller. */
gboolean vnc_viewer_look(VncViewer *viewer, void (*look)(struct _rfbClient *client, gpointer user),
                         gpointer user);
gboolean vnc_viewer_failed(VncViewer *viewer); /* its connection ended by itself */
/* From the test's thread, queued for the client's. */
void vnc_viewer_key(VncViewer *viewer, guint32 keysym, gboolean down);
void vnc_viewer_pointer(VncViewer *viewer, int x, int y, int buttons);
void vnc_viewer_cut_text(VncViewer *viewer, const char *text);
char *vnc_viewer_cut_text_received(VncViewer *viewer); /* a copy, or NULL */
/* Stops reading, and goes on. */
/* From now on these, as in the options; what is under way comes in the old ones. */
void vnc_viewer_encodings(VncViewer *viewer, const char *encodings, int quality);
void vnc_viewer_pause(VncViewer *viewer, gboolean pause);
