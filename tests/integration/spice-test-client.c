/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stock SPICE client library through a proxy, as remote-viewer uses it. Presses and releases
 * the key 30 once the inputs channel is open, and stays until its standard input ends. Usage:
 * spice-test-client PROXY ROUTE TLS-PORT CA-FILE, the password as the first line of standard input.
 * Prints "main opened", "inputs opened", or "main EVENT-NUMBER" for what goes wrong. Exit status 0
 * when it was told to end.
 */
#include <glib-unix.h>
#include <spice-client.h>
#include <stdio.h>
#include <unistd.h>

static void
say(const char *what, int number)
{
    printf("%s %d\n", what, number);
    fflush(stdout);
}

static void
main_event(SpiceChannel *channel, SpiceChannelEvent event, gpointer data)
{
    if (event == SPICE_CHANNEL_OPENED)
        puts("main opened");
    else
        say("main", event);
    fflush(stdout);
}

static void
inputs_event(SpiceChannel *channel, SpiceChannelEvent event, gpointer data)
{
    if (event != SPICE_CHANNEL_OPENED) {
        say("inputs", event);
        return;
    }
    puts("inputs opened");
    fflush(stdout);
    spice_inputs_channel_key_press(SPICE_INPUTS_CHANNEL(channel), 30);
    spice_inputs_channel_key_release(SPICE_INPUTS_CHANNEL(channel), 30);
}

static void
channel_new(SpiceSession *session, SpiceChannel *channel, gpointer data)
{
    if (SPICE_IS_MAIN_CHANNEL(channel))
        g_signal_connect(channel, "channel-event", G_CALLBACK(main_event), NULL);
    if (SPICE_IS_INPUTS_CHANNEL(channel)) {
        g_signal_connect(channel, "channel-event", G_CALLBACK(inputs_event), NULL);
        spice_channel_connect(channel);
    }
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
    char password[128];

    if (argc != 5 || !fgets(password, sizeof password, stdin))
        return 2;
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    SpiceSession *session = spice_session_new();

    g_object_set(session, "proxy", argv[1], "host", argv[2], "tls-port", argv[3], "ca-file",
                 argv[4], "cert-subject", "CN=localhost", "password", g_strchomp(password),
                 "enable-audio", FALSE, "enable-usbredir", FALSE, NULL);
    g_signal_connect(session, "channel-new", G_CALLBACK(channel_new), NULL);
    if (!spice_session_connect(session))
        return 1;
    g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP, on_stdin, loop);
    g_main_loop_run(loop);
    spice_session_disconnect(session);
    g_object_unref(session);
    return 0;
}
