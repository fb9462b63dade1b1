/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stock VNC client for tests: libvncclient, steered by lines on standard input, answering each
 * with one line on standard output.
 *
 *     vnc-client PORT [ENCODINGS]        connects to 127.0.0.1:PORT
 *
 *     type TEXT          presses and releases the keys of TEXT (to the end of the line)
 *     key NAME           one key: Return, Tab, … (a keysym number in hexadecimal)
 *     pointer X Y MASK   moves the pointer, with these buttons down
 *     resize W H         asks for another screen size; answered at once
 *     clip TEXT          announces TEXT as the clipboard
 *     wait N             answers when N more updates came
 *     quiet MS           answers when no update came for MS milliseconds
 *     until W H          answers when the screen has this size
 *     save FILE          writes the screen as PPM
 *
 * Answers: "ok …", and by themselves "size W H", "cut TEXT", "closed".
 */
#include <glib-unix.h>
#include <rfb/rfbclient.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    rfbClient *client;
    GMainLoop *loop;
    guint updates, wanted_updates;
    guint quiet_ms;
    gint64 last_update; /* µs, monotonic */
    int until_width, until_height;
} App;

static char app_tag; /* libvncclient's key for our data: its address */

static App *
app_of(rfbClient *client)
{
    return rfbClientGetClientData(client, &app_tag);
}

G_GNUC_PRINTF(1, 2)
static void
say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

static void
check_until(App *app)
{
    if (!app->until_width || app->client->width != app->until_width ||
        app->client->height != app->until_height)
        return;
    app->until_width = 0;
    say("ok until");
}

static rfbBool
on_size(rfbClient *client)
{
    gsize size = (gsize)client->width * (gsize)client->height * 4;

    g_free(client->frameBuffer);
    client->frameBuffer = g_malloc0(size);
    client->updateRect = (__typeof__(client->updateRect)){0, 0, client->width, client->height};
    say("size %d %d", client->width, client->height);
    return TRUE;
}

static void
on_updated(rfbClient *client)
{
    App *app = app_of(client);

    app->updates++;
    app->last_update = g_get_monotonic_time();
    check_until(app);
    if (app->wanted_updates && app->updates >= app->wanted_updates) {
        app->wanted_updates = 0;
        say("ok wait");
    }
}

static void
on_cut_text(rfbClient *client, const char *text, int length)
{
    g_autofree char *escaped = g_strescape(text, NULL);

    say("cut %s", escaped);
}

static void
press(App *app, rfbKeySym key)
{
    SendKeyEvent(app->client, key, TRUE);
    SendKeyEvent(app->client, key, FALSE);
}

static void
type(App *app, const char *text)
{
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        press(app, c < 0x100 ? c : 0x01000000 | c);
    }
    say("ok type");
}

static void
save(App *app, const char *path)
{
    rfbClient *client = app->client;
    FILE *file = fopen(path, "wb");

    if (!file) {
        say("failed save");
        return;
    }
    fprintf(file, "P6 %d %d 255\n", client->width, client->height);
    for (int i = 0; i < client->width * client->height; i++) {
        const guint8 *p = client->frameBuffer + (gsize)i * 4;
        fwrite((guint8[]){p[2], p[1], p[0]}, 1, 3, file);
    }
    fclose(file);
    say("ok save");
}

static gboolean
on_quiet(gpointer data)
{
    App *app = data;
    gint64 still = (g_get_monotonic_time() - app->last_update) / 1000;

    if (still < app->quiet_ms) {
        g_timeout_add((guint)(app->quiet_ms - still), on_quiet, app);
        return G_SOURCE_REMOVE;
    }
    say("ok quiet");
    return G_SOURCE_REMOVE;
}

static void
command(App *app, const char *line)
{
    unsigned a, b, c;

    if (g_str_has_prefix(line, "type ")) {
        type(app, line + 5);
    } else if (sscanf(line, "key %x", &a) == 1) {
        press(app, a);
        say("ok key");
    } else if (sscanf(line, "pointer %u %u %u", &a, &b, &c) == 3) {
        SendPointerEvent(app->client, (int)a, (int)b, (int)c);
        say("ok pointer");
    } else if (sscanf(line, "resize %u %u", &a, &b) == 2) {
        SendExtDesktopSize(app->client, (uint16_t)a, (uint16_t)b);
        say("ok resize");
    } else if (g_str_has_prefix(line, "clip ")) {
        g_autofree char *text = g_strdup(line + 5);
        SendClientCutText(app->client, text, (int)strlen(text));
        say("ok clip");
    } else if (sscanf(line, "wait %u", &a) == 1) {
        app->wanted_updates = app->updates + a;
    } else if (sscanf(line, "quiet %u", &a) == 1) {
        app->quiet_ms = a;
        app->last_update = g_get_monotonic_time();
        g_timeout_add(a, on_quiet, app);
    } else if (sscanf(line, "until %u %u", &a, &b) == 2) {
        app->until_width = (int)a;
        app->until_height = (int)b;
        check_until(app);
    } else if (g_str_has_prefix(line, "save ")) {
        save(app, line + 5);
    } else {
        say("failed unknown command");
    }
}

static gboolean
on_input(GIOChannel *input, GIOCondition condition, gpointer data)
{
    App *app = data;
    g_autofree char *line = NULL;

    if (g_io_channel_read_line(input, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL) {
        g_main_loop_quit(app->loop);
        return G_SOURCE_REMOVE;
    }
    command(app, g_strchomp(line));
    return G_SOURCE_CONTINUE;
}

static gboolean
on_server(gint fd, GIOCondition condition, gpointer data)
{
    App *app = data;

    /* libvncclient reads ahead into a buffer of its own: go on until that is used up. */
    do {
        if (!HandleRFBServerMessage(app->client)) {
            say("closed");
            g_main_loop_quit(app->loop);
            return G_SOURCE_REMOVE;
        }
    } while (app->client->buffered > 0);
    return G_SOURCE_CONTINUE;
}

static void
be_silent(const char *format, ...)
{
}

static rfbClient *
connect_client(App *app, const char *port, const char *encodings)
{
    rfbClient *client = rfbGetClient(8, 3, 4);
    int argc = 1;
    char name[] = "vnc-client";
    char *argv[] = {name, NULL};

    free(client->serverHost);
    client->serverHost = strdup("127.0.0.1");
    client->serverPort = (int)g_ascii_strtoll(port, NULL, 10);
    client->MallocFrameBuffer = on_size;
    client->FinishedFrameBufferUpdate = on_updated;
    client->GotXCutText = on_cut_text;
    client->canHandleNewFBSize = TRUE;
    client->appData.encodingsString = encodings;
    client->appData.useRemoteCursor = TRUE;
    client->format.redShift = 16;
    client->format.greenShift = 8;
    client->format.blueShift = 0;
    rfbClientSetClientData(client, &app_tag, app);
    app->client = client;
    return rfbInitClient(client, &argc, argv) ? client : NULL;
}

int
main(int argc, char **argv)
{
    App app = {0};

    if (argc < 2)
        return 2;
    if (!g_getenv("VNC_CLIENT_LOG"))
        rfbClientLog = rfbClientErr = be_silent;
    if (!connect_client(&app, argv[1], argc > 2 ? argv[2] : "tight zrle hextile raw")) {
        say("closed");
        return 1;
    }
    app.loop = g_main_loop_new(NULL, FALSE);
    GIOChannel *input = g_io_channel_unix_new(0);
    g_io_add_watch(input, G_IO_IN | G_IO_HUP, on_input, &app);
    g_unix_fd_add(app.client->sock, G_IO_IN | G_IO_HUP, on_server, &app);
    say("ok connected");
    g_main_loop_run(app.loop);
    g_io_channel_unref(input);
    g_main_loop_unref(app.loop);
    g_free(app.client->frameBuffer);
    rfbClientCleanup(app.client);
    return 0;
}
