/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-qxl.h"

#include "region.h"
#include "sink/spice-inbox.h"
#include "sink/spice-video.h"
#include "sink/lossy.h"

#include <string.h>

#define MIN_BYTES      (16u << 20) /* pixels that commands may keep alive, */
#define FRAMES_ALIVE   4           /* or this many full frames, whichever is more */
#define MAX_MISSED     64          /* rectangles */
#define SHARPEN_PIXELS (256 << 10) /* at a time: new changes come in between */

#define STALLED_US (2 * G_USEC_PER_SEC) /* a client that took nothing for so long gets no video */
/* The primary surface's life. Each step is asynchronous: the worker may be waiting for a slow
 * viewer. */
typedef enum { SURFACE_NONE, SURFACE_CREATING, SURFACE_UP, SURFACE_DESTROYING } SurfaceState;
enum { COOKIE_CREATED = 1, COOKIE_DESTROYED, COOKIE_MONITORS };
/* Its notices: a bit for each cookie, beside QXL_INBOX_ROOM. */

struct QxlScreen {
    QXLInstance instance;
    SpiceScope *scope;
    const Frame *frame; /* NULL before the first */
    const QxlScreenEvents *events;
    gpointer user;

    SurfaceState state;
    guint32 *primary; /* the worker's canvas */
    int width, height;
    gboolean behind; /* missed is not empty, or there is another size */
    pixman_region32_t missed;
    SpiceVideo video;
    Lossy *lossy; /* what went out as video, or as JPEG */
    gboolean slow_link;
    guint64 drawn, merged; /* frames */
    QxlCommandPool *pool;
    BitmapPool *bitmaps;
    Cursor *cursor; /* NULL: hidden; known again whenever there is a new surface */
    struct {
        QXLMonitorsConfig config;
        QXLHead head;
    } monitors;      /* the worker reads it until the cookie comes back */
    QxlInbox *inbox; /* the rest is the main thread's alone */
};

static QxlScreen *
screen_of(QXLInstance *instance)
{
    return (QxlScreen *)((char *)instance - G_STRUCT_OFFSET(QxlScreen, instance));
}

/* The worker's side ------------------------------------------------------------------------------
 */

static int
fetch(QXLInstance *instance, QxlInboxQueue queue, QXLCommandExt *ext)
{
    QxlCommand *command = qxl_inbox_fetch(screen_of(instance)->inbox, queue);
    if (!command)
        return FALSE;
    qxl_command_fetch(command, ext);
    return TRUE;
}

static int
get_command(QXLInstance *instance, QXLCommandExt *ext)
{
    return fetch(instance, QXL_INBOX_DRAWINGS, ext);
}

static int
get_cursor_command(QXLInstance *instance, QXLCommandExt *ext)
{
    return fetch(instance, QXL_INBOX_CURSORS, ext);
}

static int
req_cmd_notification(QXLInstance *instance)
{
    return qxl_inbox_is_empty(screen_of(instance)->inbox, QXL_INBOX_DRAWINGS);
}

static int
req_cursor_notification(QXLInstance *instance)
{
    return qxl_inbox_is_empty(screen_of(instance)->inbox, QXL_INBOX_CURSORS);
}

static void
release_resource(QXLInstance *instance, QXLReleaseInfoExt info)
{
    QxlCommand *command = qxl_command_released(info);
    if (command)
        qxl_inbox_release(screen_of(instance)->inbox, command);
}

static void
async_complete(QXLInstance *instance, uint64_t cookie)
{
    qxl_inbox_notify(screen_of(instance)->inbox, 1u << cookie);
}

static void
attached_worker(QXLInstance *instance)
{
}

static void
set_compression_level(QXLInstance *instance, int level)
{
}

static void
get_init_info(QXLInstance *instance, QXLDevInitInfo *info)
{
    *info = (QXLDevInitInfo){
        .num_memslots = 1,
        .num_memslots_groups = 1,
        .memslot_id_bits = 1,
        .memslot_gen_bits = 1,
        .n_surfaces = 1,
        .qxl_ram_size = 64 << 20,
    };
}

static void
notify_update(QXLInstance *instance, uint32_t update_id)
{
}

static int
flush_resources(QXLInstance *instance)
{
    return 0; /* releases reach us at once */
}

static void
update_area_complete(QXLInstance *instance, uint32_t surface, QXLRect *rects, uint32_t n_rects)
{
}

static void
set_client_capabilities(QXLInstance *instance, uint8_t present,
                        uint8_t capabilities[SPICE_CAPABILITIES_SIZE])
{
}

/* Main thread: entry 0 is the viewer's window, whatever number of monitors it has. */
static int
client_monitors_config(QXLInstance *instance, VDAgentMonitorsConfig *config)
{
    QxlScreen *screen = screen_of(instance);
    if (config && config->num_of_monitors > 0)
        screen->events->resize((int)MIN(config->monitors[0].width, G_MAXINT16),
                               (int)MIN(config->monitors[0].height, G_MAXINT16), screen->user);
    return TRUE;
}

static const QXLInterface qxl_interface = {
    .base = {SPICE_INTERFACE_QXL, "oriel", SPICE_INTERFACE_QXL_MAJOR, SPICE_INTERFACE_QXL_MINOR},
    {.attached_worker = attached_worker},
    .set_compression_level = set_compression_level,
    .get_init_info = get_init_info,
    .get_command = get_command,
    .req_cmd_notification = req_cmd_notification,
    .release_resource = release_resource,
    .get_cursor_command = get_cursor_command,
    .req_cursor_notification = req_cursor_notification,
    .notify_update = notify_update,
    .flush_resources = flush_resources,
    .async_complete = async_complete,
    .update_area_complete = update_area_complete,
    .set_client_capabilities = set_client_capabilities,
    .client_monitors_config = client_monitors_config,
};

/* The main thread's side -------------------------------------------------------------------------
 */

/* Has the worker? If not, a notice follows. */
static gboolean
worker_has_room(QxlScreen *screen)
{
    gboolean much, room = qxl_inbox_has_room(screen->inbox, &much);
    /* It keeps commands until newer ones hide them; this makes it draw some and let go. */
    if (much)
        spice_qxl_oom(&screen->instance);
    return room;
}

/* Where there is none, room() or qxl_screen_drained() follows. */
static gboolean
has_room(QxlScreen *screen)
{
    return worker_has_room(screen) && screen->events->clogged_us(screen->user) == 0;
}

static void
send_drawing(QxlScreen *screen, const PlanOp *op, Bitmap *bitmap, QxlDrawMode mode)
{
    qxl_inbox_send(screen->inbox, QXL_INBOX_DRAWINGS,
                   qxl_command_draw(screen->pool, op, bitmap, mode));
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
    screen->width = frame->width;
    screen->height = frame->height;
    screen->primary = g_new(guint32, (gsize)screen->width * screen->height);
    for (int y = 0; y < screen->height; y++)
        memcpy(screen->primary + (gsize)y * screen->width, frame->pixels + (gsize)y * frame->stride,
               screen->width * sizeof(guint32));
    pixman_region32_clear(&screen->missed);
    screen->behind = FALSE;
    /* What the frame has and no plan has told yet: the next plan must not stand on it. */
    if (!region_is_empty(&frame->damage))
        fall_behind(screen);
    spice_video_clear(&screen->video);
    lossy_clear(screen->lossy);
    qxl_inbox_set_limit(screen->inbox,
                        MAX(MIN_BYTES, FRAMES_ALIVE * sizeof(guint32) * (gsize)screen->width *
                                           (gsize)screen->height));
    screen->state = SURFACE_CREATING;
    QXLDevSurfaceCreate create = {
        .width = screen->width,
        .height = screen->height,
        .stride = screen->width * (int)sizeof(guint32),
        .format = SPICE_SURFACE_FMT_32_xRGB,
        .mouse_mode = TRUE, /* the pointer is absolute, always */
        .flags = QXL_SURF_FLAG_KEEP_DATA,
        .type = QXL_SURF_TYPE_PRIMARY,
        .mem = (uintptr_t)screen->primary,
    };
    spice_qxl_create_primary_surface_async(&screen->instance, 0, &create, COOKIE_CREATED);
}

static void
destroy_surface(QxlScreen *screen)
{
    screen->state = SURFACE_DESTROYING;
    spice_qxl_destroy_primary_surface_async(&screen->instance, 0, COOKIE_DESTROYED);
}

static void
announce_monitor(QxlScreen *screen)
{
    screen->monitors.config.count = 1;
    screen->monitors.config.max_allowed = 1;
    /* The head stands where config's array of none begins. */
    screen->monitors.head =
        (QXLHead){.width = (guint32)screen->width, .height = (guint32)screen->height};
    spice_qxl_monitors_config_async(&screen->instance, (uintptr_t)&screen->monitors, 0,
                                    COOKIE_MONITORS);
}

/* A viewer forgets the cursor with the surface, and takes one only while there is a surface. */
static void
push_cursor(QxlScreen *screen)
{
    qxl_inbox_drop(screen->inbox, QXL_INBOX_CURSORS); /* only the newest counts */
    qxl_inbox_send(screen->inbox, QXL_INBOX_CURSORS,
                   qxl_command_cursor(screen->pool, screen->cursor));
    spice_qxl_wakeup(&screen->instance);
}

static gboolean
size_differs(QxlScreen *screen)
{
    return screen->width != screen->frame->width || screen->height != screen->frame->height;
}

/* Draws what was missed, when there is room: what is video as such, the rest as images. */
static void
catch_up(QxlScreen *screen)
{
    PlanOp videos[SPICE_VIDEO_AREAS];
    if (screen->state != SURFACE_UP || !has_room(screen))
        return;
    if (size_differs(screen)) {
        destroy_surface(screen);
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
    spice_qxl_wakeup(&screen->instance);
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
    if (screen->state != SURFACE_UP || screen->behind || size_differs(screen) ||
        lossy_is_empty(screen->lossy) || !has_room(screen))
        return;
    pixman_region32_init_rect(&all, 0, 0, (guint)screen->width, (guint)screen->height);
    pixman_region32_init(&dirty);
    pixman_region32_init(&now);
    pixman_region32_copy(&dirty, &screen->frame->damage);
    if (lossy_take(screen->lossy, &all, &dirty, g_get_monotonic_time(), SHARPEN_PIXELS, &now)) {
        int n_boxes;
        const pixman_box32_t *boxes = region_boxes(&now, &n_boxes);
        for (int i = 0; i < n_boxes; i++)
            draw_exactly(screen, &boxes[i]);
        spice_qxl_wakeup(&screen->instance);
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
    return screen->state == SURFACE_UP && !size_differs(screen) &&
           screen->events->clogged_us(screen->user) < STALLED_US && worker_has_room(screen);
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
        spice_qxl_wakeup(&screen->instance);
    if (region_is_empty(&screen->missed) && !size_differs(screen))
        screen->behind = FALSE;
}

gboolean
qxl_screen_ready(QxlScreen *screen)
{
    SpiceScope *previous = spice_scope_enter(screen->scope);
    gboolean ready =
        screen->state == SURFACE_NONE || (screen->state == SURFACE_UP && has_room(screen)) ||
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

/* Pixels are never drawn from here: the frame may have changes that no plan has told yet. Whoever
 * has room asks for a frame, and qxl_screen_update() comes. */
static void
noticed(guint notices, gpointer user)
{
    QxlScreen *screen = user;
    SpiceScope *previous = spice_scope_enter(screen->scope);
    if (notices & (1u << COOKIE_CREATED)) {
        screen->state = SURFACE_UP;
        announce_monitor(screen);
        push_cursor(screen);
    }
    if (notices & (1u << COOKIE_DESTROYED)) {
        g_clear_pointer(&screen->primary, g_free);
        screen->state = SURFACE_NONE;
        create_surface(screen);
    }
    spice_scope_leave(previous);
    if (notices & (QXL_INBOX_ROOM | 1u << COOKIE_CREATED))
        screen->events->room(screen->user);
}

static void
draw_all(QxlScreen *screen, const Drawing *drawings, guint n_drawings)
{
    for (guint i = 0; i < n_drawings; i++)
        draw(screen, &drawings[i].op, drawings[i].bitmap);
    if (n_drawings > 0)
        spice_qxl_wakeup(&screen->instance);
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
    if (screen->state == SURFACE_NONE) {
        create_surface(screen);
    } else if (planned && !screen->behind && screen->state == SURFACE_UP && !size_differs(screen) &&
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
    if (screen->state != SURFACE_UP || screen->behind || size_differs(screen) || !has_room(screen))
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
    if (screen->state == SURFACE_UP)
        push_cursor(screen);
    spice_scope_leave(previous);
}

QxlScreen *
qxl_screen_new(SpiceServer *server, SpiceScope *scope, BitmapPool *bitmaps, const Frame *frame,
               const QxlScreenEvents *events, gpointer user)
{
    QxlScreen *screen = g_new0(QxlScreen, 1);
    screen->instance.base.sif = &qxl_interface.base;
    screen->scope = scope;
    screen->frame = frame;
    screen->events = events;
    screen->user = user;
    pixman_region32_init(&screen->missed);
    screen->bitmaps = bitmaps;
    screen->pool = qxl_command_pool_new();
    screen->inbox = qxl_inbox_new(noticed, screen);
    screen->lossy = lossy_new(on_still, screen);

    spice_server_add_interface(server, &screen->instance.base);
    spice_qxl_set_device_info(&screen->instance, "pci/0000/02.0", 0, 1);
    QXLDevMemSlot slot = {.virt_end =
                              ~(uintptr_t)0}; /* our own address space: we alone write commands */
    spice_qxl_add_memslot(&screen->instance, &slot);
    spice_server_vm_start(server);
    create_surface(screen);
    return screen;
}

void
qxl_screen_free(QxlScreen *screen)
{
    if (!screen)
        return;
    lossy_free(screen->lossy);
    qxl_inbox_free(screen->inbox);
    qxl_command_pool_free(screen->pool);
    pixman_region32_fini(&screen->missed);
    g_clear_pointer(&screen->cursor, cursor_unref);
    g_free(screen->primary);
    g_free(screen);
}
