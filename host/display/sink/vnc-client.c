/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/vnc-client.h"

#include "region.h"
#include "sink/vnc-keys.h"

#include <glib-unix.h>
#include <linux/sockios.h>
#include <rfb/rfb.h>
#include <rfb/rfbregion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_WAIT_MS  2000 /* for a client that stops in the midst of a message, or does not read */
#define RETRY_MS     5 /* a client that is still reading is asked this often whether it is done */
#define START_WIDTH  640
#define START_HEIGHT 480

struct VncClient {
    const SinkContext *context;
    const VncClientEvents *events;
    gpointer user;
    rfbScreenInfoPtr screen;
    rfbClientPtr rfb; /* NULL once closed */
    int fd;
    InputClient *input;
    ClipboardParty *party;
    const Frame *frame;
    guint32 *blank; /* what it shows before the first frame */
    guint reading, retry, going;
};

static gboolean
report_gone(gpointer user)
{
    VncClient *client = user;
    client->going = 0;
    client->events->gone(client, client->user);
    return G_SOURCE_REMOVE;
}

static void
go(VncClient *client)
{
    g_clear_handle_id(&client->reading, g_source_remove);
    g_clear_handle_id(&client->retry, g_source_remove);
    if (!client->going)
        client->going = g_idle_add_full(G_PRIORITY_DEFAULT, report_gone, client, NULL);
}

static gboolean
is_closed(const VncClient *client)
{
    return !client->rfb || client->rfb->sock == RFB_INVALID_SOCKET;
}

gboolean
vnc_client_is_up(const VncClient *client)
{
    return !is_closed(client) && client->rfb->state == RFB_NORMAL;
}

/* The screen shows the frame's own pixels: they stand still while the main thread is here. */
static void
follow_frame(VncClient *client)
{
    rfbScreenInfoPtr screen = client->screen;
    const Frame *frame = client->frame;
    if (!frame || screen->frameBuffer == (char *)frame->pixels)
        return;
    rfbNewFramebuffer(screen, (char *)frame->pixels, frame->width, frame->height, 8, 3, 4);
    screen->paddedWidthInBytes = frame->stride * 4;
    screen->serverFormat.redShift = 16;
    screen->serverFormat.greenShift = 8;
    screen->serverFormat.blueShift = 0;
    if (client->rfb)
        screen->setTranslateFunction(client->rfb);
    g_clear_pointer(&client->blank, g_free);
}

static gboolean
has_read_all(VncClient *client)
{
    int left = 0;
    return ioctl(client->fd, SIOCOUTQ, &left) < 0 || left == 0;
}

static gboolean
asks(VncClient *client)
{
    return vnc_client_is_up(client) && !sraRgnEmpty(client->rfb->requestedRegion);
}

static gboolean retry(gpointer user);

static void
send_update(VncClient *client)
{
    if (!asks(client))
        return;
    if (!has_read_all(client)) {
        if (!client->retry)
            client->retry = g_timeout_add(RETRY_MS, retry, client);
        return;
    }
    follow_frame(client);
    rfbUpdateClient(client->rfb);
    if (is_closed(client))
        go(client);
}

static gboolean
retry(gpointer user)
{
    VncClient *client = user;
    if (!has_read_all(client))
        return G_SOURCE_CONTINUE;
    client->retry = 0;
    send_update(client);
    client->context->events->wants_frame(client->context->user);
    return G_SOURCE_REMOVE;
}

static gboolean
readable(gint fd, GIOCondition condition, gpointer user)
{
    VncClient *client = user;
    rfbProcessClientMessage(client->rfb);
    if (is_closed(client)) {
        client->reading = 0;
        go(client);
        return G_SOURCE_REMOVE;
    }
    if (asks(client)) {
        send_update(client);
        client->context->events->wants_frame(client->context->user);
    }
    return G_SOURCE_CONTINUE;
}

/* libvncserver's hooks ---------------------------------------------------------------------------
 */

static void
on_key(rfbBool down, rfbKeySym keysym, rfbClientPtr rfb)
{
    VncClient *client = rfb->screen->screenData;
    input_client_keysym(client->input, keysym, down != 0);
}

static void
on_pointer(int buttons, int x, int y, rfbClientPtr rfb)
{
    VncClient *client = rfb->screen->screenData;
    input_client_pointer(client->input, x, y, (guint)buttons);
}

static void
on_cut_text(char *text, int length, rfbClientPtr rfb)
{
    VncClient *client = rfb->screen->screenData;
    g_autofree char *utf8 = g_convert(text, length, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
    if (!utf8)
        return;
    clipboard_offer(client->party);
    clipboard_provide(client->party, utf8, -1);
}

static void
on_cut_text_utf8(char *text, int length, rfbClientPtr rfb)
{
    VncClient *client = rfb->screen->screenData;
    clipboard_offer(client->party);
    clipboard_provide(client->party, text, length);
}

static int
on_desktop_size(int width, int height, int n_screens, rfbExtDesktopScreen *screens,
                rfbClientPtr rfb)
{
    VncClient *client = rfb->screen->screenData;
    if (width <= 0 || height <= 0)
        return rfbExtDesktopSize_InvalidScreenLayout;
    client->context->events->resize_wanted(width, height, client->context->user);
    return rfbExtDesktopSize_Success;
}

void
vnc_keys_pressed(rfbClientPtr rfb, guint qnum, guint32 keysym, gboolean down)
{
    VncClient *client = rfb->screen->screenData;
    if (qnum)
        input_client_key(client->input, qnum, down);
    else
        input_client_keysym(client->input, keysym, down);
}

/* The clipboard ----------------------------------------------------------------------------------
 */

static void
on_text(const char *text, gpointer user)
{
    VncClient *client = user;
    if (!text || !vnc_client_is_up(client))
        return;
    gsize latin1_size = 0;
    g_autofree char *latin1 =
        g_convert_with_fallback(text, -1, "ISO-8859-1", "UTF-8", "?", NULL, &latin1_size, NULL);
    g_autofree char *copy = g_strdup(text);
    /* The function for both announces the length of the one and sends the other, in libvncserver
     * 0.9.14. */
    if (client->rfb->enableExtendedClipboard)
        rfbSendServerCutTextUTF8(client->screen, copy, (int)strlen(copy), NULL, 0);
    else if (latin1)
        rfbSendServerCutText(client->screen, latin1, (int)latin1_size);
    if (is_closed(client))
        go(client);
}

static void
on_offered(gpointer user)
{
    VncClient *client = user;
    clipboard_fetch(client->party, on_text, client);
}

static const ClipboardEvents clipboard_events = {.offered = on_offered};

/* Life -------------------------------------------------------------------------------------------
 */

static rfbScreenInfoPtr
make_screen(VncClient *client)
{
    rfbScreenInfoPtr screen = rfbGetScreen(NULL, NULL, START_WIDTH, START_HEIGHT, 8, 3, 4);
    if (!screen)
        return NULL;
    client->blank = g_new0(guint32, START_WIDTH * START_HEIGHT);
    screen->frameBuffer = (char *)client->blank;
    screen->desktopName = client->context->name ? client->context->name : "Oriel";
    screen->screenData = client;
    screen->serverFormat.redShift = 16;
    screen->serverFormat.greenShift = 8;
    screen->serverFormat.blueShift = 0;
    screen->autoPort = FALSE;
    screen->port = screen->ipv6port = screen->httpPort = -1;
    screen->listenSock = screen->listen6Sock = RFB_INVALID_SOCKET;
    screen->alwaysShared = TRUE;
    screen->deferUpdateTime = 0;
    screen->maxClientWait = MAX_WAIT_MS;
    screen->permitFileTransfer = FALSE;
    screen->cursor = NULL;
    screen->kbdAddEvent = on_key;
    screen->ptrAddEvent = on_pointer;
    screen->setXCutText = on_cut_text;
    screen->setXCutTextUTF8 = on_cut_text_utf8;
    screen->setDesktopSizeHook = on_desktop_size;
    return screen;
}

VncClient *
vnc_client_new(const SinkContext *context, int fd, const Frame *frame, Cursor *cursor,
               const VncClientEvents *events, gpointer user)
{
    VncClient *client = g_new0(VncClient, 1);
    client->context = context;
    client->events = events;
    client->user = user;
    client->frame = frame;
    client->fd = fd;
    vnc_keys_register();
    client->screen = make_screen(client);
    if (!client->screen)
        close(fd);
    if (client->screen)
        follow_frame(client);
    client->rfb =
        client->screen ? rfbNewClient(client->screen, fd) : NULL; /* closes fd on failure */
    if (is_closed(client)) {
        vnc_client_free(client);
        return NULL;
    }
    client->input = input_client_new(context->input);
    client->party = clipboard_join(context->clipboard, &clipboard_events, client);
    vnc_client_cursor(client, cursor);
    client->reading = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, client);
    return client;
}

void
vnc_client_free(VncClient *client)
{
    if (!client)
        return;
    g_clear_handle_id(&client->reading, g_source_remove);
    g_clear_handle_id(&client->retry, g_source_remove);
    g_clear_handle_id(&client->going, g_source_remove);
    clipboard_leave(client->party);
    input_client_free(client->input);
    if (client->rfb) {
        if (client->rfb->sock != RFB_INVALID_SOCKET)
            rfbCloseClient(client->rfb);
        rfbClientConnectionGone(client->rfb);
    }
    if (client->screen)
        rfbScreenCleanup(client->screen);
    g_free(client->blank);
    g_free(client);
}

gboolean
vnc_client_ready(VncClient *client)
{
    return asks(client) && has_read_all(client);
}

void
vnc_client_update(VncClient *client, const Frame *frame)
{
    client->frame = frame;
    if (is_closed(client))
        return;
    follow_frame(client);
    int n_boxes;
    const pixman_box32_t *boxes = region_boxes(&frame->damage, &n_boxes);
    for (int i = 0; i < n_boxes; i++)
        rfbMarkRectAsModified(client->screen, boxes[i].x1, boxes[i].y1, boxes[i].x2, boxes[i].y2);
    send_update(client);
}

static void
fill_cursor(rfbCursorPtr shape, const Cursor *cursor)
{
    gsize row = ((gsize)cursor->width + 7) / 8;
    gsize pixels = (gsize)cursor->width * cursor->height;
    shape->cleanup = shape->cleanupMask = shape->cleanupRichSource = TRUE;
    shape->width = (unsigned short)cursor->width;
    shape->height = (unsigned short)cursor->height;
    shape->xhot = (unsigned short)cursor->hot_x;
    shape->yhot = (unsigned short)cursor->hot_y;
    shape->richSource = malloc(pixels * 4);
    shape->mask = calloc(row, (size_t)cursor->height);
    memcpy(shape->richSource, cursor->pixels, pixels * 4);
    for (int y = 0; y < cursor->height; y++)
        for (int x = 0; x < cursor->width; x++)
            if (cursor->pixels[y * cursor->width + x] >> 24 >= 128)
                shape->mask[(gsize)y * row + (gsize)x / 8] |= (unsigned char)(0x80 >> (x & 7));
}

/* libvncserver frees with free(), so what it owns comes from malloc(). */
void
vnc_client_cursor(VncClient *client, Cursor *cursor)
{
    static const guint32 nothing = 0;
    rfbCursorPtr shape = calloc(1, sizeof *shape);
    if (cursor) {
        fill_cursor(shape, cursor);
    } else {
        g_autofree Cursor *hidden = cursor_new(1, 1, 0, 0, (const guint8 *)&nothing, 4);
        fill_cursor(shape, hidden);
    }
    rfbSetCursor(client->screen, shape);
    send_update(client);
}
