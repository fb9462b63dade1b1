/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "pipeline.h"
#include "sink/sink.h"
#include "vnc-viewer.h"

/* A desktop without a guest: a surface that the test paints, the pipeline, and the VNC sink. */
typedef struct {
    Surface *surface;
    Pipeline *pipeline;
    Sink *sink;
    Input *input;
    Clipboard *clipboard;
    guint32 *pixels; /* what is on the screen */
    int width, height;
    GString *keys; /* what input said: "+1e -1e @10,20 b0+" … */
    int wished_width, wished_height;
} VncDesk;

VncDesk *vnc_desk_new(int width, int height);
void vnc_desk_free(VncDesk *desk);
void vnc_desk_resize(VncDesk *desk, int width, int height);
/* Paints something of everything: text, solid areas, gradients, noise; another picture for each
 * seed. */
void vnc_desk_paint(VncDesk *desk, guint seed);
#define VNC_DESK_CONTENTS 6
/* The whole desk with one kind of content: noise, gradients, few and many colours. */
void vnc_desk_paint_all(VncDesk *desk, int content);
/* Shows pixels x, y, w, h of desk->pixels on the surface. */
void vnc_desk_show(VncDesk *desk, int x, int y, int w, int h);
int vnc_desk_connect(VncDesk *desk); /* the client's end */
double vnc_desk_patience(void); /* a factor on deadlines: programs under a sanitizer take longer */
/* Runs the main loop until condition, at most seconds; TRUE when it came. */
gboolean vnc_desk_wait(gboolean (*condition)(gpointer user), gpointer user, double seconds);
/* Waits until the viewer shows every pixel. */
void vnc_desk_assert_shown(VncDesk *desk, VncViewer *viewer, const char *what);
