/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rfb-client.h"

#include "common/error.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <rfb/rfbclient.h>

/* An update with more rectangles than this is presented in several steps. */
#define MAX_RECTS 256
/* The last but one button that RFB knows; those after it are in no mask of eight bits. */
#define BUTTON_MASK 0xff

struct RfbClient {
    rfbClient *rfb;
    const char *password; /* while it signs in */
    gboolean asked;       /* for the password */
    Surface *surface;
    Outbox *outbox;
    guint32 *pixels; /* libvncclient draws here */
    int width, height;
    pixman_box16_t changed[MAX_RECTS]; /* of the update that is being read */
    guint n_changed;
    gboolean updated, resized; /* by the message that is being read */
    gboolean takes_sizes;      /* it has told its screens, and so takes wishes for another size */
    gboolean outdated;
};

static char tag; /* its address names our data in a rfbClient */

static RfbClient *
ours(rfbClient *rfb)
{
    return rfbClientGetClientData(rfb, &tag);
}

/* --- what libvncclient tells, on the thread that reads --- */

static rfbBool
make_room(rfbClient *rfb)
{
    RfbClient *client = ours(rfb);
    int width = 0, height = 0;
    g_clear_pointer(&client->pixels, g_free);
    rfb->frameBuffer = NULL;
    client->n_changed = 0;
    client->resized = TRUE;
    if (rfb->width < 1 || rfb->height < 1 || rfb->width > SURFACE_MAX_SIDE ||
        rfb->height > SURFACE_MAX_SIDE)
        return FALSE;
    client->pixels = g_try_malloc0_n((gsize)rfb->width * rfb->height, sizeof(guint32));
    if (!client->pixels)
        return FALSE;
    client->width = rfb->width;
    client->height = rfb->height;
    rfb->frameBuffer = (guint8 *)client->pixels;
    rfb->updateRect.x = rfb->updateRect.y = 0;
    rfb->updateRect.w = rfb->width;
    rfb->updateRect.h = rfb->height;
    /* What it showed last stays until something newer comes. */
    return (surface_size(client->surface, &width, &height) && width == client->width &&
            height == client->height) ||
           surface_resize(client->surface, client->width, client->height);
}

static void
present(rfbClient *rfb)
{
    RfbClient *client = ours(rfb);
    gsize stride = (gsize)client->width * sizeof(guint32);
    client->updated = TRUE;
    for (guint i = 0; i < client->n_changed; i++) {
        const pixman_box16_t *box = &client->changed[i];
        const guint32 *first = client->pixels + (gsize)box->y1 * client->width + box->x1;
        gsize rest = ((gsize)client->height - box->y1) * stride - box->x1 * sizeof(guint32);
        surface_write(client->surface, box->x1, box->y1, box->x2 - box->x1, box->y2 - box->y1,
                      (const guint8 *)first, stride, rest);
    }
    client->n_changed = 0;
}

static void
changed(rfbClient *rfb, int x, int y, int w, int h)
{
    RfbClient *client = ours(rfb);
    int right = MIN(x + w, client->width), bottom = MIN(y + h, client->height);
    if (!client->pixels || x < 0 || y < 0 || right <= x || bottom <= y)
        return;
    if (client->n_changed == MAX_RECTS)
        present(rfb);
    client->changed[client->n_changed++] =
        (pixman_box16_t){(gint16)x, (gint16)y, (gint16)right, (gint16)bottom};
}

/* ARGB of what libvncclient has decoded; NULL when there is nothing. */
static guint32 *
cursor_pixels(const rfbClient *rfb, gsize n)
{
    guint32 *argb = rfb->rcSource && rfb->rcMask ? g_try_new(guint32, n) : NULL;
    for (gsize i = 0; argb && i < n; i++) {
        guint32 pixel;
        memcpy(&pixel, rfb->rcSource + i * sizeof pixel, sizeof pixel);
        argb[i] = rfb->rcMask[i] ? pixel | 0xff000000 : 0;
    }
    return argb;
}

static void
cursor_shape(rfbClient *rfb, int hot_x, int hot_y, int width, int height, int bytes_per_pixel)
{
    gsize n = (gsize)width * (gsize)height;
    g_autofree guint32 *argb =
        bytes_per_pixel == sizeof(guint32) && n > 0 ? cursor_pixels(rfb, n) : NULL;
    Cursor *cursor =
        argb ? cursor_new(width, height, hot_x, hot_y, (const guint8 *)argb, n * sizeof *argb)
             : NULL;
    /* libvncclient forgets to, and a server may send a shape after the other. */
    g_clear_pointer(&rfb->rcMask, free);
    if (!cursor)
        return;
    outbox_post_cursor(ours(rfb)->outbox, cursor);
    cursor_unref(cursor);
}

static rfbBool
cursor_place(rfbClient *rfb, int x, int y)
{
    outbox_post_cursor_moved(ours(rfb)->outbox, x, y, TRUE);
    return TRUE;
}

static void
cut_text(rfbClient *rfb, const char *text, int length)
{
    /* Every byte is a character of this set. */
    g_autofree char *utf8 = g_convert(text, length, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
    if (utf8)
        outbox_post_text(ours(rfb)->outbox, utf8);
}

/* libvncclient frees what it gets, but for an empty one. */
static char *
password(rfbClient *rfb)
{
    RfbClient *client = ours(rfb);
    client->asked = TRUE;
    return client->password && *client->password ? strdup(client->password) : NULL;
}

/* --- signing in --- */

static void
prepare(RfbClient *client, int fd)
{
    rfbClient *rfb = client->rfb;
    rfbClientSetClientData(rfb, &tag, client);
    rfb->sock = fd;
    rfb->listenSpecified = TRUE; /* the socket is connected */
    rfb->readTimeout = RFB_CLIENT_PATIENCE_S;
    rfb->canHandleNewFBSize = TRUE;
    rfb->format.redShift = 16; /* the surface's x8r8g8b8 */
    rfb->format.greenShift = 8;
    rfb->format.blueShift = 0;
    /* What is exact, and decoded with little: it is encoded again for each viewer as its link
     * needs. */
    rfb->appData.encodingsString = "copyrect tight zrle zlib hextile raw";
    rfb->appData.enableJPEG = FALSE;
    rfb->appData.compressLevel = 1;
    rfb->appData.shareDesktop = TRUE;
    rfb->appData.useRemoteCursor = TRUE;
    rfb->MallocFrameBuffer = make_room;
    rfb->GotFrameBufferUpdate = changed;
    rfb->FinishedFrameBufferUpdate = present;
    rfb->GotCursorShape = cursor_shape;
    rfb->HandleCursorPos = cursor_place;
    rfb->GotXCutText = cut_text;
    rfb->GetPassword = password;
}

static void
explain(const RfbClient *client, GError **error)
{
    if (client->asked)
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                            client->password ? "It does not let us in with this password."
                                             : "It wants a password, and none is known.");
    else
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_FAILED,
                            "It does not speak VNC in a way that is understood.");
}

RfbClient *
rfb_client_new(int fd, const char *with, Surface *surface, Outbox *outbox, GError **error)
{
    RfbClient *client = g_new0(RfbClient, 1);
    int flags = fcntl(fd, F_GETFL);
    client->password = with;
    client->surface = surface;
    client->outbox = outbox;
    rfbEnableClientLogging = FALSE; /* it quotes what servers send */
    client->rfb = rfbGetClient(8, 3, 4);
    if (!client->rfb || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "No memory for a connection.");
        close(fd);
        g_clear_pointer(&client, rfb_client_free);
        return NULL;
    }
    prepare(client, fd);
    if (!rfbInitClient(client->rfb, NULL, NULL)) { /* and it has freed that */
        client->rfb = NULL;
        explain(client, error);
        g_clear_pointer(&client, rfb_client_free);
        return NULL;
    }
    client->password = NULL;
    return client;
}

void
rfb_client_free(RfbClient *client)
{
    if (!client)
        return;
    if (client->rfb) {
        free(client->rfb->rcSource);
        free(client->rfb->rcMask);
        rfbClientCleanup(client->rfb); /* closes the socket */
    }
    g_free(client->pixels);
    g_free(client);
}

/* --- both ways --- */

gboolean
rfb_client_has_more(const RfbClient *client)
{
    return client->rfb->buffered > 0;
}

/* What libvncclient would have asked for while it believed that a wish of ours was under way. */
static gboolean
ask_for_more(RfbClient *client)
{
    rfbClient *rfb = client->rfb;
    if (client->resized)
        return SendFramebufferUpdateRequest(rfb, 0, 0, client->width, client->height, FALSE);
    return !client->updated || SendIncrementalFramebufferUpdateRequest(rfb);
}

/* libvncclient tells nobody that a server has told its screens, and overlooks screens whose number
 * is 0; but it takes back that a wish for a size is under way. */
gboolean
rfb_client_read(RfbClient *client)
{
    rfbClient *rfb = client->rfb;
    client->updated = client->resized = FALSE;
    rfb->requestedResize = TRUE;
    if (!HandleRFBServerMessage(rfb) || !client->pixels)
        return FALSE;
    if (rfb->requestedResize) {
        rfb->requestedResize = FALSE;
        return ask_for_more(client);
    }
    client->outdated = client->takes_sizes && !client->resized;
    client->takes_sizes = TRUE;
    return !client->outdated;
}

gboolean
rfb_client_is_outdated(const RfbClient *client)
{
    return client->outdated;
}

static gboolean
send_key(rfbClient *rfb, const RfbOrder *order)
{
    if (order->qnum && SupportsClient2Server(rfb, rfbQemuEvent))
        return SendExtendedKeyEvent(rfb, order->keysym, order->qnum, order->down);
    return !order->keysym || SendKeyEvent(rfb, order->keysym, order->down);
}

/* libvncclient's own sends what happens to be on its stack. */
static gboolean
send_size(const RfbClient *client, int width, int height)
{
    rfbClient *rfb = client->rfb;
    rfbSetDesktopSizeMsg message = {.type = rfbSetDesktopSize,
                                    .width = g_htons((guint16)width),
                                    .height = g_htons((guint16)height),
                                    .numberOfScreens = 1};
    rfbExtDesktopScreen screen = {.id = rfb->screen.id,
                                  .width = g_htons((guint16)width),
                                  .height = g_htons((guint16)height),
                                  .flags = rfb->screen.flags};
    if (!client->takes_sizes)
        return TRUE;
    return WriteToRFBServer(rfb, (const char *)&message, sz_rfbSetDesktopSizeMsg) &&
           WriteToRFBServer(rfb, (const char *)&screen, sz_rfbExtDesktopScreen);
}

static gboolean
send_text(rfbClient *rfb, const char *text)
{
    gsize length = 0;
    g_autofree char *latin =
        g_convert_with_fallback(text, -1, "ISO-8859-1", "UTF-8", "?", NULL, &length, NULL);
    return !latin || SendClientCutText(rfb, latin, (int)length);
}

gboolean
rfb_client_send(RfbClient *client, const RfbOrder *order)
{
    switch (order->kind) {
    case RFB_ORDER_KEY:
        return send_key(client->rfb, order);
    case RFB_ORDER_POINTER:
        return SendPointerEvent(client->rfb, order->x, order->y,
                                (int)(order->buttons & BUTTON_MASK));
    case RFB_ORDER_RESIZE:
        return send_size(client, order->x, order->y);
    case RFB_ORDER_TEXT:
        return send_text(client->rfb, order->text);
    }
    return TRUE;
}
