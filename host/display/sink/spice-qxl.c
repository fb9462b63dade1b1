/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-qxl.h"

#include "region.h"
#include "sink/spice-video.h"

#include <string.h>

#define MAX_ALIVE                                                                                  \
    512 /* commands that are not released: some frames' plans; the pool keeps no more */
#define MIN_BYTES    (16u << 20) /* pixels that commands may keep alive, */
#define FRAMES_ALIVE 4           /* or this many full frames, whichever is more */
#define MAX_MISSED   64          /* rectangles */

/* The primary surface's life. Each step is asynchronous: the worker may be waiting for a slow
 * viewer. */
typedef enum { SURFACE_NONE, SURFACE_CREATING, SURFACE_UP, SURFACE_DESTROYING } SurfaceState;
enum { COOKIE_CREATED = 1, COOKIE_DESTROYED, COOKIE_MONITORS };
#define NOTICE_ROOM 1u /* beside a bit for each cookie */

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
    gboolean slow_link;
    guint64 drawn, merged; /* frames */
    QxlCommandPool *pool;
    BitmapPool *bitmaps;
    Cursor *cursor; /* NULL: hidden; known again whenever there is a new surface */
    struct {
        QXLMonitorsConfig config;
        QXLHead head;
    } monitors; /* the worker reads it until the cookie comes back */

    GMutex lock; /* guards the rest, which the worker touches too; a leaf lock */
    QxlQueue commands, cursors;
    gsize bytes, limit; /* of all commands that are not released */
    guint alive;        /* those commands */
    gboolean starved;   /* the main thread wants to know when there is room */
    guint notices;      /* for the main thread */
    GSource *notice;    /* wakes it; the pointer is constant */
};

static QxlScreen *
screen_of(QXLInstance *instance)
{
    return (QxlScreen *)((char *)instance - G_STRUCT_OFFSET(QxlScreen, instance));
}

/* The worker's side ------------------------------------------------------------------------------
 */

static gboolean
has_room_locked(const QxlScreen *screen)
{
    return screen->bytes < screen->limit && screen->alive < MAX_ALIVE &&
           screen->commands.length == 0;
}

static void
notify_locked(QxlScreen *screen, guint notice)
{
    screen->notices |= notice;
    g_source_set_ready_time(screen->notice, 0);
}

/* After something went: who waits for room is told once. */
static void
notify_room_locked(QxlScreen *screen)
{
    if (!screen->starved || !has_room_locked(screen))
        return;
    screen->starved = FALSE;
    notify_locked(screen, NOTICE_ROOM);
}

static int
fetch(QxlScreen *screen, QxlQueue *queue, QXLCommandExt *ext)
{
    g_mutex_lock(&screen->lock);
    QxlCommand *command = qxl_queue_pop(queue);
    if (command)
        notify_room_locked(screen);
    g_mutex_unlock(&screen->lock);
    if (!command)
        return FALSE;
    qxl_command_fetch(command, ext);
    return TRUE;
}

static int
get_command(QXLInstance *instance, QXLCommandExt *ext)
{
    QxlScreen *screen = screen_of(instance);
    return fetch(screen, &screen->commands, ext);
}

static int
get_cursor_command(QXLInstance *instance, QXLCommandExt *ext)
{
    QxlScreen *screen = screen_of(instance);
    return fetch(screen, &screen->cursors, ext);
}

static int
queue_is_empty(QxlScreen *screen, const QxlQueue *queue)
{
    g_mutex_lock(&screen->lock);
    gboolean empty = queue->length == 0;
    g_mutex_unlock(&screen->lock);
    return empty;
}

static int
req_cmd_notification(QXLInstance *instance)
{
    QxlScreen *screen = screen_of(instance);
    return queue_is_empty(screen, &screen->commands);
}

static int
req_cursor_notification(QXLInstance *instance)
{
    QxlScreen *screen = screen_of(instance);
    return queue_is_empty(screen, &screen->cursors);
}

static void
forget_locked(QxlScreen *screen, const QxlCommand *command)
{
    screen->bytes -= MIN(screen->bytes, qxl_command_size(command));
    screen->alive -= MIN(screen->alive, 1);
}

static void
release_resource(QXLInstance *instance, QXLReleaseInfoExt info)
{
    QxlScreen *screen = screen_of(instance);
    QxlCommand *command = qxl_command_released(info);
    if (!command)
        return;
    g_mutex_lock(&screen->lock);
    forget_locked(screen, command);
    notify_room_locked(screen);
    g_mutex_unlock(&screen->lock);
    qxl_command_free(command);
}

static void
async_complete(QXLInstance *instance, uint64_t cookie)
{
    QxlScreen *screen = screen_of(instance);
    g_mutex_lock(&screen->lock);
    notify_locked(screen, 1u << cookie);
    g_mutex_unlock(&screen->lock);
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

static void
push(QxlScreen *screen, QxlQueue *queue, QxlCommand *command)
{
    g_mutex_lock(&screen->lock);
    screen->bytes += qxl_command_size(command);
    screen->alive++;
    qxl_queue_push(queue, command);
    g_mutex_unlock(&screen->lock);
}

/* Where there is none, room() follows. */
static gboolean
has_room(QxlScreen *screen)
{
    if (screen->events->clogged(screen->user))
        return FALSE; /* qxl_screen_drained() follows */
    g_mutex_lock(&screen->lock);
    gboolean room = has_room_locked(screen);
    screen->starved = !room;
    gboolean much = screen->bytes > screen->limit / 4 * 3 || screen->alive > MAX_ALIVE / 4 * 3;
    g_mutex_unlock(&screen->lock);
    /* The worker keeps commands until newer ones hide them; this makes it draw some and let go. */
    if (much)
        spice_qxl_oom(&screen->instance);
    return room;
}

static void
draw_often(QxlScreen *screen, const PlanOp *op, Bitmap *bitmap, QxlDrawMode mode, guint times)
{
    while (times-- > 0)
        push(screen, &screen->commands, qxl_command_draw(screen->pool, op, bitmap, mode));
}

static void
draw(QxlScreen *screen, const PlanOp *op, Bitmap *bitmap)
{
    QxlDrawMode mode =
        screen->slow_link && op->kind != PLAN_LOSSY ? QXL_DRAW_EXACT : QXL_DRAW_ANYHOW;
    if (op->kind == PLAN_VIDEO)
        draw_often(screen, op, bitmap, QXL_DRAW_STREAM,
                   spice_video_draw(&screen->video, op, g_get_monotonic_time()));
    else
        draw_often(screen, op, bitmap, mode, 1);
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
    g_mutex_lock(&screen->lock);
    screen->limit = MAX(MIN_BYTES, FRAMES_ALIVE * sizeof(guint32) * (gsize)screen->width *
                                       (gsize)screen->height);
    g_mutex_unlock(&screen->lock);
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

static void
free_all(QxlQueue *queue)
{
    for (QxlCommand *command; (command = qxl_queue_pop(queue));)
        qxl_command_free(command);
}

/* A viewer forgets the cursor with the surface, and takes one only while there is a surface. */
static void
push_cursor(QxlScreen *screen)
{
    QxlCommand *command = qxl_command_cursor(screen->pool, screen->cursor);
    g_mutex_lock(&screen->lock);
    QxlQueue old = screen->cursors; /* nobody has fetched it: only the newest counts */
    screen->cursors = (QxlQueue){0};
    for (const QxlCommand *each = old.head; each; each = qxl_command_next(each))
        forget_locked(screen, each);
    g_mutex_unlock(&screen->lock);
    free_all(&old);
    push(screen, &screen->cursors, command);
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

gboolean
qxl_screen_ready(QxlScreen *screen)
{
    SpiceScope *previous = spice_scope_enter(screen->scope);
    gboolean ready =
        screen->state == SURFACE_NONE || (screen->state == SURFACE_UP && has_room(screen));
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
static gboolean
noticed(gpointer user)
{
    QxlScreen *screen = user;
    g_source_set_ready_time(screen->notice, -1);
    g_mutex_lock(&screen->lock);
    guint notices = screen->notices;
    screen->notices = 0;
    g_mutex_unlock(&screen->lock);

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
    if (notices & (NOTICE_ROOM | 1u << COOKIE_CREATED))
        screen->events->room(screen->user);
    return G_SOURCE_CONTINUE;
}

static gboolean
dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    return callback(user);
}

static GSourceFuncs notice_funcs = {.dispatch = dispatch};

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
        screen->drawn += !screen->behind;
        screen->merged += screen->behind && !region_is_empty(&frame->damage);
    }
    spice_scope_leave(previous);
}

void
qxl_screen_stats(const QxlScreen *screen, guint64 *drawn, guint64 *merged)
{
    *drawn = screen->drawn;
    *merged = screen->merged;
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
    g_mutex_init(&screen->lock);
    screen->bitmaps = bitmaps;
    screen->pool = qxl_command_pool_new();
    screen->notice = g_source_new(&notice_funcs, sizeof(GSource));
    g_source_set_static_name(screen->notice, "spice screen");
    g_source_set_callback(screen->notice, noticed, screen, NULL);
    g_source_attach(screen->notice, g_main_context_get_thread_default());

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
    g_source_destroy(screen->notice);
    g_source_unref(screen->notice);
    free_all(&screen->commands);
    free_all(&screen->cursors);
    qxl_command_pool_free(screen->pool);
    pixman_region32_fini(&screen->missed);
    g_clear_pointer(&screen->cursor, cursor_unref);
    g_mutex_clear(&screen->lock);
    g_free(screen->primary);
    g_free(screen);
}
