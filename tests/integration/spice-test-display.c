/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A display made of libspice-server alone: main and inputs channels on the Unix socket PATH, no
 * ticket. Usage: spice-test-display PATH. Prints "listening", then "key CODE" for each scan code;
 * ends with its standard input.
 */
#include "common/unix-socket.h"
#include "sink/spice-core.h"

#include <glib-unix.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

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
    if (fd < 0 || spice_server_init(server, spice_core()) != 0) {
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
