/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stock SPICE client for tests: spice-client-glib on a Unix socket, steered by lines on standard
 * input, answering each with one line on standard output.
 *
 *     spice-client PATH
 *
 *     key QNUM           presses and releases a key (scan code, decimal)
 *     pointer X Y        moves the pointer
 *     resize W H         asks for another screen size
 *     clip TEXT          offers TEXT as the clipboard
 *     paste              asks for the other side's text, which comes as "text …"
 *     save FILE          writes the screen as PPM
 *     bytes              how many bytes the display channel read so far: "bytes N"
 *     quit
 *
 * Answers: "ok COMMAND" or "failed …", and by themselves "size W H", "agent 0|1", "mode N",
 * "offered", "text TEXT", "sound RATE", "samples LOUDEST" (after each second of sound), "closed".
 */
#include <gio/gio.h>
#include <gio/gunixinputstream.h>
#include <spice-client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct {
    const char *path;
    GMainLoop *loop;
    SpiceSession *session;
    SpiceMainChannel *main;
    SpiceInputsChannel *inputs;
    SpiceDisplayChannel *display;
    char *clip;
    guint rate, heard;
    int loudest;
} App;

static void G_GNUC_PRINTF(1, 2)
say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

static int
open_socket(const App *app)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_strlcpy(address.sun_path, app->path, sizeof address.sun_path);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void
on_open_fd(SpiceChannel *channel, int tls, gpointer user)
{
    spice_channel_open_fd(channel, open_socket(user));
}

static void
on_event(SpiceChannel *channel, SpiceChannelEvent event, gpointer user)
{
    App *app = user;
    if (event == SPICE_CHANNEL_OPENED)
        return;
    say("closed");
    g_main_loop_quit(app->loop);
}

static void
on_primary(SpiceDisplayChannel *display, int format, int width, int height, int stride, int shm,
           gpointer pixels, gpointer user)
{
    say("size %d %d", width, height);
}

static void
on_agent(SpiceMainChannel *channel, gpointer user)
{
    gboolean connected;
    g_object_get(channel, "agent-connected", &connected, NULL);
    say("agent %d", connected);
}

static void
on_mode(SpiceMainChannel *channel, gpointer user)
{
    int mode;
    g_object_get(channel, "mouse-mode", &mode, NULL);
    say("mode %d", mode);
}

static gboolean
on_grab(SpiceMainChannel *channel, guint selection, guint32 *types, guint n_types, gpointer user)
{
    say("offered");
    return TRUE;
}

static gboolean
on_request(SpiceMainChannel *channel, guint selection, guint type, gpointer user)
{
    App *app = user;
    const char *text = app->clip ? app->clip : "";
    spice_main_channel_clipboard_selection_notify(channel, selection, type, (const guchar *)text,
                                                  strlen(text));
    return TRUE;
}

static void
on_text(SpiceMainChannel *channel, guint selection, guint type, gpointer data, guint size,
        gpointer user)
{
    say("text %.*s", (int)size, (const char *)data);
}

static void
on_sound_start(SpicePlaybackChannel *channel, gint format, gint channels, gint rate, gpointer user)
{
    App *app = user;
    app->rate = (guint)rate;
    app->heard = 0;
    say("sound %d", rate);
}

static void
on_sound(SpicePlaybackChannel *channel, gpointer data, gint size, gpointer user)
{
    App *app = user;
    const gint16 *samples = data;
    for (int i = 0; i < size / 2; i++)
        app->loudest = MAX(app->loudest, ABS((int)samples[i]));
    app->heard += (guint)size / 4;
    if (app->heard < app->rate)
        return;
    say("samples %d", app->loudest);
    app->heard = 0;
    app->loudest = 0;
}

static void
on_channel(SpiceSession *session, SpiceChannel *channel, gpointer user)
{
    App *app = user;
    g_signal_connect(channel, "open-fd", G_CALLBACK(on_open_fd), app);
    if (SPICE_IS_MAIN_CHANNEL(channel)) {
        app->main = SPICE_MAIN_CHANNEL(channel);
        g_signal_connect(channel, "channel-event", G_CALLBACK(on_event), app);
        g_signal_connect(channel, "main-agent-update", G_CALLBACK(on_agent), app);
        g_signal_connect(channel, "main-mouse-update", G_CALLBACK(on_mode), app);
        g_signal_connect(channel, "main-clipboard-selection-grab", G_CALLBACK(on_grab), app);
        g_signal_connect(channel, "main-clipboard-selection-request", G_CALLBACK(on_request), app);
        g_signal_connect(channel, "main-clipboard-selection", G_CALLBACK(on_text), app);
        return;
    }
    if (SPICE_IS_DISPLAY_CHANNEL(channel)) {
        app->display = SPICE_DISPLAY_CHANNEL(channel);
        g_signal_connect(channel, "display-primary-create", G_CALLBACK(on_primary), app);
    } else if (SPICE_IS_INPUTS_CHANNEL(channel)) {
        app->inputs = SPICE_INPUTS_CHANNEL(channel);
    } else if (SPICE_IS_PLAYBACK_CHANNEL(channel)) {
        g_signal_connect(channel, "playback-start", G_CALLBACK(on_sound_start), app);
        g_signal_connect(channel, "playback-data", G_CALLBACK(on_sound), app);
    }
    spice_channel_connect(channel);
}

static gboolean
save(App *app, const char *file)
{
    SpiceDisplayPrimary primary;
    if (!app->display ||
        !spice_display_channel_get_primary(SPICE_CHANNEL(app->display), 0, &primary))
        return FALSE;
    FILE *out = fopen(file, "wb");
    if (!out)
        return FALSE;
    fprintf(out, "P6\n%d %d\n255\n", primary.width, primary.height);
    for (int y = 0; y < primary.height; y++) {
        const guint32 *row = (const guint32 *)(const void *)(primary.data + y * primary.stride);
        for (int x = 0; x < primary.width; x++) {
            guint8 rgb[3] = {row[x] >> 16 & 0xff, row[x] >> 8 & 0xff, row[x] & 0xff};
            fwrite(rgb, 1, 3, out);
        }
    }
    return fclose(out) == 0;
}

static gboolean
obey(App *app, const char *word, const char *rest)
{
    int x = 0, y = 0;
    gboolean two = sscanf(rest, "%d %d", &x, &y) == 2;
    if (g_str_equal(word, "key") && app->inputs) {
        guint code = (guint)atoi(rest); /* SPICE wants 0x100 for 0xe0 */
        code = code & 0x80 ? 0x100 | (code & 0x7f) : code;
        spice_inputs_channel_key_press(app->inputs, code);
        spice_inputs_channel_key_release(app->inputs, code);
        return TRUE;
    }
    if (g_str_equal(word, "pointer") && app->inputs && two) {
        spice_inputs_channel_position(app->inputs, x, y, 0, 0);
        return TRUE;
    }
    if (g_str_equal(word, "resize") && app->main && two) {
        spice_main_channel_update_display_enabled(app->main, 0, TRUE, FALSE);
        spice_main_channel_update_display(app->main, 0, 0, 0, x, y, FALSE);
        return spice_main_channel_send_monitor_config(app->main);
    }
    if (g_str_equal(word, "clip") && app->main) {
        guint32 type = 1; /* VD_AGENT_CLIPBOARD_UTF8_TEXT */
        g_free(app->clip);
        app->clip = g_strdup(rest);
        spice_main_channel_clipboard_selection_grab(app->main, 0, &type, 1);
        return TRUE;
    }
    if (g_str_equal(word, "paste") && app->main) {
        spice_main_channel_clipboard_selection_request(app->main, 0, 1);
        return TRUE;
    }
    if (g_str_equal(word, "bytes") && app->display) {
        gulong bytes;
        g_object_get(app->display, "total-read-bytes", &bytes, NULL);
        say("bytes %lu", bytes);
        return TRUE;
    }
    return g_str_equal(word, "save") && save(app, rest);
}

static void
on_line(GObject *object, GAsyncResult *result, gpointer user)
{
    App *app = user;
    g_autofree char *line =
        g_data_input_stream_read_line_finish(G_DATA_INPUT_STREAM(object), result, NULL, NULL);
    if (!line || g_str_equal(line, "quit")) {
        g_main_loop_quit(app->loop);
        return;
    }
    char *space = strchr(line, ' ');
    if (space)
        *space = '\0';
    if (obey(app, line, space ? space + 1 : ""))
        say("ok %s", line);
    else
        say("failed %s", line);
    g_data_input_stream_read_line_async(G_DATA_INPUT_STREAM(object), 0, NULL, on_line, app);
}

int
main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    App app = {.path = argv[1]};
    app.loop = g_main_loop_new(NULL, FALSE);
    app.session = spice_session_new();
    g_object_set(app.session, "client-sockets", TRUE, "enable-usbredir", FALSE, NULL);
    g_signal_connect(app.session, "channel-new", G_CALLBACK(on_channel), &app);
    int fd = open_socket(&app);
    if (fd < 0 || !spice_session_open_fd(app.session, fd))
        return 1;
    g_autoptr(GInputStream) input = g_unix_input_stream_new(0, FALSE);
    g_autoptr(GDataInputStream) lines = g_data_input_stream_new(input);
    g_data_input_stream_read_line_async(lines, 0, NULL, on_line, &app);
    g_main_loop_run(app.loop);
    spice_session_disconnect(app.session);
    g_object_unref(app.session);
    g_main_loop_unref(app.loop);
    g_free(app.clip);
    return 0;
}
