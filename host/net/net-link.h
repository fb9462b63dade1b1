/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/net/net-counters.h"

/*
 * The guest's end of the wire: QEMU's stream socket, with each direction held to the rate.
 *
 * What the guest sends is left in the socket while the rate has no room for it: nothing is dropped,
 * QEMU's end fills up, and the guest's own queue grows instead. What it is sent waits in a queue of
 * bounded size; net_link_is_full() asks whoever fills it to hold back, and what comes all the same
 * beyond the bound is dropped, as on any wire, so that TCP settles.
 *
 * It has no clock: "now" is monotonic, in nanoseconds.
 */
typedef struct NetLink NetLink;

/* Takes fd, a stream socket. rate: bytes a second, in each direction; 0: no limit. counters:
 * borrowed.
 */
NetLink *net_link_new(int fd, guint64 rate, NetCounters *counters, gint64 now);
/* NULL is fine. */
void net_link_free(NetLink *link);

/* The socket, and what of it is waited for (POLLIN, POLLOUT). *wait: lowered to the ns after which
 * the rate has room again for what waits for it. */
int net_link_fd(const NetLink *link);
short net_link_events(NetLink *link, gint64 now, gint64 *wait);

/* Reads what there is, once. FALSE: the other end is gone. */
gboolean net_link_read(NetLink *link);
/* The guest's next frame that the rate has room for; it is borrowed until the next call. FALSE:
 * none; *broken tells that none will come ever again. */
gboolean net_link_next(NetLink *link, gint64 now, const guint8 **frame, guint *length,
                       gboolean *broken);

/* A frame for the guest: it goes out with a later net_link_flush(), or is dropped. */
void net_link_send(NetLink *link, const void *frame, gsize length);
/* Nothing more should be sent for now. */
gboolean net_link_is_full(const NetLink *link);
/* Writes what the rate has room for and the socket takes. FALSE: the other end is gone. */
gboolean net_link_flush(NetLink *link, gint64 now);
