/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A display made of libspice-server alone: main and inputs channels on the Unix socket PATH, no
 * ticket. Usage: spice-test-display PATH. Prints "listening", then "key CODE" for each scan code;
 * ends with its standard input.
 */
#include "common/unix-socket.h"

#include <glib-unix.h>
#include <spice.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* libspice-server's own handles, defined by whoever brings the main loop */
struct SpiceTimer {
    SpiceTimerFunc func;
    void *opaque;
    guint source;
};

struct SpiceWatch {
    int fd;
    SpiceWatchFunc func;
    void *opaque;
    guint source;
};

static SpiceTimer *
timer_add(SpiceTimerFunc func, void *opaque)
{
    SpiceTimer *timer = g_new0(SpiceTimer, 1);

    timer->func = func;
    timer->opaque = opaque;
    return timer;
}

static gboolean
timer_fired(gpointer data)
{
    SpiceTimer *timer = data;

    timer->source = 0;
    timer->func(timer->opaque);
    return G_SOURCE_REMOVE;
}

static void
timer_cancel(SpiceTimer *timer)
{
    g_clear_handle_id(&timer->source, g_source_remove);
}

static void
timer_start(SpiceTimer *timer, uint32_t ms)
{
    timer_cancel(timer);
    timer->source = g_timeout_add(ms, timer_fired, timer);
}

static void
timer_remove(SpiceTimer *timer)
{
    timer_cancel(timer);
    g_free(timer);
}

static gboolean
watch_ready(gint fd, GIOCondition condition, gpointer data)
{
    SpiceWatch *watch = data;
    int events = (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR) ? SPICE_WATCH_EVENT_READ : 0) |
                 (condition & G_IO_OUT ? SPICE_WATCH_EVENT_WRITE : 0);

    watch->func(fd, events, watch->opaque);
    return G_SOURCE_CONTINUE;
}

static void
watch_update(SpiceWatch *watch, int mask)
{
    GIOCondition condition = (mask & SPICE_WATCH_EVENT_READ ? G_IO_IN : 0) |
                             (mask & SPICE_WATCH_EVENT_WRITE ? G_IO_OUT : 0);

    g_clear_handle_id(&watch->source, g_source_remove);
    if (condition)
        watch->source = g_unix_fd_add(watch->fd, condition, watch_ready, watch);
}

static SpiceWatch *
watch_add(int fd, int mask, SpiceWatchFunc func, void *opaque)
{
    SpiceWatch *watch = g_new0(SpiceWatch, 1);

    watch->fd = fd;
    watch->func = func;
    watch->opaque = opaque;
    watch_update(watch, mask);
    return watch;
}

static void
watch_remove(SpiceWatch *watch)
{
    g_clear_handle_id(&watch->source, g_source_remove);
    g_free(watch);
}

static void
channel_event(int event, SpiceChannelEventInfo *info)
{
}

static SpiceCoreInterface core = {
    .base = {SPICE_INTERFACE_CORE, "core", SPICE_INTERFACE_CORE_MAJOR, SPICE_INTERFACE_CORE_MINOR},
    .timer_add = timer_add,
    .timer_start = timer_start,
    .timer_cancel = timer_cancel,
    .timer_remove = timer_remove,
    .watch_add = watch_add,
    .watch_update_mask = watch_update,
    .watch_remove = watch_remove,
    .channel_event = channel_event,
};

static void
keyboard_push(SpiceKbdInstance *instance, uint8_t code)
{
    printf("key %u\n", code);
    fflush(stdout);
}

static uint8_t
keyboard_leds(SpiceKbdInstance *instance)
{
    return 0;
}

static const SpiceKbdInterface keyboard_interface = {
    .base = {SPICE_INTERFACE_KEYBOARD, "keyboard", SPICE_INTERFACE_KEYBOARD_MAJOR,
             SPICE_INTERFACE_KEYBOARD_MINOR},
    .push_scan_freg = keyboard_push,
    .get_leds = keyboard_leds,
};

static SpiceKbdInstance keyboard = {.base.sif = &keyboard_interface.base};

static gboolean
on_connection(gint fd, GIOCondition condition, gpointer data)
{
    int taken = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (taken >= 0 && spice_server_add_client(data, taken, 0) != 0)
        close(taken);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_stdin(gint fd, GIOCondition condition, gpointer data)
{
    g_main_loop_quit(data);
    return G_SOURCE_REMOVE;
}

int
main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    SpiceServer *server = spice_server_new();

    spice_server_set_noauth(server);
    spice_server_set_name(server, "test");
    int fd = oriel_listen_unix(argv[1], 0600, (gid_t)-1, &error);
    if (fd < 0 || spice_server_init(server, &core) != 0) {
        fprintf(stderr, "%s\n", error ? error->message : "libspice-server does not start");
        return 1;
    }
    spice_server_add_interface(server, &keyboard.base);
    spice_server_vm_start(server);
    g_unix_fd_add(fd, G_IO_IN, on_connection, server);
    g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP, on_stdin, loop);
    printf("listening\n");
    fflush(stdout);
    g_main_loop_run(loop);
    spice_server_destroy(server);
    close(fd);
    return 0;
}
