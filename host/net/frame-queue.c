/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frame-queue.h"

#include "host/net/frame-reader.h"

#include <string.h>

#define HEADER 4

/* Places count on for ever; a place in the ring is one modulo its size, a power of two. */
struct FrameQueue {
    guint8 ring[FRAME_QUEUE_MAX];
    gsize limit;
    guint64 written, released, end; /* in this order */
};
G_STATIC_ASSERT((FRAME_QUEUE_MAX & (FRAME_QUEUE_MAX - 1)) == 0);

FrameQueue *
frame_queue_new(gsize limit)
{
    FrameQueue *queue = g_new0(FrameQueue, 1);
    queue->limit = MIN(limit, FRAME_QUEUE_MAX);
    return queue;
}

void
frame_queue_free(FrameQueue *queue)
{
    g_free(queue);
}

static void
append(FrameQueue *queue, const void *bytes, gsize length)
{
    gsize at = queue->end % FRAME_QUEUE_MAX;
    gsize first = MIN(length, FRAME_QUEUE_MAX - at);
    memcpy(queue->ring + at, bytes, first);
    memcpy(queue->ring, (const guint8 *)bytes + first, length - first);
    queue->end += length;
}

gboolean
frame_queue_push(FrameQueue *queue, const void *frame, gsize length)
{
    guint32 header = GUINT32_TO_BE((guint32)length);
    if (length == 0 || length > FRAME_MAX ||
        frame_queue_size(queue) + HEADER + length > queue->limit)
        return FALSE;
    append(queue, &header, HEADER);
    append(queue, frame, length);
    return TRUE;
}

gsize
frame_queue_size(const FrameQueue *queue)
{
    return (gsize)(queue->end - queue->written);
}

guint
frame_queue_held(const FrameQueue *queue)
{
    guint length = 0;
    if (queue->released == queue->end)
        return 0;
    for (guint i = 0; i < HEADER; i++)
        length = length << 8 | queue->ring[(queue->released + i) % FRAME_QUEUE_MAX];
    return length;
}

void
frame_queue_release(FrameQueue *queue)
{
    if (queue->released != queue->end)
        queue->released += HEADER + frame_queue_held(queue);
}

int
frame_queue_ready(const FrameQueue *queue, struct iovec parts[2])
{
    gsize size = (gsize)(queue->released - queue->written);
    gsize at = queue->written % FRAME_QUEUE_MAX;
    gsize first = MIN(size, FRAME_QUEUE_MAX - at);
    parts[0] = (struct iovec){(void *)(queue->ring + at), first};
    parts[1] = (struct iovec){(void *)queue->ring, size - first};
    return size == 0 ? 0 : first < size ? 2 : 1;
}

void
frame_queue_written(FrameQueue *queue, gsize size)
{
    queue->written += MIN(size, queue->released - queue->written);
}
