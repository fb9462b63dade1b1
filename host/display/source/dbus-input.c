/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "source/dbus-input.h"

#define CONSOLE_PATH "/org/qemu/Display1/Console_0"
#define MAX_MOVES    4    /* positions on the way; then the newest waits */
#define MAX_CALLS    512  /* everything on the way */
#define MAX_STEPS    1024 /* waiting */
#define KEY_US                                                                                     \
    16000 /* between two keys: the guest's PS/2 keyboard holds 16 bytes and loses the rest */
#define ANSWER_MS       10000
#define MM_PER_PIXEL(n) ((guint16)MIN((n)*254 / 960, G_MAXUINT16)) /* 96 dpi */

typedef enum { STEP_KEY, STEP_BUTTON, STEP_POSITION } StepKind;

typedef struct {
    StepKind kind;
    guint code; /* qnum, or InputButton */
    gboolean down;
    int x, y;
} Step;

struct DbusInput {
    GDBusConnection *bus;
    char *name;
    GCancellable *cancellable; /* of all calls to this peer */
    guint calls, moves;        /* on the way */
    GQueue steps;              /* Step, in the order of the events; never two positions in a row */
    gint64 next_key;           /* µs, monotonic: not earlier */
    guint timer;
};

static void pump(DbusInput *input);

static void
call_done(GObject *object, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    GVariant *answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
    g_clear_pointer(&answer, g_variant_unref);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* user may be gone */
    DbusInput *input = user;
    input->calls--;
    if (error)
        g_debug("Input to the guest: %s", error->message);
    pump(input);
}

static void
move_done(GObject *object, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    GVariant *answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &error);
    g_clear_pointer(&answer, g_variant_unref);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    DbusInput *input = user;
    input->calls--;
    input->moves--;
    pump(input);
}

/* Takes arguments (floating). */
static void
call(DbusInput *input, const char *interface, const char *method, GVariant *arguments,
     GAsyncReadyCallback done)
{
    g_autoptr(GVariant) owned = g_variant_ref_sink(arguments);
    if (!input->bus)
        return;
    input->calls++;
    g_dbus_connection_call(input->bus, input->name, CONSOLE_PATH, interface, method, owned, NULL,
                           G_DBUS_CALL_FLAGS_NO_AUTO_START, ANSWER_MS, input->cancellable, done,
                           input);
}

static void
send_step(DbusInput *input, const Step *step)
{
    const char *method = step->down ? "Press" : "Release";
    switch (step->kind) {
    case STEP_KEY:
        call(input, "org.qemu.Display1.Keyboard", method, g_variant_new("(u)", step->code),
             call_done);
        input->next_key = g_get_monotonic_time() + KEY_US;
        break;
    case STEP_BUTTON:
        call(input, "org.qemu.Display1.Mouse", method, g_variant_new("(u)", step->code), call_done);
        break;
    case STEP_POSITION:
        input->moves++;
        call(input, "org.qemu.Display1.Mouse", "SetAbsPosition",
             g_variant_new("(uu)", (guint32)step->x, (guint32)step->y), move_done);
        break;
    }
}

static gboolean
key_may_go(gpointer user)
{
    DbusInput *input = user;
    input->timer = 0;
    pump(input);
    return G_SOURCE_REMOVE;
}

/* Sends what may go now. Everything keeps its order: a click belongs to the keys that are held and
 * to where the pointer is. */
static void
pump(DbusInput *input)
{
    for (Step *step; (step = g_queue_peek_head(&input->steps));) {
        gint64 wait = input->next_key - g_get_monotonic_time();
        if (step->kind == STEP_KEY && wait > 0) {
            if (!input->timer)
                input->timer = g_timeout_add((guint)(wait / 1000) + 1, key_may_go, input);
            return;
        }
        if ((step->kind == STEP_POSITION && input->moves >= MAX_MOVES) || input->calls >= MAX_CALLS)
            return; /* an answer goes on here */
        g_autofree Step *owned = g_queue_pop_head(&input->steps);
        send_step(input, owned);
    }
}

static void
add_step(DbusInput *input, Step step)
{
    Step *last = g_queue_peek_tail(&input->steps);
    if (!input->bus)
        return;
    if (last && last->kind == STEP_POSITION && step.kind == STEP_POSITION)
        *last = step;
    else if (input->steps.length < MAX_STEPS)
        g_queue_push_tail(&input->steps, g_memdup2(&step, sizeof step));
    pump(input);
}

static void
sink_key(gpointer user, guint qnum, gboolean down)
{
    add_step(user, (Step){.kind = STEP_KEY, .code = qnum, .down = down});
}

static void
sink_pointer(gpointer user, int x, int y)
{
    add_step(user, (Step){.kind = STEP_POSITION, .x = MAX(x, 0), .y = MAX(y, 0)});
}

static void
sink_button(gpointer user, InputButton button, gboolean down)
{
    add_step(user, (Step){.kind = STEP_BUTTON, .code = button, .down = down});
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
    g_clear_handle_id(&input->timer, g_source_remove);
    g_queue_clear_full(&input->steps, g_free);
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
    /* Keys that are let go at the end must not stay pressed in the guest. */
    for (Step *step; input->bus && (step = g_queue_pop_head(&input->steps)); g_free(step))
        send_step(input, step);
    dbus_input_set_peer(input, NULL, NULL);
    g_free(input);
}

void
dbus_input_resize(DbusInput *input, int width, int height)
{
    if (input->calls >= MAX_CALLS)
        return;
    call(input, "org.qemu.Display1.Console", "SetUIInfo",
         g_variant_new("(qqiiuu)", MM_PER_PIXEL(width), MM_PER_PIXEL(height), 0, 0, (guint32)width,
                       (guint32)height),
         call_done);
}
