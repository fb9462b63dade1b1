/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-device.h"

#include <string.h>

#define MIN_BYTES    (16u << 20) /* pixels that commands may keep alive, */
#define FRAMES_ALIVE 4           /* or this many full frames, whichever is more */

/* What the worker has done: a bit each among the inbox's notices, beside QXL_INBOX_ROOM. */
enum { COOKIE_CREATED = 1, COOKIE_DESTROYED, COOKIE_MONITORS };

struct QxlDevice {
    QXLInstance instance;
    SpiceScope *scope;
    const QxlDeviceEvents *events;
    gpointer user;

    SurfaceState state;
    guint32 *primary; /* the worker's canvas */
    int width, height;
    struct {
        QXLMonitorsConfig config;
        QXLHead head;
    } monitors;      /* the worker reads it until the cookie comes back */
    QxlInbox *inbox; /* the rest is the main thread's alone */
};

static QxlDevice *
device_of(QXLInstance *instance)
{
    return (QxlDevice *)((char *)instance - G_STRUCT_OFFSET(QxlDevice, instance));
}

/* The worker's side ------------------------------------------------------------------------------
 */

static int
fetch(QXLInstance *instance, QxlInboxQueue queue, QXLCommandExt *ext)
{
    QxlCommand *command = qxl_inbox_fetch(device_of(instance)->inbox, queue);
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
    return qxl_inbox_is_empty(device_of(instance)->inbox, QXL_INBOX_DRAWINGS);
}

static int
req_cursor_notification(QXLInstance *instance)
{
    return qxl_inbox_is_empty(device_of(instance)->inbox, QXL_INBOX_CURSORS);
}

static void
release_resource(QXLInstance *instance, QXLReleaseInfoExt info)
{
    QxlCommand *command = qxl_command_released(info);
    if (command)
        qxl_inbox_release(device_of(instance)->inbox, command);
}

static void
async_complete(QXLInstance *instance, uint64_t cookie)
{
    qxl_inbox_notify(device_of(instance)->inbox, 1u << cookie);
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
    QxlDevice *device = device_of(instance);
    if (config && config->num_of_monitors > 0)
        device->events->resize((int)MIN(config->monitors[0].width, G_MAXINT16),
                               (int)MIN(config->monitors[0].height, G_MAXINT16), device->user);
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

SurfaceState
qxl_device_surface(const QxlDevice *device)
{
    return device->state;
}

gboolean
qxl_device_fits(const QxlDevice *device, const Frame *frame)
{
    return device->width == frame->width && device->height == frame->height;
}

void
qxl_device_create_surface(QxlDevice *device, const Frame *frame)
{
    gsize size = sizeof(guint32) * (gsize)frame->width * (gsize)frame->height;

    device->width = frame->width;
    device->height = frame->height;
    device->primary = g_malloc(size);
    for (int y = 0; y < device->height; y++)
        memcpy(device->primary + (gsize)y * device->width, frame->pixels + (gsize)y * frame->stride,
               device->width * sizeof(guint32));
    qxl_inbox_set_limit(device->inbox, MAX(MIN_BYTES, FRAMES_ALIVE * size));
    device->state = SURFACE_CREATING;
    QXLDevSurfaceCreate create = {
        .width = device->width,
        .height = device->height,
        .stride = device->width * (int)sizeof(guint32),
        .format = SPICE_SURFACE_FMT_32_xRGB,
        .mouse_mode = TRUE, /* the pointer is absolute, always */
        .flags = QXL_SURF_FLAG_KEEP_DATA,
        .type = QXL_SURF_TYPE_PRIMARY,
        .mem = (uintptr_t)device->primary,
    };
    spice_qxl_create_primary_surface_async(&device->instance, 0, &create, COOKIE_CREATED);
}

void
qxl_device_destroy_surface(QxlDevice *device)
{
    device->state = SURFACE_DESTROYING;
    spice_qxl_destroy_primary_surface_async(&device->instance, 0, COOKIE_DESTROYED);
}

static void
announce_monitor(QxlDevice *device)
{
    device->monitors.config.count = 1;
    device->monitors.config.max_allowed = 1;
    /* The head stands where config's array of none begins. */
    device->monitors.head =
        (QXLHead){.width = (guint32)device->width, .height = (guint32)device->height};
    spice_qxl_monitors_config_async(&device->instance, (uintptr_t)&device->monitors, 0,
                                    COOKIE_MONITORS);
}

static void
noticed(guint notices, gpointer user)
{
    QxlDevice *device = user;
    SpiceScope *previous = spice_scope_enter(device->scope);
    if (notices & (1u << COOKIE_CREATED)) {
        device->state = SURFACE_UP;
        announce_monitor(device);
        device->events->surface_up(device->user);
    }
    if (notices & (1u << COOKIE_DESTROYED)) {
        g_clear_pointer(&device->primary, g_free);
        device->state = SURFACE_NONE;
        device->events->surface_gone(device->user);
    }
    spice_scope_leave(previous);
    if (notices & (QXL_INBOX_ROOM | 1u << COOKIE_CREATED))
        device->events->room(device->user);
}

gboolean
qxl_device_has_room(QxlDevice *device)
{
    gboolean much, room = qxl_inbox_has_room(device->inbox, &much);
    /* It keeps commands until newer ones hide them; this makes it draw some and let go. */
    if (much)
        spice_qxl_oom(&device->instance);
    return room;
}

void
qxl_device_draw(QxlDevice *device, QxlCommand *command)
{
    qxl_inbox_send(device->inbox, QXL_INBOX_DRAWINGS, command);
}

void
qxl_device_set_cursor(QxlDevice *device, QxlCommand *command)
{
    qxl_inbox_drop(device->inbox, QXL_INBOX_CURSORS);
    qxl_inbox_send(device->inbox, QXL_INBOX_CURSORS, command);
    qxl_device_wake(device);
}

void
qxl_device_wake(QxlDevice *device)
{
    spice_qxl_wakeup(&device->instance);
}

QxlDevice *
qxl_device_new(SpiceServer *server, SpiceScope *scope, const QxlDeviceEvents *events, gpointer user)
{
    QxlDevice *device = g_new0(QxlDevice, 1);
    device->instance.base.sif = &qxl_interface.base;
    device->scope = scope;
    device->events = events;
    device->user = user;
    device->inbox = qxl_inbox_new(noticed, device);

    spice_server_add_interface(server, &device->instance.base);
    spice_qxl_set_device_info(&device->instance, "pci/0000/02.0", 0, 1);
    QXLDevMemSlot slot = {.virt_end =
                              ~(uintptr_t)0}; /* our own address space: we alone write commands */
    spice_qxl_add_memslot(&device->instance, &slot);
    spice_server_vm_start(server);
    return device;
}

void
qxl_device_free(QxlDevice *device)
{
    if (!device)
        return;
    qxl_inbox_free(device->inbox);
    g_free(device->primary);
    g_free(device);
}
