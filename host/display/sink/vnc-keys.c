/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/vnc-keys.h"

#include <string.h>

#define ENCODING_QEMU_KEYS (-258)
#define MESSAGE_QEMU       255
#define QEMU_KEY_EVENT     0

/* An empty rectangle of the pseudo encoding tells the client that its key events are understood. */
static rfbBool
enable(rfbClientPtr rfb, void **data, int encoding)
{
    guint8 update[16] = {rfbFramebufferUpdate, 0, 0, 1};
    guint32 number = GUINT32_TO_BE((guint32)ENCODING_QEMU_KEYS);
    if (encoding != ENCODING_QEMU_KEYS)
        return FALSE;
    memcpy(update + 12, &number, sizeof number);
    return rfbWriteExact(rfb, (const char *)update, sizeof update) > 0;
}

static rfbBool
new_client(rfbClientPtr rfb, void **data)
{
    *data = NULL;
    return TRUE;
}

/* Type and subtype, down (16 bit), keysym and scan code (32 bit each). */
static rfbBool
handle(rfbClientPtr rfb, void *data, const rfbClientToServerMsg *message)
{
    guint8 rest[11];
    guint16 down;
    guint32 keysym, code;
    if (message->type != MESSAGE_QEMU)
        return FALSE;
    if (rfbReadExact(rfb, (char *)rest, sizeof rest) <= 0 || rest[0] != QEMU_KEY_EVENT) {
        rfbCloseClient(rfb);
        return TRUE;
    }
    memcpy(&down, rest + 1, sizeof down);
    memcpy(&keysym, rest + 3, sizeof keysym);
    memcpy(&code, rest + 7, sizeof code);
    code = GUINT32_FROM_BE(code);
    vnc_keys_pressed(rfb, code < 256 ? code : 0, GUINT32_FROM_BE(keysym), down != 0);
    return TRUE;
}

void
vnc_keys_register(void)
{
    static int encodings[] = {ENCODING_QEMU_KEYS, 0};
    static rfbProtocolExtension extension = {.newClient = new_client,
                                             .pseudoEncodings = encodings,
                                             .enablePseudoEncoding = enable,
                                             .handleMessage = handle};
    static gsize once;
    if (g_once_init_enter(&once)) {
        rfbLogEnable(FALSE);
        rfbRegisterProtocolExtension(&extension);
        g_once_init_leave(&once, 1);
    }
}
