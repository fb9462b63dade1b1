/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer.h"
#include "rfb-h264.h"

#include <dlfcn.h>
#include <rfb/rfbclient.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct Viewer {
    rfbClient *client;
    char *encodings;
    guint64 updates;
    const ViewerEvents *events;
    gpointer user;
};

static char viewer_tag; /* libvncclient's key for our data: its address */

/* libvncclient reads with read(), and has no counter: ours stands before the C library's. What is
 * no standard stream is the connection. */
static guint64 received;

gssize read(int fd, void *data, gsize size);

gssize
read(int fd, void *data, gsize size)
{
    static gssize (*next)(int, void *, gsize);
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "read");
    gssize n = next(fd, data, size);
    if (fd > STDERR_FILENO)
        received += (guint64)MAX(n, 0);
    return n;
}

static rfbBool
on_size(rfbClient *client)
{
    gsize size = (gsize)client->width * (gsize)client->height * 4;
    g_free(client->frameBuffer);
    client->frameBuffer = g_malloc0(size);
    client->updateRect = (__typeof__(client->updateRect)){0, 0, client->width, client->height};
    return TRUE;
}

static void
on_updated(rfbClient *client)
{
    Viewer *viewer = rfbClientGetClientData(client, &viewer_tag);
    viewer->updates++;
    if (viewer->events && viewer->events->updated)
        viewer->events->updated(viewer->user);
}

static void
on_rectangle(rfbClient *client, int x, int y, int w, int h)
{
    Viewer *viewer = rfbClientGetClientData(client, &viewer_tag);
    if (viewer->events && viewer->events->rectangle)
        viewer->events->rectangle(x, y, w, h, viewer->user);
}

static void
on_log(const char *format, ...)
{
}

/* Fence and ContinuousUpdates, which libvncclient lacks. It reads one message after the other, so
 * what came before a fence is shown when the fence is answered. */
#define FENCE         248
#define FENCE_REQUEST (1u << 31)
#define CONTINUOUS    150

static gboolean
answer_fence(rfbClient *client)
{
    guint8 fence[9 + 64] = {FENCE}; /* type, three of padding, flags, length, payload */

    if (!ReadFromRFBServer(client, (char *)fence + 1, 8) || fence[8] > 64 ||
        !ReadFromRFBServer(client, (char *)fence + 9, fence[8]))
        return FALSE;
    if (!(fence[4] & FENCE_REQUEST >> 24))
        return TRUE;
    fence[4] = 0; /* an answer, with the flags that there are, all in the last byte */
    return WriteToRFBServer(client, (const char *)fence, 9 + fence[8]);
}

static gboolean
start_continuous(rfbClient *client)
{
    struct {
        guint8 type, on;
        guint16 x, y, width, height;
    } message = {CONTINUOUS,
                 1,
                 0,
                 0,
                 GUINT16_TO_BE((guint16)client->width),
                 GUINT16_TO_BE((guint16)client->height)};

    return WriteToRFBServer(client, (const char *)&message, sizeof message);
}

static rfbBool
on_message(rfbClient *client, rfbServerToClientMsg *message)
{
    if (message->type == FENCE)
        return (rfbBool)answer_fence(client);
    return (rfbBool)(message->type == CONTINUOUS && start_continuous(client));
}

static void
ask_for_fences(void)
{
    static int encodings[] = {-312, -313, 0};
    static rfbClientProtocolExtension extension = {.encodings = encodings,
                                                   .handleMessage = on_message};

    rfbClientRegisterExtension(&extension);
}

static rfbClient *
client_new(Viewer *viewer, const char *path, const ViewerSettings *settings)
{
    rfbClient *client = rfbGetClient(8, 3, 4);
    rfbClientLog = on_log;
    client->MallocFrameBuffer = on_size;
    client->FinishedFrameBufferUpdate = on_updated;
    client->GotFrameBufferUpdate = on_rectangle;
    client->canHandleNewFBSize = TRUE;
    client->serverHost = strdup(path);
    client->appData.encodingsString = viewer->encodings;
    client->appData.qualityLevel = settings->quality;
    client->appData.enableJPEG = settings->quality >= 0;
    client->appData.compressLevel = settings->compress;
    client->appData.useRemoteCursor = FALSE;
    client->format.redShift = 16;
    client->format.greenShift = 8;
    client->format.blueShift = 0;
    rfbClientSetClientData(client, &viewer_tag, viewer);
    return client;
}

Viewer *
viewer_new(const char *path, const ViewerSettings *settings)
{
    Viewer *viewer = g_new0(Viewer, 1);
    signal(SIGPIPE, SIG_IGN); /* a server may end while it is asked */
    viewer->encodings = g_strdup(settings->encodings);
    if (settings->fences)
        ask_for_fences();
    viewer->client = client_new(viewer, path, settings);
    if (!rfbInitClient(viewer->client, NULL, NULL)) {
        viewer->client = NULL; /* freed by the library */
        g_clear_pointer(&viewer, viewer_free);
    } else if (strstr(settings->encodings, "h264")) {
        rfb_h264_ask(viewer->client, settings->quality);
    }
    return viewer;
}

void
viewer_free(Viewer *viewer)
{
    if (!viewer)
        return;
    if (viewer->client) {
        rfb_h264_clear(viewer->client);
        g_clear_pointer(&viewer->client->frameBuffer, g_free);
        rfbClientCleanup(viewer->client);
    }
    g_free(viewer->encodings);
    g_free(viewer);
}

void
viewer_watch(Viewer *viewer, const ViewerEvents *events, gpointer user)
{
    viewer->events = events;
    viewer->user = user;
}

int
viewer_fd(const Viewer *viewer)
{
    return viewer->client->sock;
}

gboolean
viewer_step(Viewer *viewer, guint milliseconds)
{
    rfbClient *client = viewer->client;
    int ready = client->buffered ? 1 : WaitForMessage(client, milliseconds * 1000);
    return ready == 0 || (ready > 0 && HandleRFBServerMessage(client));
}

gboolean
viewer_has_more(const Viewer *viewer)
{
    return viewer->client->buffered > 0;
}

void
viewer_key(Viewer *viewer, guint32 keysym, gboolean down)
{
    SendKeyEvent(viewer->client, keysym, (rfbBool)down);
}

guint64
viewer_bytes(const Viewer *viewer)
{
    return received;
}

guint64
viewer_updates(const Viewer *viewer)
{
    return viewer->updates;
}

int
viewer_width(const Viewer *viewer)
{
    return viewer->client->width;
}

int
viewer_height(const Viewer *viewer)
{
    return viewer->client->height;
}

const guint32 *
viewer_pixels(const Viewer *viewer)
{
    return (const guint32 *)(const void *)viewer->client->frameBuffer;
}
