/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "guest-agent/clipboard.h"

/*
 * One client's side of the text clipboard: RFB's cut text in Latin-1, or the extended clipboard
 * (UTF-8, fetched on demand) where the client has it. Main thread only; whatever the client sends
 * is checked and bounded.
 */

typedef struct VncClipboard VncClipboard;

/* write: a whole message for the client. */
VncClipboard *vnc_clipboard_new(Clipboard *clipboard,
                                void (*write)(const guint8 *data, gsize size, gpointer user),
                                gpointer user);
void vnc_clipboard_free(VncClipboard *clipboard);
/* The client has the extended clipboard: tells it what we do. */
void vnc_clipboard_extend(VncClipboard *clipboard);
/* What came after a cut text's head: size bytes, with the length as the client wrote it (negative:
 * extended). */
void vnc_clipboard_received(VncClipboard *clipboard, gint32 length, const guint8 *data, gsize size);
