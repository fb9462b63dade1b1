/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-link.h"

#include "host/net/frame-queue.h"
#include "host/net/frame-reader.h"
#include "host/net/token-bucket.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A burst is 20 ms of the rate: long enough that a sleep of a millisecond or two more than was
 * asked for costs no throughput, too short to be of use to anybody. Two dozen frames at least, so
 * that a window's worth of small answers is not torn apart at a low rate. */
#define BURST_PER_SECOND 50
#define BURST_MIN        (24 * 1024)

/* How much waits for the guest at most: 200 ms of the rate. One connection of libslirp's has 64 KiB
 * under way at most (it has no larger windows), so that alone never loses anything. */
#define QUEUE_PER_SECOND 5
#define QUEUE_MIN        (96 * 1024)
/* From here on nothing more is read for it from the world: a quarter, as much may come of itself.
 */
#define QUEUE_FULL_PART 4

/* The rate is not looked after more often than this: at a gigabit a second 125 kB go at once. */
#define SHORTEST_WAIT_NS 1000000

struct NetLink {
    int fd;
    FrameReader *reader;
    FrameQueue *queue;
    gsize queue_full;
    TokenBucket up, down; /* from the guest, and to it */
    NetCounters *counters;
    guint64 skipped;  /* of the reader's, that are counted already */
    gboolean passed;  /* the frame that was handed out last is used */
    gboolean starved; /* a frame of the guest's waits for the rate */
    guint next;       /* its length */
};

NetLink *
net_link_new(int fd, guint64 rate, NetCounters *counters, gint64 now)
{
    NetLink *link = g_new0(NetLink, 1);
    guint64 burst = MAX(rate / BURST_PER_SECOND, BURST_MIN);
    guint64 limit = rate > 0 ? MAX(rate / QUEUE_PER_SECOND, QUEUE_MIN) : FRAME_QUEUE_MAX;
    limit = MIN(limit, FRAME_QUEUE_MAX);
    link->fd = fd;
    link->reader = frame_reader_new();
    link->queue = frame_queue_new(limit);
    link->queue_full = limit / QUEUE_FULL_PART;
    link->counters = counters;
    link->passed = TRUE;
    token_bucket_init(&link->up, rate, burst, now);
    token_bucket_init(&link->down, rate, burst, now);
    return link;
}

void
net_link_free(NetLink *link)
{
    if (link == NULL)
        return;
    close(link->fd);
    frame_reader_free(link->reader);
    frame_queue_free(link->queue);
    g_free(link);
}

int
net_link_fd(const NetLink *link)
{
    return link->fd;
}

static void
wait_for_rate(TokenBucket *bucket, guint length, gint64 now, gint64 *wait)
{
    gint64 left = token_bucket_wait(bucket, length, now);
    *wait = MIN(*wait, MAX(left, SHORTEST_WAIT_NS));
}

short
net_link_events(NetLink *link, gint64 now, gint64 *wait)
{
    struct iovec parts[2];
    guint held = frame_queue_held(link->queue);
    short events = 0;
    if (link->starved)
        wait_for_rate(&link->up, link->next, now, wait);
    else
        events |= POLLIN;
    if (frame_queue_ready(link->queue, parts) > 0)
        events |= POLLOUT; /* and what the rate holds comes after that */
    else if (held > 0)
        wait_for_rate(&link->down, held, now, wait);
    return events;
}

/* --- from the guest
 * ------------------------------------------------------------------------------------------- */

gboolean
net_link_read(NetLink *link)
{
    gsize size;
    if (!link->passed) {
        frame_reader_pass(link->reader);
        link->passed = TRUE;
    }
    guint8 *room = frame_reader_room(link->reader, &size);
    if (size == 0)
        return TRUE;
    ssize_t got = recv(link->fd, room, size, MSG_DONTWAIT);
    if (got > 0)
        frame_reader_filled(link->reader, (gsize)got);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static void
count_skipped(NetLink *link)
{
    guint64 skipped = frame_reader_skipped(link->reader);
    link->counters->refused_frames += skipped - link->skipped;
    link->skipped = skipped;
}

gboolean
net_link_next(NetLink *link, gint64 now, const guint8 **frame, guint *length, gboolean *broken)
{
    if (!link->passed)
        frame_reader_pass(link->reader);
    link->passed = TRUE;
    FrameRead found = frame_reader_peek(link->reader, frame, length);
    count_skipped(link);
    *broken = found == FRAME_READ_BROKEN;
    link->starved = FALSE;
    if (found != FRAME_READ_ONE)
        return FALSE;
    if (!token_bucket_take(&link->up, *length, now)) {
        link->starved = TRUE;
        link->next = *length;
        return FALSE;
    }
    link->passed = FALSE;
    link->counters->sent_frames++;
    link->counters->sent_bytes += *length;
    return TRUE;
}

/* --- to the guest
 * ------------------------------------------------------------------------------------------- */

void
net_link_send(NetLink *link, const void *frame, gsize length)
{
    if (!frame_queue_push(link->queue, frame, length))
        link->counters->dropped_frames++;
}

gboolean
net_link_is_full(const NetLink *link)
{
    return frame_queue_size(link->queue) >= link->queue_full;
}

static void
release(NetLink *link, gint64 now)
{
    guint length;
    while ((length = frame_queue_held(link->queue)) > 0 &&
           token_bucket_take(&link->down, length, now)) {
        frame_queue_release(link->queue);
        link->counters->received_frames++;
        link->counters->received_bytes += length;
    }
}

gboolean
net_link_flush(NetLink *link, gint64 now)
{
    struct iovec parts[2];
    struct msghdr message = {.msg_iov = parts};
    int count;
    release(link, now);
    while ((count = frame_queue_ready(link->queue, parts)) > 0) {
        message.msg_iovlen = (gsize)count;
        ssize_t done = sendmsg(link->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (done < 0)
            return errno == EAGAIN || errno == EINTR;
        frame_queue_written(link->queue, (gsize)done);
    }
    return TRUE;
}
