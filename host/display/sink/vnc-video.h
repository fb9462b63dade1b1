/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../frame.h"
#include "../packet.h"
#include "../worker-pool.h"

/*
 * H.264 (RFB encoding 50) for the frame's video rectangles: a stream for each rectangle and
 * quality, encoded once for all clients that are in step with it. A client is in step when it was
 * sent the stream's last picture. One that comes late, or left pictures out, gets a key frame soon:
 * at once when nobody is in step, else at most a few times a second, because the others get it
 * too; until then it is not served, and has to be sent the rectangle otherwise. A picture that
 * nobody asks for is not made, so one client alone stays in step however slow it is. Main thread
 * only, but for its jobs.
 *
 * For each frame: begin; ask for each client; start; served; and, when done was called, or nothing
 * runs: packets and sent.
 */

typedef struct VncVideo VncVideo;

/* done: from the main loop, when all pictures of the frame are made. */
VncVideo *vnc_video_new(WorkerPool *pool, void (*done)(gpointer user), gpointer user);
void vnc_video_free(VncVideo *video); /* after the pool */

/* The frame stands still until nothing runs. Ends the streams that it has no rectangle for. */
void vnc_video_begin(VncVideo *video, const Frame *frame);
/* A client that is sent an update now. videos: those of the frame's that it needs, a bit each.
 * quality: 0 to 9. */
void vnc_video_ask(VncVideo *video, gconstpointer client, guint videos, int quality);
void vnc_video_start(VncVideo *video);
gboolean vnc_video_runs(const VncVideo *video);
/* Those of the frame's videos that the client gets from streams, a bit each. */
guint vnc_video_served(const VncVideo *video, gconstpointer client);
/* Appends a packet for each of them, the stream's own. Less when a codec failed: the others are
 * returned, a bit each. */
guint vnc_video_packets(const VncVideo *video, gconstpointer client, GPtrArray *packets);
/* So many of these packets, the first ones, are on their way to the client. */
void vnc_video_sent(VncVideo *video, gconstpointer client, guint n_packets);
/* The client is gone. */
void vnc_video_forget(VncVideo *video, gconstpointer client);
