/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Plays a recording through a running Xvnc (TigerVNC's X server) in lockstep: an X client that puts
 * the squares of 64x64 that differ in each frame, by shared memory, and the VNC client that they
 * must arrive at, in one program. What is measured is Xvnc's process, from outside.
 *
 *     bench-xvnc RECORDING WIDTH HEIGHT DISPLAY PID SOCKET ENCODINGS QUALITY COMPRESS [judge]
 *
 * Says one line of JSON at the end, counted as oriel-display's --stats-json is.
 */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <time.h>

#include <X11/Xlib.h>
#include <X11/Xutil.h>

#include <X11/extensions/XShm.h>

#define SQUARE 64

typedef struct {
    const Recording *recording;
    pixman_region32_t *damage; /* one a frame */
    Display *display;
    Window window;
    GC gc;
    XShmSegmentInfo segment;
    XImage *image;
    clockid_t clock; /* Xvnc's processor time */
    Viewer *viewer;
    Judge *judge;              /* NULL: not asked for */
    pixman_region32_t missing; /* what was drawn and has not come */
} Peer;

static double
seconds(clockid_t clock)
{
    struct timespec time = {0};
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static gboolean
open_screen(Peer *peer, const char *name)
{
    int width = recording_width(peer->recording), height = recording_height(peer->recording);
    XSetWindowAttributes attributes = {.override_redirect = True};
    if (!(peer->display = XOpenDisplay(name)) || !XShmQueryExtension(peer->display))
        return FALSE;
    peer->window = XCreateWindow(peer->display, DefaultRootWindow(peer->display), 0, 0,
                                 (unsigned)width, (unsigned)height, 0, 24, InputOutput,
                                 CopyFromParent, CWOverrideRedirect, &attributes);
    peer->gc = XCreateGC(peer->display, peer->window, 0, NULL);
    peer->image = XShmCreateImage(peer->display, NULL, 24, ZPixmap, NULL, &peer->segment,
                                  (unsigned)width, (unsigned)height);
    if (!peer->image || peer->image->bytes_per_line != width * 4)
        return FALSE;
    peer->segment.shmid = shmget(IPC_PRIVATE, (size_t)(width * height) * 4, IPC_CREAT | 0600);
    peer->image->data = peer->segment.shmaddr = shmat(peer->segment.shmid, NULL, 0);
    XShmAttach(peer->display, &peer->segment);
    XMapRaised(peer->display, peer->window);
    XSync(peer->display, False);
    shmctl(peer->segment.shmid, IPC_RMID, NULL);
    return TRUE;
}

static void
on_rectangle(int x, int y, int w, int h, gpointer user)
{
    Peer *peer = user;
    pixman_region32_t came;
    pixman_region32_init_rect(&came, x, y, (unsigned)w, (unsigned)h);
    pixman_region32_subtract(&peer->missing, &peer->missing, &came);
    pixman_region32_fini(&came);
}

static void
on_updated(gpointer user)
{
    Peer *peer = user;
    if (peer->judge)
        judge_updated(peer->judge);
}

static const ViewerEvents events = {on_rectangle, on_updated};

static gboolean
show(Peer *peer, guint number)
{
    int width = recording_width(peer->recording), n;
    const guint32 *from = recording_frame(peer->recording, number);
    guint32 *to = (guint32 *)(void *)peer->image->data;
    const pixman_box32_t *box = pixman_region32_rectangles(&peer->damage[number], &n);
    for (int i = 0; i < n; i++) {
        int w = box[i].x2 - box[i].x1;
        for (int y = box[i].y1; y < box[i].y2; y++)
            memcpy(to + y * width + box[i].x1, from + y * width + box[i].x1, (gsize)w * sizeof *to);
        XShmPutImage(peer->display, peer->window, peer->gc, peer->image, box[i].x1, box[i].y1,
                     box[i].x1, box[i].y1, (unsigned)w, (unsigned)(box[i].y2 - box[i].y1), False);
    }
    XSync(peer->display, False);
    pixman_region32_copy(&peer->missing, &peer->damage[number]);
    while (pixman_region32_not_empty(&peer->missing))
        if (!viewer_step(peer->viewer, 1000))
            return FALSE;
    return TRUE;
}

/* Everything there was before is over: nothing came for a while. */
static void
quiet(Peer *peer)
{
    guint64 before;
    do {
        before = viewer_bytes(peer->viewer);
        viewer_step(peer->viewer, 300);
    } while (viewer_bytes(peer->viewer) != before);
}

static json_t *
play(Peer *peer)
{
    quiet(peer);
    double cpu = seconds(peer->clock), wall = seconds(CLOCK_MONOTONIC), first = 0;
    guint64 bytes = viewer_bytes(peer->viewer), first_bytes = 0;
    gboolean good = TRUE;
    for (guint i = 0; good && i < recording_frames(peer->recording); i++) {
        good = show(peer, i);
        first = i ? first : seconds(peer->clock) - cpu;
        first_bytes = i ? first_bytes : viewer_bytes(peer->viewer) - bytes;
    }
    return json_pack("{s:f, s:f, s:f, s:I, s:I, s:b}", "cpu_seconds", seconds(peer->clock) - cpu,
                     "cpu_seconds_first", first, "wall_seconds", seconds(CLOCK_MONOTONIC) - wall,
                     "bytes", (json_int_t)(viewer_bytes(peer->viewer) - bytes), "bytes_first",
                     (json_int_t)first_bytes, "settled", good);
}

static gboolean
prepare(Peer *peer, char **argv, gboolean judged)
{
    guint frames = recording_frames(peer->recording);
    ViewerSettings settings = {
        .encodings = argv[7], .quality = atoi(argv[8]), .compress = atoi(argv[9])};
    peer->damage = g_new(pixman_region32_t, frames);
    for (guint i = 0; i < frames; i++) {
        pixman_region32_init(&peer->damage[i]);
        recording_damage(peer->recording, i, SQUARE, &peer->damage[i]);
    }
    pixman_region32_init(&peer->missing);
    if (!open_screen(peer, argv[4]) || clock_getcpuclockid(atoi(argv[5]), &peer->clock) ||
        !(peer->viewer = viewer_new(argv[6], &settings)))
        return FALSE;
    peer->judge = judged ? judge_new(peer->recording, peer->viewer) : NULL;
    viewer_watch(peer->viewer, &events, peer);
    return TRUE;
}

int
main(int argc, char **argv)
{
    Recording *recording =
        argc >= 10 ? recording_open(argv[1], atoi(argv[2]), atoi(argv[3])) : NULL;
    Peer peer = {.recording = recording};
    if (!recording || !prepare(&peer, argv, argc > 10)) {
        fprintf(stderr, "bench-xvnc: the recording, Xvnc or its socket is not there.\n");
        return 1;
    }
    json_t *object = play(&peer);
    if (peer.judge) {
        json_t *judged = judge_verdict(peer.judge);
        json_object_update(object, judged);
        json_decref(judged);
    }
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
    judge_free(peer.judge);
    viewer_free(peer.viewer);
    XCloseDisplay(peer.display);
    return 0;
}
