/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sys/uio.h>

/*
 * Frames on their way to the guest, in the form of QEMU's stream (four bytes of length before
 * each), in a ring that is allocated once. A frame first waits until the rate lets it go, then
 * until the socket takes it.
 */
typedef struct FrameQueue FrameQueue;

/* No ring is greater, whatever is asked for. */
#define FRAME_QUEUE_MAX (256 * 1024)

/* limit: bytes, frames' headers included. */
FrameQueue *frame_queue_new(gsize limit);
/* NULL is fine. */
void frame_queue_free(FrameQueue *queue);

/* FALSE: there is no room, or it is no frame; it is dropped. */
gboolean frame_queue_push(FrameQueue *queue, const void *frame, gsize length);

/* Bytes that wait, for the rate or for the socket. */
gsize frame_queue_size(const FrameQueue *queue);

/* The length of the first frame that the rate holds back; 0: none. */
guint frame_queue_held(const FrameQueue *queue);
/* Lets it go. */
void frame_queue_release(FrameQueue *queue);

/* The bytes that may be written, in one or two parts; returns how many parts (0: none). */
int frame_queue_ready(const FrameQueue *queue, struct iovec parts[2]);
void frame_queue_written(FrameQueue *queue, gsize size);
