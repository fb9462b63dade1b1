/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "outside.h"

#include <stdio.h>
#include <time.h>

#define SQUARE   64
#define QUIET_MS 400
#define START_US (20 * G_USEC_PER_SEC)

typedef struct {
    const OutsideWork *work;
    pixman_region32_t *damage; /* one a frame */
    clockid_t clock;           /* the server's processor time */
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

static void
miss_all(Peer *peer)
{
    pixman_region32_union_rect(&peer->missing, &peer->missing, 0, 0,
                               (unsigned)recording_width(peer->work->recording),
                               (unsigned)recording_height(peer->work->recording));
}

/* Black all over: what there was before the first frame comes again from a server that was asked
 * for it twice. */
static gboolean
is_blank(const Viewer *viewer)
{
    gsize n = (gsize)viewer_width(viewer) * (gsize)viewer_height(viewer);
    for (gsize i = 0; i < n; i++)
        if (viewer_pixels(viewer)[i] & 0xffffff)
            return FALSE;
    return TRUE;
}

/* The screen as it was before has come, and all of it, and then nothing more for a while. */
static gboolean
quiet(Peer *peer)
{
    gint64 end = g_get_monotonic_time() + START_US;
    guint64 before;
    miss_all(peer);
    do {
        before = viewer_bytes(peer->viewer);
        if (g_get_monotonic_time() > end || !viewer_step(peer->viewer, QUIET_MS))
            return FALSE;
    } while (pixman_region32_not_empty(&peer->missing) || viewer_bytes(peer->viewer) != before);
    return TRUE;
}

/* A server that compares may leave out parts of the squares that are as they were. */
static void
forget_unchanged(Peer *peer, guint number)
{
    pixman_region32_t left;
    int n;
    const pixman_box32_t *box = pixman_region32_rectangles(&peer->missing, &n);
    pixman_region32_init(&left);
    for (int i = 0; i < n; i++)
        if (recording_differs(peer->work->recording, number, &box[i]))
            pixman_region32_union_rect(&left, &left, box[i].x1, box[i].y1,
                                       (unsigned)(box[i].x2 - box[i].x1),
                                       (unsigned)(box[i].y2 - box[i].y1));
    pixman_region32_copy(&peer->missing, &left);
    pixman_region32_fini(&left);
}

static gboolean
arrive(Peer *peer, guint number)
{
    while (pixman_region32_not_empty(&peer->missing)) {
        if (!viewer_step(peer->viewer, 1000))
            return FALSE;
        if (!viewer_has_more(peer->viewer))
            forget_unchanged(peer, number);
        if (number == 0 && !pixman_region32_not_empty(&peer->missing) && is_blank(peer->viewer))
            miss_all(peer);
    }
    return TRUE;
}

static json_t *
play(Peer *peer, OutsideDraw draw, gpointer user)
{
    gboolean good = quiet(peer);
    double cpu = seconds(peer->clock), wall = seconds(CLOCK_MONOTONIC), first = 0;
    guint64 bytes = viewer_bytes(peer->viewer), first_bytes = 0;
    for (guint i = 0; good && i < recording_frames(peer->work->recording); i++) {
        draw(i, &peer->damage[i], user);
        pixman_region32_copy(&peer->missing, &peer->damage[i]);
        good = arrive(peer, i);
        first = i ? first : seconds(peer->clock) - cpu;
        first_bytes = i ? first_bytes : viewer_bytes(peer->viewer) - bytes;
    }
    return json_pack("{s:f, s:f, s:f, s:I, s:I, s:b}", "cpu_seconds", seconds(peer->clock) - cpu,
                     "cpu_seconds_first", first, "wall_seconds", seconds(CLOCK_MONOTONIC) - wall,
                     "bytes", (json_int_t)(viewer_bytes(peer->viewer) - bytes), "bytes_first",
                     (json_int_t)first_bytes, "settled", good);
}

static void
say(Peer *peer, json_t *object)
{
    if (peer->judge) {
        json_t *judged = judge_verdict(peer->judge);
        json_object_update(object, judged);
        json_decref(judged);
    }
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
}

static void
find_damage(Peer *peer)
{
    guint frames = recording_frames(peer->work->recording);
    peer->damage = g_new(pixman_region32_t, frames);
    for (guint i = 0; i < frames; i++) {
        pixman_region32_init(&peer->damage[i]);
        recording_damage(peer->work->recording, i, SQUARE, &peer->damage[i]);
    }
}

gboolean
outside_play(const OutsideWork *work, OutsideDraw draw, gpointer user)
{
    Peer peer = {.work = work};
    if (clock_getcpuclockid(work->pid, &peer.clock) ||
        !(peer.viewer = viewer_new(work->socket, &work->settings)))
        return FALSE;
    find_damage(&peer);
    pixman_region32_init(&peer.missing);
    peer.judge = work->judged ? judge_new(work->recording, peer.viewer) : NULL;
    viewer_watch(peer.viewer, &events, &peer);
    json_t *object = play(&peer, draw, user);
    say(&peer, object);
    json_decref(object);
    judge_free(peer.judge);
    viewer_free(peer.viewer);
    for (guint i = 0; i < recording_frames(work->recording); i++)
        pixman_region32_fini(&peer.damage[i]);
    g_free(peer.damage);
    pixman_region32_fini(&peer.missing);
    return TRUE;
}
