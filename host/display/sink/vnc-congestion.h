/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * How much one client's link takes, learned from when it answers: each update ends with a mark (a
 * fence, or for simpler clients the next request stands for one), and its answer says that
 * everything before it was shown. Congestion is heard in the delay, long before anything is lost.
 *
 * No clock and no socket: times are arguments, in µs, and never go back; positions are bytes since
 * the connection began. Any single thread.
 */

typedef struct VncCongestion VncCongestion;

VncCongestion *vnc_congestion_new(void);
void vnc_congestion_free(VncCongestion *congestion);

/* A mark went behind the byte at position. */
void vnc_congestion_sent(VncCongestion *congestion, gint64 now, guint64 position);
/* The answer to the oldest mark; one that nobody waits for says nothing. */
void vnc_congestion_answered(VncCongestion *congestion, gint64 now);
/* The answer to every mark there is. */
void vnc_congestion_answered_all(VncCongestion *congestion, gint64 now);
/* The answers are late beyond reason, or the client has stopped giving any: nothing is awaited. */
void vnc_congestion_give_up(VncCongestion *congestion);

/* When there is room for another update: now, later if nothing is heard until then, or G_MAXINT64:
 * not before an answer. */
gint64 vnc_congestion_opens(const VncCongestion *congestion, gint64 now);
/* How many bytes the next update should have, at most; G_MAXSIZE where the link is no reason to
 * hold back. one_by_one: the client asks for each update when it has the one before. */
gsize vnc_congestion_budget(const VncCongestion *congestion, gboolean one_by_one);
/* When to give up; 0: nothing is awaited. */
gint64 vnc_congestion_deadline(const VncCongestion *congestion);

/* For people, and for the choice of quality. 0: not known yet. */
gint64 vnc_congestion_round_trip(const VncCongestion *congestion); /* of late, µs */
gint64 vnc_congestion_base(const VncCongestion *congestion); /* with nothing in the way, µs */
guint64 vnc_congestion_bandwidth(const VncCongestion *congestion); /* bytes a second */
gsize vnc_congestion_in_flight(const VncCongestion *congestion);   /* bytes */

/* From this bandwidth on (bytes a second) a link is as good as any, and what is slow is a
 * processor. */
#define VNC_CONGESTION_FAST (25 * 1000 * 1000)
