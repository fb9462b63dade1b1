/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <rfb/rfbclient.h>

/*
 * RFB encoding 50 (H.264) for libvncclient, which lacks it: a decoder for each rectangle, as
 * TigerVNC and noVNC have it. For tests, and for the benchmark's client: call rfb_h264_ask() after
 * SetFormatAndEncodings(), and rfb_h264_clear() before rfbClientCleanup(). Clients of 32 bits a
 * pixel only.
 */

/* Tells the server what the client takes: H.264 and Tight with this quality (0 to 9). */
gboolean rfb_h264_ask(rfbClient *client, int quality);
void rfb_h264_clear(rfbClient *client);
/* Decoded so far; key: of them, those that began a context or came with a parameter set. */
guint rfb_h264_pictures(rfbClient *client, guint *key);
