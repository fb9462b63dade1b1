/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "source/dbus-listener.h"

#include "source/scanout-format.h"

#include <gio/gunixfdlist.h>
#include <string.h>
#include <unistd.h>

#define LISTENER_PATH "/org/qemu/Display1/Listener"
#define MAP_INTERFACE "org.qemu.Display1.Listener.Unix.Map"

typedef struct {
    int fd; /* -1: none */
    guint32 offset, width, height, stride, format;
} SharedMap;

struct DbusListener {
    Surface *surface;
    Outbox *outbox;
    void (*stale)(gpointer user);
    gpointer user;
    GDBusConnection *connection;
    guint filter;
    guint ids[2];
    int width, height; /* of the last scanout */
    SharedMap map;
    guint8 *scratch;
    gsize scratch_size;
    gboolean told_stale;
    gatomicrefcount refs; /* the filter runs on GDBus' own thread and may outlive us for a moment */
    gint64 queued;        /* bytes; atomic */
    gint overran;         /* atomic */
};

static const char interface_xml[] =
    "<node><interface name='org.qemu.Display1.Listener'>"
    "<method name='Scanout'><arg type='u' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='u' direction='in'/><arg type='u' direction='in'/><arg type='ay' direction='in'/>"
    "</method>"
    "<method name='Update'><arg type='i' direction='in'/><arg type='i' direction='in'/>"
    "<arg type='i' direction='in'/><arg type='i' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='u' direction='in'/><arg type='ay' direction='in'/></method>"
    "<method name='Disable'/>"
    "<method name='MouseSet'><arg type='i' direction='in'/><arg type='i' direction='in'/>"
    "<arg type='i' direction='in'/></method>"
    "<method name='CursorDefine'><arg type='i' direction='in'/><arg type='i' direction='in'/>"
    "<arg type='i' direction='in'/><arg type='i' direction='in'/><arg type='ay' direction='in'/>"
    "</method>"
    "<property name='Interfaces' type='as' access='read'/>"
    "</interface>"
    "<interface name='" MAP_INTERFACE "'>"
    "<method name='ScanoutMap'><arg type='h' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='u' direction='in'/><arg type='u' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='u' direction='in'/></method>"
    "<method name='UpdateMap'><arg type='i' direction='in'/><arg type='i' direction='in'/>"
    "<arg type='i' direction='in'/><arg type='i' direction='in'/></method>"
    "</interface></node>";

static void
close_map(DbusListener *listener)
{
    if (listener->map.fd >= 0)
        close(listener->map.fd);
    listener->map.fd = -1;
}

static gboolean
resize(DbusListener *listener, guint32 width, guint32 height)
{
    if (width > SURFACE_MAX_SIDE || height > SURFACE_MAX_SIDE)
        return FALSE;
    if (listener->width == (int)width && listener->height == (int)height)
        return TRUE;
    if (!surface_resize(listener->surface, (int)width, (int)height))
        return FALSE;
    listener->width = (int)width;
    listener->height = (int)height;
    return TRUE;
}

static void
draw(DbusListener *listener, int x, int y, int width, int height, guint32 format, guint32 stride,
     const guint8 *data, gsize size)
{
    if (!scanout_format_write(listener->surface, format, x, y, width, height, data, stride, size))
        g_debug("QEMU drew %dx%d at %d,%d (format 0x%x, stride %u) with %" G_GSIZE_FORMAT
                " bytes: left out.",
                width, height, x, y, format, stride, size);
}

/* Once: a new listener takes over. */
static void
tell_stale(DbusListener *listener)
{
    if (!listener->told_stale)
        listener->stale(listener->user);
    listener->told_stale = TRUE;
}

static void
handle_scanout(DbusListener *listener, GVariant *arguments)
{
    guint32 width, height, stride, format;
    g_autoptr(GVariant) array = NULL;
    g_variant_get(arguments, "(uuuu@ay)", &width, &height, &stride, &format, &array);
    gsize size;
    const guint8 *data = g_variant_get_fixed_array(array, &size, 1);
    close_map(listener);
    if (resize(listener, width, height))
        draw(listener, 0, 0, (int)width, (int)height, format, stride, data, size);
}

static void
handle_update(DbusListener *listener, GVariant *arguments)
{
    gint32 x, y, width, height;
    guint32 stride, format;
    g_autoptr(GVariant) array = NULL;
    g_variant_get(arguments, "(iiiiuu@ay)", &x, &y, &width, &height, &stride, &format, &array);
    gsize size;
    const guint8 *data = g_variant_get_fixed_array(array, &size, 1);
    draw(listener, x, y, width, height, format, stride, data, size);
    if (listener->width &&
        ((gint64)x + width > listener->width || (gint64)y + height > listener->height))
        tell_stale(listener);
}

/* The rows from y on, read into scratch. NULL when the memory is shorter than it claims. */
static const guint8 *
read_map(DbusListener *listener, int y, int height, gsize *size)
{
    SharedMap *map = &listener->map;
    *size = (gsize)map->stride * (gsize)height;
    if (listener->scratch_size < *size) {
        g_free(listener->scratch);
        listener->scratch = g_try_malloc(*size);
        listener->scratch_size = listener->scratch ? *size : 0;
        if (!listener->scratch)
            return NULL;
    }
    gsize done = 0;
    while (done < *size) {
        ssize_t part = pread(map->fd, listener->scratch + done, *size - done,
                             (off_t)map->offset + (off_t)map->stride * y + (off_t)done);
        if (part <= 0)
            return NULL;
        done += (gsize)part;
    }
    return listener->scratch;
}

static void
draw_map(DbusListener *listener, gint64 x, gint64 y, gint64 width, gint64 height)
{
    SharedMap *map = &listener->map;
    gint64 right = MIN(x + width, map->width), bottom = MIN(y + height, map->height);
    x = MAX(x, 0);
    y = MAX(y, 0);
    if (map->fd < 0 || x >= right || y >= bottom)
        return;
    gsize size, skip = (gsize)x * scanout_format_size(map->format);
    const guint8 *data = read_map(listener, (int)y, (int)(bottom - y), &size);
    if (data && skip < size)
        draw(listener, (int)x, (int)y, (int)(right - x), (int)(bottom - y), map->format,
             map->stride, data + skip, size - skip);
}

static void
handle_scanout_map(DbusListener *listener, GVariant *arguments, GDBusMethodInvocation *invocation)
{
    GUnixFDList *fds =
        g_dbus_message_get_unix_fd_list(g_dbus_method_invocation_get_message(invocation));
    gint32 handle;
    SharedMap map;
    g_variant_get(arguments, "(huuuuu)", &handle, &map.offset, &map.width, &map.height, &map.stride,
                  &map.format);
    close_map(listener);
    if (!fds || handle < 0 || handle >= g_unix_fd_list_get_length(fds) ||
        map.stride > SURFACE_MAX_SIDE * 4 || !resize(listener, map.width, map.height))
        return;
    map.fd = g_unix_fd_list_get(fds, handle, NULL);
    listener->map = map;
    draw_map(listener, 0, 0, map.width, map.height);
}

static void
handle_cursor_define(DbusListener *listener, GVariant *arguments)
{
    gint32 width, height, hot_x, hot_y;
    g_autoptr(GVariant) array = NULL;
    g_variant_get(arguments, "(iiii@ay)", &width, &height, &hot_x, &hot_y, &array);
    gsize size;
    const guint8 *data = g_variant_get_fixed_array(array, &size, 1);
    Cursor *cursor = cursor_new(width, height, hot_x, hot_y, data, size);
    if (!cursor)
        return;
    outbox_post_cursor(listener->outbox, cursor);
    cursor_unref(cursor);
}

static void
handle_disable(DbusListener *listener)
{
    close_map(listener);
    if (listener->width)
        surface_resize(listener->surface, listener->width, listener->height); /* black */
}

static void
dispatch_call(DbusListener *listener, const char *method, GVariant *arguments,
              GDBusMethodInvocation *invocation)
{
    if (g_str_equal(method, "Update")) {
        handle_update(listener, arguments);
    } else if (g_str_equal(method, "Scanout")) {
        handle_scanout(listener, arguments);
    } else if (g_str_equal(method, "ScanoutMap")) {
        handle_scanout_map(listener, arguments, invocation);
    } else if (g_str_equal(method, "UpdateMap")) {
        gint32 x, y, width, height;
        g_variant_get(arguments, "(iiii)", &x, &y, &width, &height);
        draw_map(listener, x, y, width, height);
    } else if (g_str_equal(method, "CursorDefine")) {
        handle_cursor_define(listener, arguments);
    } else if (g_str_equal(method, "MouseSet")) {
        gint32 x, y, on;
        g_variant_get(arguments, "(iii)", &x, &y, &on);
        outbox_post_cursor_moved(listener->outbox, x, y, on != 0);
    } else if (g_str_equal(method, "Disable")) {
        handle_disable(listener);
    }
}

static void
method_call(GDBusConnection *connection, const char *sender, const char *path,
            const char *interface, const char *method, GVariant *arguments,
            GDBusMethodInvocation *invocation, gpointer user)
{
    DbusListener *listener = user;
    gint64 size = (gint64)g_variant_get_size(arguments);
    __atomic_sub_fetch(&listener->queued, size, __ATOMIC_RELAXED);
    dispatch_call(listener, method, arguments, invocation);
    g_dbus_method_invocation_return_value(invocation, NULL);
    if (g_atomic_int_get(&listener->overran))
        tell_stale(listener);
}

static GVariant *
get_property(GDBusConnection *connection, const char *sender, const char *path,
             const char *interface, const char *property, GError **error, gpointer user)
{
    static const char *const interfaces[] = {MAP_INTERFACE, NULL};
    return g_variant_new_strv(interfaces, -1);
}

/* GDBus' thread. Only calls of the listener's interfaces are counted: the rest never reaches
 * method_call(). */
static GDBusMessage *
count_message(GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer user)
{
    DbusListener *listener = user;
    const char *interface = g_dbus_message_get_interface(message);
    GVariant *body = g_dbus_message_get_body(message);
    if (!incoming || !body || !interface ||
        !g_str_has_prefix(interface, "org.qemu.Display1.Listener"))
        return message;
    gint64 size = (gint64)g_variant_get_size(body);
    if (__atomic_add_fetch(&listener->queued, size, __ATOMIC_RELAXED) <= LISTENER_MAX_QUEUE)
        return message;
    __atomic_sub_fetch(&listener->queued, size, __ATOMIC_RELAXED);
    g_atomic_int_set(&listener->overran, TRUE);
    g_object_unref(message);
    return NULL;
}

static void
unref(gpointer user)
{
    DbusListener *listener = user;
    if (!g_atomic_ref_count_dec(&listener->refs))
        return;
    close_map(listener);
    g_free(listener->scratch);
    g_free(listener);
}

DbusListener *
dbus_listener_new(Surface *surface, Outbox *outbox, void (*stale)(gpointer user), gpointer user)
{
    DbusListener *listener = g_new0(DbusListener, 1);
    g_atomic_ref_count_init(&listener->refs);
    listener->surface = surface;
    listener->outbox = outbox;
    listener->stale = stale;
    listener->user = user;
    listener->map.fd = -1;
    return listener;
}

void
dbus_listener_free(DbusListener *listener)
{
    if (!listener)
        return;
    if (listener->connection) {
        for (guint i = 0; i < G_N_ELEMENTS(listener->ids); i++)
            if (listener->ids[i])
                g_dbus_connection_unregister_object(listener->connection, listener->ids[i]);
        g_dbus_connection_remove_filter(listener->connection, listener->filter);
        g_dbus_connection_close(listener->connection, NULL, NULL, NULL);
        g_object_unref(listener->connection);
    }
    unref(listener);
}

gboolean
dbus_listener_export(DbusListener *listener, GDBusConnection *connection, GError **error)
{
    static const GDBusInterfaceVTable vtable = {.method_call = method_call,
                                                .get_property = get_property};
    g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(interface_xml, error);
    if (!info)
        return FALSE;
    listener->connection = g_object_ref(connection);
    g_atomic_ref_count_inc(&listener->refs);
    listener->filter = g_dbus_connection_add_filter(connection, count_message, listener, unref);
    for (guint i = 0; i < G_N_ELEMENTS(listener->ids); i++) {
        g_atomic_ref_count_inc(&listener->refs);
        listener->ids[i] = g_dbus_connection_register_object(
            connection, LISTENER_PATH, info->interfaces[i], &vtable, listener, unref, error);
        if (!listener->ids[i])
            return FALSE;
    }
    return TRUE;
}
