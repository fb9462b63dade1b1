/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-protocol.h"
#include "vnc-extras.h"
#include "vnc-framing.h"

#include <rfb/rfb.h>
#include <rfb/rfbregion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define ENCODING_FENCE      (-312)
#define ENCODING_CONTINUOUS (-313)
#define ENCODING_QEMU_KEY   (-258)

struct VncProtocol {
    rfbScreenInfoPtr screen;
    char *name;
    guint32 no_pixels; /* the library wants an address; it never draws */
};

struct VncPeer {
    const VncPeerEvents *events;
    gpointer user;
    rfbClientPtr client;
    int near; /* our end of the pair */
};

static void
log_nothing(const char *format, ...)
{
}

/* The protocol's extensions ----------------------------------------------------------------------
 */

static rfbBool
on_enable(rfbClientPtr client, void **data, int encoding)
{
    return TRUE;
}

static rfbBool
on_fence(VncPeer *peer)
{
    char bytes[8 + VNC_MAX_FENCE];
    guint8 *head = (guint8 *)bytes;

    if (rfbReadExact(peer->client, bytes, 8) <= 0 || head[7] > VNC_MAX_FENCE ||
        (head[7] && rfbReadExact(peer->client, bytes + 8, head[7]) <= 0))
        return FALSE;
    peer->events->fence(vnc_get32(head + 3), head + 8, head[7], peer->user);
    return TRUE;
}

static rfbBool
on_continuous(VncPeer *peer)
{
    guint8 bytes[9];

    if (rfbReadExact(peer->client, (char *)bytes, sizeof bytes) <= 0)
        return FALSE;
    peer->events->continuous(bytes[0] != 0, (int)vnc_get16(bytes + 1), (int)vnc_get16(bytes + 3),
                             (int)vnc_get16(bytes + 5), (int)vnc_get16(bytes + 7), peer->user);
    return TRUE;
}

static rfbBool
on_qemu_key(VncPeer *peer)
{
    guint8 bytes[11];
    guint32 qnum;

    if (rfbReadExact(peer->client, (char *)bytes, sizeof bytes) <= 0)
        return FALSE;
    qnum = vnc_get32(bytes + 7);
    /* Some clients write an extended key as 0xe0xx. */
    if (qnum >= 0xe000 && qnum <= 0xe0ff)
        qnum = (qnum & 0x7f) | 0x80;
    if (qnum)
        peer->events->key(qnum, vnc_get16(bytes + 1) != 0, peer->user);
    else
        peer->events->keysym(vnc_get32(bytes + 3), vnc_get16(bytes + 1) != 0, peer->user);
    return TRUE;
}

static rfbBool
on_message(rfbClientPtr client, void *data, const rfbClientToServerMsg *message)
{
    VncPeer *peer = client->clientData;

    switch (message->type) {
    case VNC_FENCE:
        return on_fence(peer);
    case VNC_CONTINUOUS_UPDATES:
        return on_continuous(peer);
    case VNC_QEMU:
        return on_qemu_key(peer);
    default:
        return FALSE;
    }
}

/* The library keeps its extensions in a list of the process, linked through themselves: registered
 * once, the same for all. */
static rfbProtocolExtension *
the_extension(void)
{
    static int encodings[] = {ENCODING_FENCE, ENCODING_CONTINUOUS, ENCODING_QEMU_KEY, 0};
    static rfbProtocolExtension extension = {
        .pseudoEncodings = encodings,
        .enablePseudoEncoding = on_enable,
        .handleMessage = on_message,
    };

    return &extension;
}

static gpointer
register_extension(gpointer unused)
{
    rfbLog = log_nothing;
    rfbErr = log_nothing;
    rfbRegisterProtocolExtension(the_extension());
    return NULL;
}

/* What the library calls -------------------------------------------------------------------------
 */

static void
on_key(rfbBool down, rfbKeySym keysym, rfbClientPtr client)
{
    VncPeer *peer = client->clientData;

    peer->events->keysym(keysym, down != 0, peer->user);
}

static void
on_pointer(int buttons, int x, int y, rfbClientPtr client)
{
    VncPeer *peer = client->clientData;

    peer->events->pointer(x, y, (guint)buttons, peer->user);
}

static void
on_request(rfbClientPtr client, rfbFramebufferUpdateRequestMsg *message)
{
    VncPeer *peer = client->clientData;

    peer->events->request(message->incremental != 0, message->x, message->y, message->w, message->h,
                          peer->user);
}

static rfbBool
on_format(rfbClientPtr client)
{
    VncPeer *peer = client->clientData;
    rfbPixelFormat *wish = &client->format;
    PixelFormat format;

    if (!peer)
        return TRUE;
    if (!wish->trueColour &&
        !rfbSetTranslateFunction(client)) /* sends a colour map of 256 and makes it true colour */
        return FALSE;
    if (!pixel_format_init(&format, wish->bitsPerPixel, wish->depth, wish->bigEndian != 0,
                           (guint[]){wish->redMax, wish->greenMax, wish->blueMax},
                           (guint[]){wish->redShift, wish->greenShift, wish->blueShift})) {
        rfbCloseClient(client);
        return FALSE;
    }
    peer->events->format(&format, peer->user);
    return TRUE;
}

VncProtocol *
vnc_protocol_new(const char *name)
{
    static GOnce once = G_ONCE_INIT;
    VncProtocol *protocol = g_new0(VncProtocol, 1);
    rfbScreenInfoPtr screen;

    g_once(&once, register_extension, NULL);
    screen = rfbGetScreen(NULL, NULL, 640, 480, 8, 3, 4);
    protocol->screen = screen;
    protocol->name = g_strdup(name);
    screen->desktopName = protocol->name;
    screen->frameBuffer = (char *)&protocol->no_pixels;
    screen->serverFormat.redShift = 16;
    screen->serverFormat.greenShift = 8;
    screen->serverFormat.blueShift = 0;
    screen->alwaysShared = TRUE;
    screen->deferPtrUpdateTime = 0;
    screen->permitFileTransfer = FALSE;
    screen->fdQuota = 1;
    screen->kbdAddEvent = on_key;
    screen->ptrAddEvent = on_pointer;
    screen->setTranslateFunction = on_format;
    return protocol;
}

void
vnc_protocol_free(VncProtocol *protocol)
{
    if (!protocol)
        return;
    rfbScreenCleanup(protocol->screen);
    g_free(protocol->name);
    g_free(protocol);
}

void
vnc_protocol_resize(VncProtocol *protocol, int width, int height)
{
    protocol->screen->width = width;
    protocol->screen->height = height;
    protocol->screen->paddedWidthInBytes = width * 4;
    protocol->screen->sizeInBytes = width * height * 4;
}

/* Moves what the library wrote to the client. skip: bytes not to pass on. */
static void
pass_on(VncPeer *peer, gsize skip)
{
    guint8 buffer[4096];
    gssize n;

    while ((n = recv(peer->near, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
        gsize cut = MIN(skip, (gsize)n);

        skip -= cut;
        if ((gsize)n > cut)
            peer->events->write(buffer + cut, (gsize)n - cut, peer->user);
    }
}

VncPeer *
vnc_peer_new(VncProtocol *protocol, const guint8 *version, const VncPeerEvents *events,
             gpointer user)
{
    VncPeer *peer;
    int pair[2];

    if (memcmp(version, "RFB 003.", 8) != 0 || version[VNC_VERSION_LENGTH - 1] != '\n' ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return NULL;
    peer = g_new0(VncPeer, 1);
    peer->events = events;
    peer->user = user;
    peer->near = pair[0];
    /* The version must be there first: the library looks at it to tell VNC from a web browser. It
     * selects() on its end. */
    if (pair[1] < FD_SETSIZE &&
        send(pair[0], version, VNC_VERSION_LENGTH, MSG_NOSIGNAL) == VNC_VERSION_LENGTH)
        peer->client = rfbNewClient(protocol->screen, pair[1]);
    else
        close(pair[1]);
    if (!peer->client) {
        close(pair[0]);
        g_free(peer);
        return NULL;
    }
    peer->client->clientData = peer;
    peer->client->clientFramebufferUpdateRequestHook = on_request;
    rfbProcessClientMessage(peer->client);
    pass_on(peer, VNC_VERSION_LENGTH); /* its own version: the client has it from us */
    return peer;
}

void
vnc_peer_free(VncPeer *peer)
{
    if (!peer)
        return;
    while (peer->client->extensions) { /* the library forgets to */
        rfbExtensionData *first = peer->client->extensions;

        peer->client->extensions = first->next;
        free(first);
    }
    rfbClientConnectionGone(peer->client);
    close(peer->near);
    g_free(peer);
}

gsize
vnc_peer_handshake(const VncPeer *peer)
{
    return peer->client->state == RFB_NORMAL ? 0 : 1; /* the security type, then ClientInit */
}

static gboolean
hand_over(VncPeer *peer, const guint8 *data, gsize size)
{
    return send(peer->near, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (gssize)size;
}

/* The extended clipboard is not the library's business: it would announce its own, which can do
 * less, after ours, and clients believe the last. */
static gboolean
hand_over_encodings(VncPeer *peer, const guint8 *data, gsize size)
{
    g_autofree guint8 *message = g_memdup2(data, size);

    for (gsize at = 4; at + 4 <= size; at += 4)
        if ((gint32)vnc_get32(message + at) == VNC_ENCODING_CLIPBOARD)
            vnc_put32(message + at, 0); /* raw, which every client has */
    return hand_over(peer, message, size);
}

gboolean
vnc_peer_feed(VncPeer *peer, const guint8 *data, gsize size)
{
    rfbClientPtr client = peer->client;
    gboolean encodings = client->state == RFB_NORMAL && size > 0 && data[0] == VNC_SET_ENCODINGS;

    if (client->sock == RFB_INVALID_SOCKET ||
        !(encodings ? hand_over_encodings : hand_over)(peer, data, size))
        return FALSE;
    rfbProcessClientMessage(client);
    /* Bookkeeping for updates it would make; we make them. */
    sraRgnMakeEmpty(client->modifiedRegion);
    sraRgnMakeEmpty(client->requestedRegion);
    pass_on(peer, 0);
    return client->sock != RFB_INVALID_SOCKET;
}
