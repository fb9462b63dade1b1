/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * How long a client's message is. libvncserver waits for the rest of a message it has begun, so it
 * is given whole ones only; and only those this server has a use for: everything else (file
 * transfer, text chat, server scaling, …) ends the connection here.
 */

#define VNC_MAX_ENCODINGS 1024
#define VNC_MAX_SCREENS   16
#define VNC_MAX_FENCE     64

enum {
    VNC_SET_PIXEL_FORMAT = 0,
    VNC_SET_ENCODINGS = 2,
    VNC_UPDATE_REQUEST = 3,
    VNC_KEY = 4,
    VNC_POINTER = 5,
    VNC_CUT_TEXT = 6,
    VNC_CONTINUOUS_UPDATES = 150,
    VNC_FENCE = 248,
    VNC_SET_DESKTOP_SIZE = 251,
    VNC_QEMU = 255,
};

/* Of the message that begins at data, of which size bytes are here: its length; 0 when more bytes
 * are needed to tell; -1 for a message that is not allowed. For cut text: of its head alone (8
 * bytes). */
gssize vnc_message_length(const guint8 *data, gsize size);

guint vnc_get16(const guint8 *data);
guint32 vnc_get32(const guint8 *data);
guint8 *vnc_put16(guint8 *to, guint value);   /* returns what comes after */
guint8 *vnc_put32(guint8 *to, guint32 value); /* likewise */
