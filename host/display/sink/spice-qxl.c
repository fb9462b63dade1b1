/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-qxl.h"

#include "region.h"
#include "sink/lossy.h"
#include "sink/spice-device.h"
#include "sink/spice-video.h"

#define MAX_MISSED     64                   /* rectangles */
#define SHARPEN_PIXELS (256 << 10)          /* at a time: new changes come in between */
#define STALLED_US     (2 * G_USEC_PER_SEC) /* a client that took nothing for so long gets no video */

struct QxlScreen {
    SpiceScope *scope;
    const Frame *frame; /* NULL before the first */
    const QxlScreenEvents *events;
    gpointer user;

    QxlDevice *device;
    gboolean behind; /* missed is not empty, or there is another size */
    pixman_region32_t missed;
    SpiceVideo video;
    Lossy *lossy; /* what went out as video, or as JPEG */
    gboolean slow_link;
    guint64 drawn, merged; /* frames */
    QxlCommandPool *pool;
    BitmapPool *bitmaps;
    Cursor *cursor; /* NULL: hidden; known again whenever there is a new surface */
};

/* Where there is none, room() or qxl_screen_drained() follows. */
static gboolean
has_room(QxlScreen *screen)
{
    return qxl_device_has_room(screen->device) && screen->events->clogged_us(screen->user) == 0;
}

static void
send_drawing(QxlScreen *screen, const PlanOp *op, Bitmap *bitmap, QxlDrawMode mode)
{
    qxl_device_draw(screen->device, qxl_command_draw(screen->pool, op, bitmap, mode));
}

/* How an image has to be drawn that the viewer is to have without loss. */
static QxlDrawMode
exactly(const QxlScreen *screen)
{
    return screen->slow_link ? QXL_DRAW_EXACT : QXL_DRAW_ANYHOW;
}

static void
draw_video(QxlScreen *screen, const PlanOp *op, Bitmap *bitmap)
{
    guint times = spice_video_draw(&screen->video, op, g_get_monotonic_time());
    while (times-- > 0)
        send_drawing(screen, op, bitmap, QXL_DRAW_STREAM);
}

static void
draw(QxlScreen *screen, const PlanOp *op, Bitmap *bitmap)
{
    const pixman_box32_t box = {op->x, op->y, op->x + op->width, op->y + op->height};
    gboolean lossy = op->kind == PLAN_VIDEO || (op->kind == PLAN_LOSSY && screen->slow_link);
    if (op->kind == PLAN_VIDEO)
        draw_video(screen, op, bitmap);
    else
        send_drawing(screen, op, bitmap, lossy ? QXL_DRAW_ANYHOW : exactly(screen));
    if (op->kind == PLAN_COPY)
        lossy_displace(screen->lossy, &box, op->x - op->copy.src_x, op->y - op->copy.src_y);
    else
        lossy_sent(screen->lossy, &box, lossy);
}

/* With the pixels of the frame. */
static void
draw_pixels(QxlScreen *screen, const PlanOp *op)
{
    const Frame *frame = screen->frame;
    Bitmap *bitmap = bitmap_new(screen->bitmaps, frame->pixels, frame->stride, op->x, op->y,
                                op->width, op->height);
    draw(screen, op, bitmap);
    bitmap_unref(bitmap);
}

/* Remembers the frame's damage, clipped and with a bounded number of rectangles, for when there is
 * room. */
static void
fall_behind(QxlScreen *screen)
{
    const Frame *frame = screen->frame;
    pixman_region32_union(&screen->missed, &screen->missed, &frame->damage);
    region_bound(&screen->missed, MAX_MISSED);
    pixman_region32_intersect_rect(&screen->missed, &screen->missed, 0, 0, (guint)frame->width,
                                   (guint)frame->height);
    screen->behind = TRUE;
}

static void
create_surface(QxlScreen *screen)
{
    const Frame *frame = screen->frame;
    if (!frame)
        return;
    pixman_region32_clear(&screen->missed);
    screen->behind = FALSE;
    /* What the frame has and no plan has told yet: the next plan must not stand on it. */
    if (!region_is_empty(&frame->damage))
        fall_behind(screen);
    spice_video_clear(&screen->video);
    lossy_clear(screen->lossy);
    qxl_device_create_surface(screen->device, frame);
}

/* A viewer forgets the cursor with the surface, and takes one only while there is a surface. */
static void
push_cursor(QxlScreen *screen)
{
    qxl_device_set_cursor(screen->device, qxl_command_cursor(screen->pool, screen->cursor));
}

static gboolean
is_up(const QxlScreen *screen)
{
    return qxl_device_surface(screen->device) == SURFACE_UP;
}

static gboolean
size_differs(const QxlScreen *screen)
{
    return !qxl_device_fits(screen->device, screen->frame);
}

/* Draws what was missed, when there is room: what is video as such, the rest as images. */
static void
catch_up(QxlScreen *screen)
{
    PlanOp videos[SPICE_VIDEO_AREAS];
    if (!is_up(screen) || !has_room(screen))
        return;
    if (size_differs(screen)) {
        qxl_device_destroy_surface(screen->device);
        return;
    }
    guint n_videos =
        spice_video_take(&screen->video, &screen->missed, g_get_monotonic_time(), videos);
    int n_boxes;
    const pixman_box32_t *boxes = region_boxes(&screen->missed, &n_boxes);
    for (int i = 0; i < n_boxes; i++)
        draw_pixels(screen, &(PlanOp){.kind = PLAN_RAW,
                                      .x = boxes[i].x1,
                                      .y = boxes[i].y1,
                                      .width = boxes[i].x2 - boxes[i].x1,
                                      .height = boxes[i].y2 - boxes[i].y1});
    for (guint i = 0; i < n_videos; i++)
        draw_pixels(screen, &videos[i]);
    pixman_region32_clear(&screen->missed);
    screen->behind = FALSE;
    qxl_device_wake(screen->device);
}

/* What is drawn over a video keeps later frames of the stream away, but not when it is just what is
 * left of the video: then libspice-server takes it for the next frame. So each box goes out as two
 * parts, of which the second overlaps the first. */
static void
draw_exactly(QxlScreen *screen, const pixman_box32_t *box)
{
    PlanOp op = {.kind = PLAN_RAW,
                 .x = box->x1,
                 .y = box->y1,
                 .width = box->x2 - box->x1,
                 .height = (box->y2 - box->y1 + 1) / 2};
    draw_pixels(screen, &op);
    op.y += op.height - 1;
    op.height = box->y2 - op.y;
    draw_pixels(screen, &op);
}

/* A step of what is to be sharp again; the next one follows when there is room after it. Outside of
 * the frame's damage, its pixels are those that the last plan told. */
static void
sharpen(QxlScreen *screen)
{
    pixman_region32_t all, dirty, now;
    if (!is_up(screen) || screen->behind || size_differs(screen) || lossy_is_empty(screen->lossy) ||
        !has_room(screen))
        return;
    pixman_region32_init_rect(&all, 0, 0, (guint)screen->frame->width,
                              (guint)screen->frame->height);
    pixman_region32_init(&dirty);
    pixman_region32_init(&now);
    pixman_region32_copy(&dirty, &screen->frame->damage);
    if (lossy_take(screen->lossy, &all, &dirty, g_get_monotonic_time(), SHARPEN_PIXELS, &now)) {
        int n_boxes;
        const pixman_box32_t *boxes = region_boxes(&now, &n_boxes);
        for (int i = 0; i < n_boxes; i++)
            draw_exactly(screen, &boxes[i]);
        qxl_device_wake(screen->device);
        has_room(screen); /* there is none now: room() follows, and with it the next step */
    }
    pixman_region32_fini(&all);
    pixman_region32_fini(&dirty);
    pixman_region32_fini(&now);
}

static void
on_still(gpointer user)
{
    QxlScreen *screen = user;
    SpiceScope *previous = spice_scope_enter(screen->scope);
    sharpen(screen);
    spice_scope_leave(previous);
}

/* A stream goes on while the connection is full: libspice-server replaces frames that it has not
 * sent, and lowers its quality only when it sees that there are such frames. */
static gboolean
may_stream(QxlScreen *screen)
{
    return is_up(screen) && !size_differs(screen) &&
           screen->events->clogged_us(screen->user) < STALLED_US &&
           qxl_device_has_room(screen->device);
}

static void
stream_on(QxlScreen *screen)
{
    PlanOp videos[SPICE_VIDEO_AREAS];
    guint n_videos = may_stream(screen) ? spice_video_take(&screen->video, &screen->missed,
                                                           g_get_monotonic_time(), videos)
                                        : 0;
    for (guint i = 0; i < n_videos; i++)
        draw_pixels(screen, &videos[i]);
    if (n_videos > 0)
        qxl_device_wake(screen->device);
    if (region_is_empty(&screen->missed) && !size_differs(screen))
        screen->behind = FALSE;
}

gboolean
qxl_screen_ready(QxlScreen *screen)
{
    SpiceScope *previous = spice_scope_enter(screen->scope);
    gboolean ready =
        qxl_device_surface(screen->device) == SURFACE_NONE || (is_up(screen) && has_room(screen)) ||
        (spice_video_any(&screen->video, g_get_monotonic_time()) && may_stream(screen));
    spice_scope_leave(previous);
    return ready;
}

void
qxl_screen_drained(QxlScreen *screen)
{
    screen->events->room(screen->user);
}

void
qxl_screen_slow_link(QxlScreen *screen)
{
    screen->slow_link = TRUE;
}

/* Pixels are never drawn from these: the frame may have changes that no plan has told yet. Whoever
 * has room asks for a frame, and qxl_screen_update() comes. */
static void
on_surface_up(gpointer user)
{
    push_cursor(user);
}

static void
on_surface_gone(gpointer user)
{
    create_surface(user);
}

static void
on_room(gpointer user)
{
    qxl_screen_drained(user);
}

static void
on_resize(int width, int height, gpointer user)
{
    QxlScreen *screen = user;
    screen->events->resize(width, height, screen->user);
}

static const QxlDeviceEvents device_events = {.resize = on_resize,
                                              .surface_up = on_surface_up,
                                              .surface_gone = on_surface_gone,
                                              .room = on_room};

static void
draw_all(QxlScreen *screen, const Drawing *drawings, guint n_drawings)
{
    for (guint i = 0; i < n_drawings; i++)
        draw(screen, &drawings[i].op, drawings[i].bitmap);
    if (n_drawings > 0)
        qxl_device_wake(screen->device);
}

void
qxl_screen_update(QxlScreen *screen, const Frame *frame, gboolean planned, const Drawing *drawings,
                  guint n_drawings)
{
    SpiceScope *previous = spice_scope_enter(screen->scope);
    screen->frame = frame;
    for (guint i = 0; i < n_drawings; i++)
        if (drawings[i].op.kind == PLAN_VIDEO)
            spice_video_see(&screen->video, &drawings[i].op, g_get_monotonic_time());
    if (qxl_device_surface(screen->device) == SURFACE_NONE) {
        create_surface(screen);
    } else if (planned && !screen->behind && is_up(screen) && !size_differs(screen) &&
               has_room(screen)) {
        draw_all(screen, drawings, n_drawings);
        screen->drawn += n_drawings > 0;
    } else {
        fall_behind(screen);
        catch_up(screen);
        if (screen->behind)
            stream_on(screen);
        screen->drawn += !screen->behind;
        screen->merged += screen->behind && !region_is_empty(&frame->damage);
    }
    /* Here the damage is what was drawn: nothing of it is still. */
    sharpen(screen);
    spice_scope_leave(previous);
}

SinkProgress
qxl_screen_progress(QxlScreen *screen)
{
    if (!is_up(screen) || screen->behind || size_differs(screen) || !has_room(screen))
        return SINK_SENDING;
    return lossy_is_empty(screen->lossy) ? SINK_SETTLED : SINK_SENT;
}

void
qxl_screen_stats(const QxlScreen *screen, QxlScreenStats *stats)
{
    *stats = (QxlScreenStats){.drawn = screen->drawn,
                              .merged = screen->merged,
                              .slow_link = screen->slow_link,
                              .video = spice_video_any(&screen->video, g_get_monotonic_time())};
}

void
qxl_screen_cursor(QxlScreen *screen, Cursor *cursor)
{
    g_clear_pointer(&screen->cursor, cursor_unref);
    screen->cursor = cursor ? cursor_ref(cursor) : NULL;
    SpiceScope *previous = spice_scope_enter(screen->scope);
    if (is_up(screen))
        push_cursor(screen);
    spice_scope_leave(previous);
}

QxlScreen *
qxl_screen_new(SpiceServer *server, SpiceScope *scope, BitmapPool *bitmaps, const Frame *frame,
               const QxlScreenEvents *events, gpointer user)
{
    QxlScreen *screen = g_new0(QxlScreen, 1);
    screen->scope = scope;
    screen->frame = frame;
    screen->events = events;
    screen->user = user;
    pixman_region32_init(&screen->missed);
    screen->bitmaps = bitmaps;
    screen->pool = qxl_command_pool_new();
    screen->lossy = lossy_new(on_still, screen);
    screen->device = qxl_device_new(server, scope, &device_events, screen);
    create_surface(screen);
    return screen;
}

void
qxl_screen_free(QxlScreen *screen)
{
    if (!screen)
        return;
    lossy_free(screen->lossy);
    qxl_device_free(screen->device);
    qxl_command_pool_free(screen->pool);
    pixman_region32_fini(&screen->missed);
    g_clear_pointer(&screen->cursor, cursor_unref);
    g_free(screen);
}
