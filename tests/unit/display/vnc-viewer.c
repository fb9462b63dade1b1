/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-viewer.h"

#include <pthread.h>
#include <rfb/rfbclient.h>
#include <string.h>

/* libvncclient forgets its JPEG decoder. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
    return "leak:tjInitDecompress";
}

typedef struct {
    enum { ACTION_KEY, ACTION_POINTER, ACTION_CUT_TEXT, ACTION_ENCODINGS } kind;
    guint32 a;
    int b, c;
    char *text;
} Action;

struct VncViewer {
    VncViewerOptions options;
    rfbClient *client; /* the thread's */
    GThread *thread;
    GAsyncQueue *actions;
    int fd, stop, pause, failed; /* atomic, but fd */
    pthread_mutex_t mutex;       /* over the client's framebuffer and cut_text */
    gboolean has_picture;
    char *cut_text;
    char *encodings; /* the thread's: what replaced those of the options */
};

static char viewer_key;

static void
on_update_done(rfbClient *client)
{
    VncViewer *viewer = rfbClientGetClientData(client, &viewer_key);
    viewer->has_picture = TRUE;
}

static void
on_cut_text(rfbClient *client, const char *text, int length)
{
    VncViewer *viewer = rfbClientGetClientData(client, &viewer_key);
    g_free(viewer->cut_text);
    viewer->cut_text = g_strndup(text, (gsize)length);
}

static void
action_free(gpointer user)
{
    Action *action = user;
    g_free(action->text);
    g_free(action);
}

static void
change_encodings(VncViewer *viewer, Action *action)
{
    rfbClient *client = viewer->client;
    g_free(viewer->encodings);
    viewer->encodings = g_steal_pointer(&action->text);
    client->appData.encodingsString = viewer->encodings;
    client->appData.enableJPEG = action->b >= 0;
    client->appData.qualityLevel = MAX(action->b, 0);
    SetFormatAndEncodings(client);
}

static void
act(VncViewer *viewer)
{
    Action *action;
    while ((action = g_async_queue_try_pop(viewer->actions))) {
        if (action->kind == ACTION_KEY)
            SendKeyEvent(viewer->client, action->a, action->b);
        else if (action->kind == ACTION_POINTER)
            SendPointerEvent(viewer->client, action->b, action->c, (int)action->a);
        else if (action->kind == ACTION_ENCODINGS)
            change_encodings(viewer, action);
        else
            SendClientCutText(viewer->client, action->text, (int)strlen(action->text));
        action_free(action);
    }
}

static gboolean
begin(VncViewer *viewer)
{
    rfbClient *client = viewer->client;
    const VncViewerExtension *extension = viewer->options.extension;
    if (!InitialiseRFBConnection(client))
        return FALSE;
    client->width = client->si.framebufferWidth;
    client->height = client->si.framebufferHeight;
    client->updateRect.x = client->updateRect.y = 0;
    client->updateRect.w = client->width;
    client->updateRect.h = client->height;
    return client->MallocFrameBuffer(client) && SetFormatAndEncodings(client) &&
           (!extension || extension->begin(client, viewer->options.quality)) &&
           SendFramebufferUpdateRequest(client, 0, 0, client->width, client->height, FALSE);
}

static gpointer
run(gpointer user)
{
    VncViewer *viewer = user;
    gboolean ok;
    pthread_mutex_lock(&viewer->mutex);
    ok = begin(viewer);
    pthread_mutex_unlock(&viewer->mutex);
    while (ok && !g_atomic_int_get(&viewer->stop)) {
        int ready;
        act(viewer);
        if (g_atomic_int_get(&viewer->pause)) {
            g_usleep(1000);
            continue;
        }
        ready = WaitForMessage(viewer->client, 5000);
        pthread_mutex_lock(&viewer->mutex);
        ok = ready >= 0 && (ready == 0 || HandleRFBServerMessage(viewer->client));
        pthread_mutex_unlock(&viewer->mutex);
    }
    if (!ok)
        g_atomic_int_set(&viewer->failed, 1);
    return NULL;
}

VncViewer *
vnc_viewer_new(int fd, const VncViewerOptions *options)
{
    VncViewer *viewer = g_new0(VncViewer, 1);
    rfbClient *client = options->bytes == 1   ? rfbGetClient(2, 3, 1)
                        : options->bytes == 2 ? rfbGetClient(5, 3, 2)
                                              : rfbGetClient(8, 3, 4);
    rfbEnableClientLogging = FALSE;
    viewer->options = *options;
    viewer->client = client;
    viewer->fd = fd;
    viewer->actions = g_async_queue_new_full(action_free);
    pthread_mutex_init(&viewer->mutex, NULL);
    rfbClientSetClientData(client, &viewer_key, viewer);
    client->sock = fd;
    client->canHandleNewFBSize = TRUE;
    client->appData.encodingsString = options->encodings;
    client->appData.enableJPEG = options->quality >= 0;
    client->appData.qualityLevel = MAX(options->quality, 0);
    client->FinishedFrameBufferUpdate = on_update_done;
    client->GotXCutText = on_cut_text;
    if (options->reversed) {
        guint8 red = client->format.redShift;
        client->format.redShift = client->format.blueShift;
        client->format.blueShift = red;
    }
    viewer->thread = g_thread_new("viewer", run, viewer);
    return viewer;
}

void
vnc_viewer_free(VncViewer *viewer)
{
    g_atomic_int_set(&viewer->stop, 1);
    g_thread_join(viewer->thread);
    free(viewer->client->frameBuffer);
    viewer->client->frameBuffer = NULL;
    if (viewer->options.extension)
        viewer->options.extension->end(viewer->client);
    rfbClientCleanup(viewer->client); /* closes the socket */
    g_async_queue_unref(viewer->actions);
    pthread_mutex_destroy(&viewer->mutex);
    g_free(viewer->cut_text);
    g_free(viewer->encodings);
    g_free(viewer);
}

/* libvncclient leaves the unused byte as it likes. */
static gboolean
rows_equal(const guint8 *row, const guint8 *expected, int width, int bytes)
{
    if (bytes < 4)
        return memcmp(row, expected, (gsize)(width * bytes)) == 0;
    for (int i = 0; i < width * 4; i += 4)
        if (row[i] != expected[i] || row[i + 1] != expected[i + 1] || row[i + 2] != expected[i + 2])
            return FALSE;
    return TRUE;
}

static int
find_wrong(const VncViewer *viewer, const guint32 *pixels, int stride, int from)
{
    const rfbClient *client = viewer->client;
    const rfbPixelFormat *f = &client->format;
    PixelFormat format;
    int bytes = f->bitsPerPixel / 8;
    g_autofree guint8 *expected = g_malloc((gsize)client->width * 4);
    g_assert_true(pixel_format_init(&format, f->bitsPerPixel, f->depth, f->bigEndian != 0,
                                    (guint[]){f->redMax, f->greenMax, f->blueMax},
                                    (guint[]){f->redShift, f->greenShift, f->blueShift}));
    for (int i = 0; i < client->height; i++) {
        int y = (from + i) % client->height;
        const guint8 *row = client->frameBuffer + (gsize)y * (gsize)client->width * (gsize)bytes;
        pixel_format_convert(&format, pixels + (gsize)y * (gsize)stride, client->width, expected);
        if (!rows_equal(row, expected, client->width, bytes))
            return y;
    }
    return client->height;
}

int
vnc_viewer_wrong_row(VncViewer *viewer, const guint32 *pixels, int stride, int width, int height,
                     int from)
{
    int wrong = -1;
    if (pthread_mutex_trylock(&viewer->mutex) != 0) /* it waits for more of us */
        return -1;
    if (viewer->has_picture && viewer->client->width == width && viewer->client->height == height)
        wrong = find_wrong(viewer, pixels, stride, from);
    pthread_mutex_unlock(&viewer->mutex);
    return wrong;
}

char *
vnc_viewer_hash(VncViewer *viewer)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    const rfbClient *client = viewer->client;
    if (pthread_mutex_trylock(&viewer->mutex) != 0)
        return NULL;
    for (int i = 0; i < client->width * client->height; i++) {
        guint32 value;
        memcpy(&value, client->frameBuffer + (gsize)i * 4, 4);
        guint8 pixel[4] = {(guint8)(value >> client->format.blueShift),
                           (guint8)(value >> client->format.greenShift),
                           (guint8)(value >> client->format.redShift), 0};
        g_checksum_update(checksum, pixel, 4);
    }
    pthread_mutex_unlock(&viewer->mutex);
    return g_strdup(g_checksum_get_string(checksum));
}

int
vnc_viewer_distance(VncViewer *viewer, const guint32 *pixels, int stride, int x, int y, int width,
                    int height)
{
    gint64 sum = -1;
    if (pthread_mutex_trylock(&viewer->mutex) != 0)
        return -1;
    if (viewer->has_picture && viewer->client->width >= x + width &&
        viewer->client->height >= y + height) {
        const guint32 *shown = (const guint32 *)(gpointer)viewer->client->frameBuffer;
        const rfbPixelFormat *f = &viewer->client->format;
        const int shifts[] = {f->blueShift, f->greenShift, f->redShift};
        sum = 0;
        for (int v = y; v < y + height; v++)
            for (int u = x; u < x + width; u++)
                for (int i = 0; i < 3; i++)
                    sum += abs((int)(shown[v * viewer->client->width + u] >> shifts[i] & 0xff) -
                               (int)(pixels[v * stride + u] >> (8 * i) & 0xff));
        sum = sum * 256 / ((gint64)width * height * 3);
    }
    pthread_mutex_unlock(&viewer->mutex);
    return (int)sum;
}

gboolean
vnc_viewer_look(VncViewer *viewer, void (*look)(rfbClient *client, gpointer user), gpointer user)
{
    if (pthread_mutex_trylock(&viewer->mutex) != 0)
        return FALSE;
    look(viewer->client, user);
    pthread_mutex_unlock(&viewer->mutex);
    return TRUE;
}

gboolean
vnc_viewer_failed(VncViewer *viewer)
{
    return g_atomic_int_get(&viewer->failed);
}

static void
queue(VncViewer *viewer, Action action)
{
    g_async_queue_push(viewer->actions, g_memdup2(&action, sizeof action));
}

void
vnc_viewer_key(VncViewer *viewer, guint32 keysym, gboolean down)
{
    queue(viewer, (Action){.kind = ACTION_KEY, .a = keysym, .b = down});
}

void
vnc_viewer_pointer(VncViewer *viewer, int x, int y, int buttons)
{
    queue(viewer, (Action){.kind = ACTION_POINTER, .a = (guint32)buttons, .b = x, .c = y});
}

void
vnc_viewer_cut_text(VncViewer *viewer, const char *text)
{
    queue(viewer, (Action){.kind = ACTION_CUT_TEXT, .text = g_strdup(text)});
}

char *
vnc_viewer_cut_text_received(VncViewer *viewer)
{
    char *text;
    if (pthread_mutex_trylock(&viewer->mutex) != 0)
        return NULL;
    text = g_strdup(viewer->cut_text);
    pthread_mutex_unlock(&viewer->mutex);
    return text;
}

void
vnc_viewer_encodings(VncViewer *viewer, const char *encodings, int quality)
{
    queue(viewer, (Action){.kind = ACTION_ENCODINGS, .text = g_strdup(encodings), .b = quality});
}

void
vnc_viewer_pause(VncViewer *viewer, gboolean pause)
{
    g_atomic_int_set(&viewer->pause, pause);
}
