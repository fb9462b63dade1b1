/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-qxl.h"

#include "region.h"

#include <string.h>

#define MAX_COMMANDS                                                                               \
    256 /* waiting for the worker: a frame's plan of a busy screen and some more                   \
         */
#define MIN_BYTES    (16u << 20) /* pixels that commands may keep alive, */
#define FRAMES_ALIVE 4           /* or this many full frames, whichever is more */
#define RETRY_MS     10 /* a viewer that was behind is asked this often whether it has room */

/* The primary surface's life. Each step is asynchronous: the worker may be waiting for a slow
 * viewer. */
typedef enum { SURFACE_NONE, SURFACE_CREATING, SURFACE_UP, SURFACE_DESTROYING } SurfaceState;
enum { COOKIE_CREATED = 1, COOKIE_DESTROYED, COOKIE_MONITORS };

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
    guint retry;
    Cursor *cursor; /* NULL: hidden; known again whenever there is a new surface */
    struct {
        QXLMonitorsConfig config;
        QXLHead head;
    } monitors; /* the worker reads it until the cookie comes back */

    GMutex lock; /* guards the rest, which the worker touches too; a leaf lock */
    GQueue commands, cursors;
    gsize bytes;     /* of all commands that are not released */
    guint64 cookies; /* a bit for each that came back, for the main thread */
    GSource *notice;
};

static QxlScreen *
screen_of(QXLInstance *instance)
{
    return (QxlScreen *)((char *)instance - G_STRUCT_OFFSET(QxlScreen, instance));
}

/* The worker's side ------------------------------------------------------------------------------
 */

static int
fetch(QxlScreen *screen, GQueue *queue, QXLCommandExt *ext)
{
    g_mutex_lock(&screen->lock);
    QxlCommand *command = g_queue_pop_head(queue);
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
queue_is_empty(QxlScreen *screen, const GQueue *queue)
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
release_resource(QXLInstance *instance, QXLReleaseInfoExt info)
{
    QxlScreen *screen = screen_of(instance);
    QxlCommand *command = qxl_command_released(info);
    if (!command)
        return;
    g_mutex_lock(&screen->lock);
    screen->bytes -= MIN(screen->bytes, qxl_command_size(command));
    g_mutex_unlock(&screen->lock);
    qxl_command_free(command);
}

static gboolean cookies_arrived(gpointer user);

static void
async_complete(QXLInstance *instance, uint64_t cookie)
{
    QxlScreen *screen = screen_of(instance);
    g_mutex_lock(&screen->lock);
    screen->cookies |= 1u << cookie;
    if (!screen->notice) {
        screen->notice = g_idle_source_new();
        g_source_set_priority(screen->notice, G_PRIORITY_DEFAULT);
        g_source_set_callback(screen->notice, cookies_arrived, screen, NULL);
        g_source_attach(screen->notice, NULL);
    }
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
push(QxlScreen *screen, GQueue *queue, QxlCommand *command)
{
    g_mutex_lock(&screen->lock);
    screen->bytes += qxl_command_size(command);
    g_queue_push_tail(queue, command);
    g_mutex_unlock(&screen->lock);
}

static gboolean
has_room(QxlScreen *screen)
{
    gsize frame = (gsize)screen->width * screen->height * sizeof(guint32);
    gsize limit = MAX(MIN_BYTES, FRAMES_ALIVE * frame);
    g_mutex_lock(&screen->lock);
    gsize bytes = screen->bytes;
    guint waiting = screen->commands.length;
    g_mutex_unlock(&screen->lock);
    /* The worker keeps commands until newer ones hide them; this makes it draw some and let go. */
    if (bytes > limit / 2)
        spice_qxl_oom(&screen->instance);
    return bytes < limit && waiting < MAX_COMMANDS;
}

static void
draw(QxlScreen *screen, const PlanOp *op, Bitmap *bitmap)
{
    push(screen, &screen->commands, qxl_command_draw(op, bitmap));
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
    QxlCommand *command = qxl_command_cursor(screen->cursor);
    g_mutex_lock(&screen->lock);
    for (QxlCommand *old; (old = g_queue_pop_head(&screen->cursors));) {
        screen->bytes -= MIN(screen->bytes, qxl_command_size(old));
        qxl_command_free(old); /* nobody has fetched it: only the newest counts */
    }
    g_mutex_unlock(&screen->lock);
    push(screen, &screen->cursors, command);
    spice_qxl_wakeup(&screen->instance);
}

static gboolean
size_differs(QxlScreen *screen)
{
    return screen->width != screen->frame->width || screen->height != screen->frame->height;
}

/* Draws what was missed, when there is room. */
static void
catch_up(QxlScreen *screen)
{
    if (screen->state == SURFACE_NONE) {
        create_surface(screen);
        return;
    }
    if (screen->state != SURFACE_UP || !has_room(screen))
        return;
    if (size_differs(screen)) {
        destroy_surface(screen);
        return;
    }
    const Frame *frame = screen->frame;
    int n_boxes;
    const pixman_box32_t *boxes = region_boxes(&screen->missed, &n_boxes);
    for (int i = 0; i < n_boxes; i++) {
        PlanOp op = {.kind = PLAN_RAW,
                     .x = boxes[i].x1,
                     .y = boxes[i].y1,
                     .width = boxes[i].x2 - boxes[i].x1,
                     .height = boxes[i].y2 - boxes[i].y1};
        Bitmap *bitmap = bitmap_new(frame->pixels, frame->stride, op.x, op.y, op.width, op.height);
        draw(screen, &op, bitmap);
        bitmap_unref(bitmap);
    }
    pixman_region32_clear(&screen->missed);
    screen->behind = FALSE;
    spice_qxl_wakeup(&screen->instance);
}

static gboolean
is_ready(QxlScreen *screen)
{
    return screen->state == SURFACE_NONE ||
           (screen->state == SURFACE_UP && !screen->behind && has_room(screen));
}

static gboolean
retry(gpointer user)
{
    QxlScreen *screen = user;
    SpiceScope *previous = spice_scope_enter(screen->scope);
    if (screen->behind)
        catch_up(screen);
    gboolean ready = is_ready(screen);
    spice_scope_leave(previous);
    if (!ready)
        return G_SOURCE_CONTINUE;
    screen->retry = 0;
    screen->events->room(screen->user);
    return G_SOURCE_REMOVE;
}

static void
retry_soon(QxlScreen *screen)
{
    if (!screen->retry)
        screen->retry = g_timeout_add(RETRY_MS, retry, screen);
}

gboolean
qxl_screen_ready(QxlScreen *screen)
{
    SpiceScope *previous = spice_scope_enter(screen->scope);
    gboolean ready = is_ready(screen);
    spice_scope_leave(previous);
    if (!ready)
        retry_soon(screen);
    return ready;
}

static gboolean
cookies_arrived(gpointer user)
{
    QxlScreen *screen = user;
    g_mutex_lock(&screen->lock);
    guint64 cookies = screen->cookies;
    screen->cookies = 0;
    g_clear_pointer(&screen->notice, g_source_unref);
    g_mutex_unlock(&screen->lock);

    SpiceScope *previous = spice_scope_enter(screen->scope);
    if (cookies & (1u << COOKIE_CREATED)) {
        screen->state = SURFACE_UP;
        announce_monitor(screen);
        push_cursor(screen);
        if (screen->behind)
            catch_up(screen);
    }
    if (cookies & (1u << COOKIE_DESTROYED)) {
        g_clear_pointer(&screen->primary, g_free);
        screen->state = SURFACE_NONE;
        create_surface(screen);
    }
    spice_scope_leave(previous);
    return G_SOURCE_REMOVE;
}

/* Remembers the frame's damage, clipped and with a bounded number of rectangles, for when there is
 * room. */
static void
fall_behind(QxlScreen *screen)
{
    const Frame *frame = screen->frame;
    pixman_region32_union(&screen->missed, &screen->missed, &frame->damage);
    region_bound(&screen->missed, MAX_COMMANDS / 4);
    pixman_region32_intersect_rect(&screen->missed, &screen->missed, 0, 0, (guint)frame->width,
                                   (guint)frame->height);
    screen->behind = TRUE;
}

void
qxl_screen_update(QxlScreen *screen, const Frame *frame, const Drawing *drawings, guint n_drawings)
{
    SpiceScope *previous = spice_scope_enter(screen->scope);
    screen->frame = frame;
    if (screen->state == SURFACE_NONE) {
        create_surface(screen);
    } else if (n_drawings == 0 || !is_ready(screen) || size_differs(screen)) {
        fall_behind(screen);
        catch_up(screen);
    } else {
        for (guint i = 0; i < n_drawings; i++)
            draw(screen, &drawings[i].op, drawings[i].bitmap);
        spice_qxl_wakeup(&screen->instance);
    }
    if (screen->behind)
        retry_soon(screen);
    spice_scope_leave(previous);
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
qxl_screen_new(SpiceServer *server, SpiceScope *scope, const Frame *frame,
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
    g_queue_init(&screen->commands);
    g_queue_init(&screen->cursors);

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
    g_clear_handle_id(&screen->retry, g_source_remove);
    if (screen->notice) {
        g_source_destroy(screen->notice);
        g_source_unref(screen->notice);
    }
    g_queue_clear_full(&screen->commands, (GDestroyNotify)qxl_command_free);
    g_queue_clear_full(&screen->cursors, (GDestroyNotify)qxl_command_free);
    pixman_region32_fini(&screen->missed);
    g_clear_pointer(&screen->cursor, cursor_unref);
    g_mutex_clear(&screen->lock);
    g_free(screen->primary);
    g_free(screen);
}
