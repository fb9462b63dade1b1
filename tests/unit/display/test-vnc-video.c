/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rfb-h264.h"
#include "vnc-desk.h"

#include <math.h>
#include <signal.h>

/* Video in a window of a desktop, and who watches it how. */

#define X      64
#define Y      48
#define WIDTH  400
#define HEIGHT 304

static int
begin(rfbClient *client, int quality)
{
    return rfb_h264_ask(client, quality);
}

static const VncViewerExtension extension = {begin, rfb_h264_clear};
static const VncViewerOptions h264 = {"tight", 8, 4, FALSE, &extension},
                              jpeg = {"tight", 6, 4, FALSE, NULL},
                              exact = {"tight", -1, 4, FALSE, NULL};

typedef struct {
    guint all, key;
} Pictures;

static void
count(rfbClient *client, gpointer user)
{
    Pictures *pictures = user;
    pictures->all = rfb_h264_pictures(client, &pictures->key);
}

typedef struct {
    VncViewer *viewer;
    Pictures pictures;
} Look;

static gboolean
has_looked(gpointer user)
{
    Look *look = user;
    return vnc_viewer_look(look->viewer, count, &look->pictures);
}

/* H.264 pictures that the viewer has decoded. */
static Pictures
pictures_of(VncDesk *desk, VncViewer *viewer)
{
    Look look = {.viewer = viewer};
    g_assert_true(vnc_desk_wait(has_looked, &look, 20));
    return look.pictures;
}

static void
paint(VncDesk *desk, guint time)
{
    guint32 noise = time + 1;
    for (int y = Y; y < Y + HEIGHT; y++)
        for (int x = X; x < X + WIDTH; x++) {
            double a = sin((x + (int)time * 13) / 23.0) + cos((y - (int)time * 7) / 31.0);
            noise = noise * 1664525 + 1013904223;
            desk->pixels[y * desk->width + x] =
                (guint32)((int)(128 + 55 * a) << 16 | (int)(120 + 50 * sin(a)) << 8 | (y & 0xff)) ^
                (noise >> 8 & 0x030303);
        }
    vnc_desk_show(desk, X, Y, WIDTH, HEIGHT);
}

typedef struct {
    VncDesk *desk;
    VncViewer *viewer;
    guint pictures;
    int distance;
} Wish;

static gboolean
is_near(gpointer user)
{
    Wish *wish = user;
    int distance = vnc_viewer_distance(wish->viewer, wish->desk->pixels, wish->desk->width, X, Y,
                                       WIDTH, HEIGHT);
    wish->distance = distance >= 0 ? distance : wish->distance;
    return (distance >= 0 && distance < 6 * 256) || vnc_viewer_failed(wish->viewer);
}

/* One more frame of the video, until the viewer shows it, not always exactly. */
static void
play(VncDesk *desk, VncViewer *viewer, guint time)
{
    Wish wish = {desk, viewer, 0, -1};
    paint(desk, time);
    if (!vnc_desk_wait(is_near, &wish, 20) || vnc_viewer_failed(viewer))
        g_error("frame %u: %d 256ths away%s", time, wish.distance,
                vnc_viewer_failed(viewer) ? ", connection lost" : "");
}

static VncDesk *
desk_new(void)
{
    VncDesk *desk = vnc_desk_new(640, 480);
    vnc_desk_paint(desk, 1);
    vnc_desk_show(desk, 0, 0, desk->width, desk->height);
    return desk;
}

/* Frames until the viewer has had so many pictures more: it may take a while until the video is
 * known for one, or a key frame is due. */
static guint
play_until(VncDesk *desk, VncViewer *viewer, guint time, guint more)
{
    guint wanted = pictures_of(desk, viewer).all + more;
    gint64 end = g_get_monotonic_time() + (gint64)(vnc_desk_patience() * 30e6);
    while (pictures_of(desk, viewer).all < wanted && g_get_monotonic_time() < end)
        play(desk, viewer, time++);
    g_assert_cmpuint(pictures_of(desk, viewer).all, >=, wanted);
    return time;
}

/* A client alone is sent one key frame and then what follows; when the video stands still, every
 * pixel. */
static void
test_alone(void)
{
    VncDesk *desk = desk_new();
    VncViewer *viewer = vnc_viewer_new(vnc_desk_connect(desk), &h264);
    vnc_desk_assert_shown(desk, viewer, "before");
    play_until(desk, viewer, 0, 25);
    g_assert_cmpuint(pictures_of(desk, viewer).key, <=, 3); /* one, but where the machine pauses */
    vnc_desk_assert_shown(desk, viewer, "settled");
    vnc_viewer_free(viewer);
    vnc_desk_free(desk);
}

/* One that comes late begins with a key frame, and each shows the same as the others; so does one
 * that stopped reading for a while, and those without H.264. */
static void
test_together(void)
{
    VncDesk *desk = desk_new();
    VncViewer *first = vnc_viewer_new(vnc_desk_connect(desk), &h264), *late, *old, *sharp;
    guint time;
    vnc_desk_assert_shown(desk, first, "first");
    time = play_until(desk, first, 0, 8);
    late = vnc_viewer_new(vnc_desk_connect(desk), &h264);
    old = vnc_viewer_new(vnc_desk_connect(desk), &jpeg);
    sharp = vnc_viewer_new(vnc_desk_connect(desk), &exact);
    time = play_until(desk, late, time, 8);
    g_assert_cmpuint(pictures_of(desk, late).key, >=, 1);
    play(desk, first, time++);
    play(desk, old, time++);
    vnc_viewer_pause(late, TRUE);
    time = play_until(desk, first, time, 8);
    vnc_viewer_pause(late, FALSE);
    time = play_until(desk, late, time, 8);
    vnc_desk_assert_shown(desk, first, "first, settled");
    vnc_desk_assert_shown(desk, late, "late, settled");
    vnc_desk_assert_shown(desk, old, "without H.264, settled");
    vnc_desk_assert_shown(desk, sharp, "lossless");
    vnc_viewer_free(first);
    play_until(desk, late, time, 8);
    vnc_desk_assert_shown(desk, late, "alone, settled");
    vnc_viewer_free(late);
    vnc_viewer_free(old);
    vnc_viewer_free(sharp);
    vnc_desk_free(desk);
}

/* The screen changes its size in the middle of a video. */
static void
test_resize(void)
{
    VncDesk *desk = desk_new();
    VncViewer *viewer = vnc_viewer_new(vnc_desk_connect(desk), &h264);
    const int sizes[][2] = {{1001, 613}, {640, 480}, {500, 353}};
    vnc_desk_assert_shown(desk, viewer, "before");
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        play_until(desk, viewer, 0, 4);
        vnc_desk_resize(desk, sizes[i][0], sizes[i][1]);
        vnc_desk_paint(desk, i);
        vnc_desk_show(desk, 0, 0, desk->width, desk->height);
        vnc_desk_assert_shown(desk, viewer, "another size");
    }
    vnc_viewer_free(viewer);
    vnc_desk_free(desk);
}

/* Clients go while pictures are made for them. */
static void
test_gone(void)
{
    VncDesk *desk = desk_new();
    VncViewer *stays = vnc_viewer_new(vnc_desk_connect(desk), &h264);
    vnc_desk_assert_shown(desk, stays, "before");
    for (guint round = 0; round < 6; round++) {
        VncViewer *goes = vnc_viewer_new(vnc_desk_connect(desk), &h264);
        vnc_desk_assert_shown(desk, goes, "goes");
        for (guint time = 0; time < 10; time++)
            play(desk, stays, time);
        paint(desk, 99);
        for (guint i = 0; i < round; i++)
            g_main_context_iteration(NULL, FALSE);
        vnc_viewer_free(goes);
    }
    play(desk, stays, 50);
    vnc_desk_assert_shown(desk, stays, "settled");
    paint(desk, 51);
    for (int i = 0; i < 3; i++)
        g_main_context_iteration(NULL, FALSE);
    vnc_desk_free(desk); /* in the middle */
    vnc_viewer_free(stays);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN); /* the client's library writes to servers that are gone */
    g_test_add_func("/vnc-video/alone", test_alone);
    g_test_add_func("/vnc-video/together", test_together);
    g_test_add_func("/vnc-video/resize", test_resize);
    g_test_add_func("/vnc-video/gone", test_gone);
    return g_test_run();
}
