/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../input/input.h"
#include "rfb-client.h"

/*
 * What viewers do, as orders for a VNC server. Bounded: a pointer that only moves replaces its last
 * order, as do sizes and texts; when a server takes nothing for so long that RFB_INPUT_MAX orders
 * wait, they are forgotten and full is called: its connection is to end, and with it what is held
 * there. Orders are put by the main thread and taken by the source's.
 */

#define RFB_INPUT_MAX 512

typedef struct RfbInput RfbInput;

RfbInput *rfb_input_new(void (*full)(gpointer user), gpointer user);
void rfb_input_free(RfbInput *input);

extern const InputSink rfb_input_sink; /* its user is a RfbInput */
void rfb_input_resize(RfbInput *input, int width, int height);
void rfb_input_clip(RfbInput *input, const char *text);

/* Readable when there are orders. */
int rfb_input_fd(const RfbInput *input);
/* The next order, which rfb_order_clear() ends; FALSE: none. */
gboolean rfb_input_take(RfbInput *input, RfbOrder *order);
void rfb_order_clear(RfbOrder *order);
/* Forgets all that was put: for a new connection. */
void rfb_input_clear(RfbInput *input);
/* Makes the descriptor readable: the source's thread is to look up. */
void rfb_input_wake(RfbInput *input);
