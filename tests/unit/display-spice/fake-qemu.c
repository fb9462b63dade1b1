/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake-qemu.h"

#include <gio/gunixfdlist.h>

#define CONSOLE_PATH "/org/qemu/Display1/Console_0"
#define AUDIO_PATH   "/org/qemu/Display1/Audio"

struct FakeQemu {
    GTestDBus *bus;
    GThread *thread;
    GMainContext *context;
    GMainLoop *loop;
    GDBusConnection *connection;
    guint name;
    GMutex lock;
    GCond cond;
    GDBusConnection *screen, *sound;
    GString *input;
    guint32 leds;
};

static const char xml[] =
    "<node>"
    "<interface name='org.qemu.Display1.Console'>"
    "<method name='RegisterListener'><arg type='h' direction='in'/></method>"
    "<method name='SetUIInfo'><arg type='q' direction='in'/><arg type='q' direction='in'/>"
    "<arg type='i' direction='in'/><arg type='i' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='u' direction='in'/></method></interface>"
    "<interface name='org.qemu.Display1.Keyboard'>"
    "<method name='Press'><arg type='u' direction='in'/></method>"
    "<method name='Release'><arg type='u' direction='in'/></method>"
    "<property name='Modifiers' type='u' access='read'/></interface>"
    "<interface name='org.qemu.Display1.Mouse'>"
    "<method name='Press'><arg type='u' direction='in'/></method>"
    "<method name='Release'><arg type='u' direction='in'/></method>"
    "<method name='SetAbsPosition'><arg type='u' direction='in'/><arg type='u' direction='in'/>"
    "</method></interface>"
    "<interface name='org.qemu.Display1.Audio'>"
    "<method name='RegisterOutListener'><arg type='h' direction='in'/></method></interface>"
    "</node>";

/* As QEMU does: a synchronous server handshake inside the call, and only then its answer. */
static GDBusConnection *
take_listener(GDBusMethodInvocation *invocation)
{
    GUnixFDList *fds =
        g_dbus_message_get_unix_fd_list(g_dbus_method_invocation_get_message(invocation));
    int fd = g_unix_fd_list_get(fds, 0, NULL);
    g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, NULL);
    g_autoptr(GSocketConnection) stream = g_socket_connection_factory_create_connection(socket);
    g_autofree char *guid = g_dbus_generate_guid();
    g_autoptr(GError) error = NULL;
    GDBusConnection *connection = g_dbus_connection_new_sync(
        G_IO_STREAM(stream), guid, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER, NULL, NULL,
        &error);
    g_assert_no_error(error);
    return connection;
}

static void
method_call(GDBusConnection *connection, const char *sender, const char *path,
            const char *interface, const char *method, GVariant *arguments,
            GDBusMethodInvocation *invocation, gpointer user)
{
    FakeQemu *qemu = user;
    if (g_str_has_prefix(method, "Register")) {
        GDBusConnection *listener = take_listener(invocation);
        gboolean is_screen = g_str_equal(method, "RegisterListener");
        g_dbus_method_invocation_return_value_with_unix_fd_list(invocation, NULL, NULL);
        g_mutex_lock(&qemu->lock);
        GDBusConnection **slot = is_screen ? &qemu->screen : &qemu->sound;
        g_clear_object(slot);
        *slot = listener;
        g_cond_broadcast(&qemu->cond);
        g_mutex_unlock(&qemu->lock);
        return;
    }
    g_mutex_lock(&qemu->lock);
    g_string_append_printf(qemu->input, "%s", method);
    for (gsize i = 0; i < g_variant_n_children(arguments); i++) {
        g_autoptr(GVariant) child = g_variant_get_child_value(arguments, i);
        g_autofree char *text = g_variant_print(child, FALSE);
        g_string_append_printf(qemu->input, " %s", text);
    }
    g_string_append_c(qemu->input, ';');
    g_mutex_unlock(&qemu->lock);
    g_dbus_method_invocation_return_value(invocation, NULL);
}

static GVariant *
get_property(GDBusConnection *connection, const char *sender, const char *path,
             const char *interface, const char *property, GError **error, gpointer user)
{
    FakeQemu *qemu = user;
    return g_variant_new_uint32(qemu->leds);
}

static void
on_name(GDBusConnection *connection, const char *name, gpointer user)
{
}

static gpointer
run(gpointer user)
{
    static const GDBusInterfaceVTable vtable = {.method_call = method_call,
                                                .get_property = get_property};
    FakeQemu *qemu = user;
    g_main_context_push_thread_default(qemu->context);
    g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(xml, NULL);
    qemu->connection =
        g_dbus_connection_new_for_address_sync(g_test_dbus_get_bus_address(qemu->bus),
                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                               NULL, NULL, NULL);
    for (guint i = 0; info->interfaces[i]; i++)
        g_dbus_connection_register_object(
            qemu->connection,
            g_str_has_suffix(info->interfaces[i]->name, "Audio") ? AUDIO_PATH : CONSOLE_PATH,
            info->interfaces[i], &vtable, qemu, NULL, NULL);
    qemu->name = g_bus_own_name_on_connection(
        qemu->connection, "org.qemu", G_BUS_NAME_OWNER_FLAGS_NONE, on_name, NULL, qemu, NULL);
    g_main_loop_run(qemu->loop);
    g_clear_handle_id(&qemu->name, g_bus_unown_name);
    g_dbus_connection_close_sync(qemu->connection, NULL, NULL);
    g_clear_object(&qemu->connection);
    while (g_main_context_iteration(qemu->context, FALSE))
        ;
    g_main_context_pop_thread_default(qemu->context);
    return NULL;
}

FakeQemu *
fake_qemu_new(void)
{
    FakeQemu *qemu = g_new0(FakeQemu, 1);
    qemu->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(qemu->bus);
    qemu->context = g_main_context_new();
    qemu->loop = g_main_loop_new(qemu->context, FALSE);
    qemu->input = g_string_new(NULL);
    g_mutex_init(&qemu->lock);
    g_cond_init(&qemu->cond);
    qemu->thread = g_thread_new("fake qemu", run, qemu);
    return qemu;
}

static gboolean
quit(gpointer user)
{
    g_main_loop_quit(user);
    return G_SOURCE_REMOVE;
}

void
fake_qemu_leave(FakeQemu *qemu)
{
    if (!qemu->thread)
        return;
    g_main_context_invoke(qemu->context, quit, qemu->loop);
    g_thread_join(g_steal_pointer(&qemu->thread));
}

void
fake_qemu_kill_bus(FakeQemu *qemu)
{
    if (qemu->bus)
        g_test_dbus_stop(qemu->bus);
    g_clear_object(&qemu->bus);
}

void
fake_qemu_free(FakeQemu *qemu)
{
    fake_qemu_leave(qemu);
    fake_qemu_kill_bus(qemu);
    g_clear_object(&qemu->screen);
    g_clear_object(&qemu->sound);
    g_main_loop_unref(qemu->loop);
    g_main_context_unref(qemu->context);
    g_string_free(qemu->input, TRUE);
    g_mutex_clear(&qemu->lock);
    g_cond_clear(&qemu->cond);
    g_free(qemu);
}

const char *
fake_qemu_address(FakeQemu *qemu)
{
    return g_test_dbus_get_bus_address(qemu->bus);
}

static GDBusConnection *
wait_for(FakeQemu *qemu, GDBusConnection **slot)
{
    gint64 deadline = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    g_mutex_lock(&qemu->lock);
    while (!*slot && g_cond_wait_until(&qemu->cond, &qemu->lock, deadline))
        ;
    GDBusConnection *connection = *slot;
    g_mutex_unlock(&qemu->lock);
    g_assert_nonnull(connection);
    return connection;
}

GDBusConnection *
fake_qemu_screen(FakeQemu *qemu)
{
    return wait_for(qemu, &qemu->screen);
}

GDBusConnection *
fake_qemu_sound(FakeQemu *qemu)
{
    return wait_for(qemu, &qemu->sound);
}

void
fake_qemu_tell(GDBusConnection *listener, const char *path, const char *interface,
               const char *method, GVariant *arguments, GUnixFDList *fds)
{
    g_dbus_connection_call_with_unix_fd_list(listener, NULL, path, interface, method, arguments,
                                             NULL, G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL, NULL,
                                             NULL);
}

void
fake_qemu_drop_screen(FakeQemu *qemu)
{
    g_mutex_lock(&qemu->lock);
    g_autoptr(GDBusConnection) connection = g_steal_pointer(&qemu->screen);
    g_mutex_unlock(&qemu->lock);
    g_dbus_connection_close_sync(connection, NULL, NULL);
}

char *
fake_qemu_input(FakeQemu *qemu)
{
    g_mutex_lock(&qemu->lock);
    char *text = g_strdup(qemu->input->str);
    g_mutex_unlock(&qemu->lock);
    return text;
}

void
fake_qemu_set_leds(FakeQemu *qemu, guint leds)
{
    qemu->leds = leds;
    GVariantBuilder changed;
    g_variant_builder_init(&changed, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&changed, "{sv}", "Modifiers", g_variant_new_uint32(leds));
    g_dbus_connection_emit_signal(
        qemu->connection, NULL, CONSOLE_PATH, "org.freedesktop.DBus.Properties",
        "PropertiesChanged",
        g_variant_new("(sa{sv}as)", "org.qemu.Display1.Keyboard", &changed, NULL), NULL);
}
