/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-video.h"
#include "encode/h264.h"
#include "vnc-framing.h"
#include "vnc-update.h"

#include <string.h>

#define MAX_STREAMS   8            /* two qualities for each rectangle; each has some megabytes */
#define KEY_PAUSE     (300 * 1000) /* µs between key frames that others do not need */
#define UNUSED        (2 * 1000 * 1000) /* µs after which a stream nobody watches ends */
#define RESET_CONTEXT 1                 /* the protocol's flag: this rectangle begins anew */
#define HEADER        (PACKET_HEADER + 8)

typedef struct {
    WorkerJob job;
    VncVideo *video;
    pixman_box32_t box;
    int quality;
    guint index;             /* the frame's video; G_MAXUINT: not in this frame */
    GPtrArray *members;      /* clients in step */
    GPtrArray *askers;       /* clients that want this frame's picture */
    GPtrArray *served;       /* those that get it */
    gint64 key_at, asked_at; /* µs; 0: never */
    Packet *packet;          /* this frame's picture */
    gboolean failed;
    /* the job's, while it runs */
    H264 *codec;
    int codec_quality;
    gboolean key;
    PacketPool *packets;
} Stream;

struct VncVideo {
    WorkerPool *pool;
    void (*done)(gpointer user);
    gpointer user;
    const Frame *frame;
    GPtrArray *streams;
    guint running;
};

static void
stream_free(gpointer user)
{
    Stream *stream = user;

    h264_free(stream->codec);
    packet_unref(stream->packet);
    packet_pool_free(stream->packets);
    g_ptr_array_unref(stream->members);
    g_ptr_array_unref(stream->askers);
    g_ptr_array_unref(stream->served);
    g_free(stream);
}

VncVideo *
vnc_video_new(WorkerPool *pool, void (*done)(gpointer user), gpointer user)
{
    VncVideo *video = g_new0(VncVideo, 1);

    video->pool = pool;
    video->done = done;
    video->user = user;
    video->streams = g_ptr_array_new_with_free_func(stream_free);
    return video;
}

void
vnc_video_free(VncVideo *video)
{
    if (!video)
        return;
    g_ptr_array_unref(video->streams);
    g_free(video);
}

static gboolean
has(const GPtrArray *clients, gconstpointer client)
{
    return g_ptr_array_find((GPtrArray *)clients, client, NULL);
}

static void
add(GPtrArray *clients, gconstpointer client)
{
    g_ptr_array_add(clients, (gpointer)client);
}

/* The streams of a frame -------------------------------------------------------------------------
 */

static guint
index_of(const Frame *frame, const pixman_box32_t *box)
{
    for (guint i = 0; i < frame->n_video; i++)
        if (memcmp(&frame->video[i], box, sizeof *box) == 0)
            return i;
    return G_MAXUINT;
}

void
vnc_video_begin(VncVideo *video, const Frame *frame)
{
    gint64 now = g_get_monotonic_time();

    video->frame = frame;
    for (guint i = video->streams->len; i-- > 0;) {
        Stream *stream = video->streams->pdata[i];

        stream->index = index_of(frame, &stream->box);
        g_clear_pointer(&stream->packet, packet_unref);
        g_ptr_array_set_size(stream->askers, 0);
        g_ptr_array_set_size(stream->served, 0);
        if (stream->index == G_MAXUINT || now - stream->asked_at > UNUSED)
            g_ptr_array_remove_index_fast(video->streams, i);
    }
}

static Stream *
stream_new(VncVideo *video, guint index, int quality)
{
    Stream *stream = g_new0(Stream, 1);

    stream->video = video;
    stream->box = video->frame->video[index];
    stream->index = index;
    stream->quality = quality;
    stream->members = g_ptr_array_new();
    stream->askers = g_ptr_array_new();
    stream->served = g_ptr_array_new();
    stream->packets = packet_pool_new();
    g_ptr_array_add(video->streams, stream);
    return stream;
}

/* Does the stream go on for this client alone? Then its quality may follow the client's. */
static gboolean
is_only_for(const Stream *stream, gconstpointer client)
{
    return stream->members->len == 1 && has(stream->members, client) && !stream->askers->len;
}

/* NULL when there are too many, or the codec does not work. */
static Stream *
stream_for(VncVideo *video, gconstpointer client, guint index, int quality)
{
    Stream *own = NULL;

    for (guint i = 0; i < video->streams->len; i++) {
        Stream *stream = video->streams->pdata[i];

        if (stream->index == index && stream->quality == quality)
            return stream->failed ? NULL : stream;
        if (stream->index == index && is_only_for(stream, client))
            own = stream;
    }
    if (own) {
        own->quality = quality;
        return own->failed ? NULL : own;
    }
    return video->streams->len < MAX_STREAMS ? stream_new(video, index, quality) : NULL;
}

void
vnc_video_ask(VncVideo *video, gconstpointer client, guint videos, int quality)
{
    for (guint i = 0; i < video->frame->n_video; i++) {
        Stream *stream = videos >> i & 1 ? stream_for(video, client, i, quality) : NULL;

        if (!stream)
            continue;
        add(stream->askers, client);
        stream->asked_at = g_get_monotonic_time();
    }
}

/* Encoding ---------------------------------------------------------------------------------------
 */

static gboolean
prepare_codec(Stream *stream)
{
    int width = stream->box.x2 - stream->box.x1, height = stream->box.y2 - stream->box.y1;

    if (!stream->codec)
        stream->codec = h264_new(width, height, stream->quality);
    else if (stream->codec_quality != stream->quality)
        h264_set_quality(stream->codec, stream->quality);
    stream->codec_quality = stream->quality;
    return stream->codec != NULL;
}

static void
make_packet(Stream *stream, const guint8 *bytes, gsize size, guint32 flags)
{
    const pixman_box32_t *box = &stream->box;
    int width = box->x2 - box->x1, height = box->y2 - box->y1;
    Packet *packet = packet_pool_take(stream->packets, PACKET_WHOLE, HEADER + size);
    guint8 *to = packet->data;

    packet_put_header(to, box->x1, box->y1, width, height, VNC_ENCODING_H264);
    vnc_put32(vnc_put32(to + PACKET_HEADER, (guint32)size), flags);
    memcpy(to + HEADER, bytes, size);
    packet->lossy = TRUE;
    packet->x = box->x1;
    packet->y = box->y1;
    packet->width = width;
    packet->height = height;
    stream->packet = packet;
}

static gboolean
work(WorkerJob *job, gpointer state)
{
    Stream *stream = (Stream *)job;
    const Frame *frame = stream->video->frame;
    const guint32 *pixels =
        frame->pixels + (gsize)stream->box.y1 * (gsize)frame->stride + stream->box.x1;
    /* Clients may have a decoder for the rectangle from a stream before this one. */
    guint32 flags = stream->codec ? 0 : RESET_CONTEXT;
    const guint8 *bytes;
    gsize size = 0;

    if (prepare_codec(stream))
        size = h264_encode(stream->codec, pixels, frame->stride, stream->key, &bytes);
    if (size)
        make_packet(stream, bytes, size, flags);
    return TRUE;
}

static void
on_done(WorkerJob *job)
{
    Stream *stream = (Stream *)job;
    VncVideo *video = stream->video;

    stream->failed = !stream->packet;
    if (--video->running == 0)
        video->done(video->user);
}

/* For those that are not in step: at once where nobody is, else now and then. */
static gboolean
is_key_due(const Stream *stream, gint64 now)
{
    guint in_step = 0;

    for (guint i = 0; i < stream->askers->len; i++)
        in_step += has(stream->members, stream->askers->pdata[i]);
    return in_step < stream->askers->len && (in_step == 0 || now - stream->key_at >= KEY_PAUSE);
}

static void
serve(Stream *stream, gint64 now)
{
    stream->key = is_key_due(stream, now);
    for (guint i = 0; i < stream->askers->len; i++)
        if (stream->key || has(stream->members, stream->askers->pdata[i]))
            add(stream->served, stream->askers->pdata[i]);
    if (!stream->served->len)
        return;
    if (stream->key)
        stream->key_at = now;
    g_ptr_array_set_size(stream->members, 0); /* until it is known who was sent this picture */
    stream->video->running++;
    stream->job.work = work;
    stream->job.done = on_done;
    worker_pool_submit(stream->video->pool, &stream->job);
}

/* A client has one decoder for a rectangle: it cannot be in step with two streams. */
static void
leave_others(VncVideo *video, const Stream *stream)
{
    for (guint i = 0; i < video->streams->len; i++) {
        Stream *other = video->streams->pdata[i];

        if (other == stream || other->index != stream->index)
            continue;
        for (guint k = 0; k < stream->served->len; k++)
            g_ptr_array_remove_fast(other->members, stream->served->pdata[k]);
    }
}

void
vnc_video_start(VncVideo *video)
{
    gint64 now = g_get_monotonic_time();

    for (guint i = 0; i < video->streams->len; i++)
        serve(video->streams->pdata[i], now);
    for (guint i = 0; i < video->streams->len; i++)
        leave_others(video, video->streams->pdata[i]);
}

/* What became of it ------------------------------------------------------------------------------
 */

gboolean
vnc_video_runs(const VncVideo *video)
{
    return video->running > 0;
}

guint
vnc_video_served(const VncVideo *video, gconstpointer client)
{
    guint served = 0;

    for (guint i = 0; i < video->streams->len; i++) {
        const Stream *stream = video->streams->pdata[i];

        if (has(stream->served, client))
            served |= 1u << stream->index;
    }
    return served;
}

guint
vnc_video_packets(const VncVideo *video, gconstpointer client, GPtrArray *packets)
{
    guint missing = 0;

    for (guint i = 0; i < video->streams->len; i++) {
        const Stream *stream = video->streams->pdata[i];

        if (!has(stream->served, client))
            continue;
        if (stream->packet)
            g_ptr_array_add(packets, stream->packet);
        else
            missing |= 1u << stream->index;
    }
    return missing;
}

void
vnc_video_sent(VncVideo *video, gconstpointer client, guint n_packets)
{
    for (guint i = 0; i < video->streams->len && n_packets > 0; i++) {
        Stream *stream = video->streams->pdata[i];

        if (!stream->packet || !has(stream->served, client))
            continue;
        add(stream->members, client);
        n_packets--;
    }
}

void
vnc_video_forget(VncVideo *video, gconstpointer client)
{
    for (guint i = 0; i < video->streams->len; i++) {
        Stream *stream = video->streams->pdata[i];

        g_ptr_array_remove_fast(stream->members, (gpointer)client);
        g_ptr_array_remove_fast(stream->askers, (gpointer)client);
        g_ptr_array_remove_fast(stream->served, (gpointer)client);
    }
}
