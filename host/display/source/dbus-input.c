/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "source/dbus-input.h"

#define CONSOLE_PATH    "/org/qemu/Display1/Console_0"
#define MAX_MOVES       4   /* positions on the way; then the newest waits */
#define MAX_CALLS       512 /* everything on the way */
#define ANSWER_MS       10000
#define MM_PER_PIXEL(n) ((guint16)MIN((n)*254 / 960, G_MAXUINT16)) /* 96 dpi */

struct DbusInput {
    GDBusConnection *bus;
    char *name;
    GCancellable *cancellable; /* of all calls to this peer */
    guint calls, moves;        /* on the way */
    gboolean has_position;     /* x, y wait to be sent */
    int x, y;
};

static void send_position(DbusInput *input);

static void
call_done(GObject *object, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* user may be gone */
    DbusInput *input = user;
    input->calls--;
    if (error)
        g_debug("Input to the guest: %s", error->message);
}

static void
move_done(GObject *object, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    DbusInput *input = user;
    input->calls--;
    input->moves--;
    if (input->has_position)
        send_position(input);
}

/* Takes arguments (floating). */
static void
call(DbusInput *input, const char *interface, const char *method, GVariant *arguments,
     GAsyncReadyCallback done)
{
    g_autoptr(GVariant) owned = g_variant_ref_sink(arguments);
    if (!input->bus || input->calls >= MAX_CALLS)
        return;
    input->calls++;
    g_dbus_connection_call(input->bus, input->name, CONSOLE_PATH, interface, method, owned, NULL,
                           G_DBUS_CALL_FLAGS_NO_AUTO_START, ANSWER_MS, input->cancellable, done,
                           input);
}

static void
send_position(DbusInput *input)
{
    input->has_position = FALSE;
    if (!input->bus || input->calls >= MAX_CALLS)
        return;
    input->moves++;
    call(input, "org.qemu.Display1.Mouse", "SetAbsPosition",
         g_variant_new("(uu)", (guint32)input->x, (guint32)input->y), move_done);
}

static void
sink_key(gpointer user, guint qnum, gboolean down)
{
    call(user, "org.qemu.Display1.Keyboard", down ? "Press" : "Release", g_variant_new("(u)", qnum),
         call_done);
}

static void
sink_pointer(gpointer user, int x, int y)
{
    DbusInput *input = user;
    input->x = MAX(x, 0);
    input->y = MAX(y, 0);
    input->has_position = TRUE;
    if (input->moves < MAX_MOVES)
        send_position(input);
}

static void
sink_button(gpointer user, InputButton button, gboolean down)
{
    DbusInput *input = user;
    if (input->has_position) /* a click happens where the pointer is */
        send_position(input);
    call(input, "org.qemu.Display1.Mouse", down ? "Press" : "Release",
         g_variant_new("(u)", (guint32)button), call_done);
}

const InputSink dbus_input_sink = {.key = sink_key, .pointer = sink_pointer, .button = sink_button};

DbusInput *
dbus_input_new(void)
{
    return g_new0(DbusInput, 1);
}

void
dbus_input_set_peer(DbusInput *input, GDBusConnection *bus, const char *name)
{
    if (input->cancellable)
        g_cancellable_cancel(input->cancellable);
    g_clear_object(&input->cancellable);
    g_clear_object(&input->bus);
    g_clear_pointer(&input->name, g_free);
    input->calls = input->moves = 0;
    input->has_position = FALSE;
    if (bus) {
        input->bus = g_object_ref(bus);
        input->name = g_strdup(name);
        input->cancellable = g_cancellable_new();
    }
}

void
dbus_input_free(DbusInput *input)
{
    if (!input)
        return;
    dbus_input_set_peer(input, NULL, NULL);
    g_free(input);
}

void
dbus_input_resize(DbusInput *input, int width, int height)
{
    call(input, "org.qemu.Display1.Console", "SetUIInfo",
         g_variant_new("(qqiiuu)", MM_PER_PIXEL(width), MM_PER_PIXEL(height), 0, 0, (guint32)width,
                       (guint32)height),
         call_done);
}
