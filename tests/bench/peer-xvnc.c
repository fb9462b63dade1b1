/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Plays a recording through a running Xvnc (TigerVNC's X server) in lockstep: an X client that puts
 * the squares of 64x64 that differ in each frame, by shared memory.
 *
 *     bench-xvnc RECORDING WIDTH HEIGHT DISPLAY PID SOCKET ENCODINGS QUALITY COMPRESS [judge]
 */
#include "outside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include <X11/Xlib.h>
#include <X11/Xutil.h>

#include <X11/extensions/XShm.h>

typedef struct {
    const Recording *recording;
    Display *display;
    Window window;
    GC gc;
    XShmSegmentInfo segment;
    XImage *image;
} Drawing;

static gboolean
open_screen(Drawing *screen, const char *name)
{
    int width = recording_width(screen->recording), height = recording_height(screen->recording);
    XSetWindowAttributes attributes = {.override_redirect = True};
    if (!(screen->display = XOpenDisplay(name)) || !XShmQueryExtension(screen->display))
        return FALSE;
    screen->window = XCreateWindow(screen->display, DefaultRootWindow(screen->display), 0, 0,
                                   (unsigned)width, (unsigned)height, 0, 24, InputOutput,
                                   CopyFromParent, CWOverrideRedirect, &attributes);
    screen->gc = XCreateGC(screen->display, screen->window, 0, NULL);
    screen->image = XShmCreateImage(screen->display, NULL, 24, ZPixmap, NULL, &screen->segment,
                                    (unsigned)width, (unsigned)height);
    if (!screen->image || screen->image->bytes_per_line != width * 4)
        return FALSE;
    screen->segment.shmid = shmget(IPC_PRIVATE, (size_t)(width * height) * 4, IPC_CREAT | 0600);
    screen->image->data = screen->segment.shmaddr = shmat(screen->segment.shmid, NULL, 0);
    XShmAttach(screen->display, &screen->segment);
    XMapRaised(screen->display, screen->window);
    XSync(screen->display, False);
    shmctl(screen->segment.shmid, IPC_RMID, NULL);
    return TRUE;
}

static void
draw(guint number, const pixman_region32_t *damage, gpointer user)
{
    Drawing *screen = user;
    int width = recording_width(screen->recording), n;
    guint32 *to = (guint32 *)(void *)screen->image->data;
    const pixman_box32_t *box = pixman_region32_rectangles((pixman_region32_t *)damage, &n);
    for (int i = 0; i < n; i++) {
        int w = box[i].x2 - box[i].x1;
        recording_copy(screen->recording, number, &box[i], to, width);
        XShmPutImage(screen->display, screen->window, screen->gc, screen->image, box[i].x1,
                     box[i].y1, box[i].x1, box[i].y1, (unsigned)w,
                     (unsigned)(box[i].y2 - box[i].y1), False);
    }
    XSync(screen->display, False);
}

int
main(int argc, char **argv)
{
    Recording *recording =
        argc >= 10 ? recording_open(argv[1], atoi(argv[2]), atoi(argv[3])) : NULL;
    Drawing screen = {.recording = recording};
    if (!recording || !open_screen(&screen, argv[4])) {
        fprintf(stderr, "bench-xvnc: the recording or Xvnc is not there.\n");
        return 1;
    }
    OutsideWork work = {
        .recording = recording,
        .pid = atoi(argv[5]),
        .socket = argv[6],
        .settings = {.encodings = argv[7], .quality = atoi(argv[8]), .compress = atoi(argv[9])},
        .judged = argc > 10};
    gboolean played = outside_play(&work, draw, &screen);
    XCloseDisplay(screen.display);
    recording_free(recording);
    return played ? 0 : 1;
}
