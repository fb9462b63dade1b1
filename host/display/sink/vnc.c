/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "classify/classify.h"
#include "classify/plan-memory.h"
#include "classify/video-plan.h"
#include "common/error.h"
#include "encode/batch.h"
#include "region.h"
#include "sink.h"
#include "vnc-client.h"
#include "vnc-video.h"

#include <unistd.h>

#define MAX_CLIENTS 32

/* What a client is told that comes before there is any screen. */
#define FIRST_WIDTH  640
#define FIRST_HEIGHT 480

#define ASKED                                                                                      \
    G_MAXUINT /* of a group whose clients have asked for streams, and are not served yet */

/* Clients that are sent the same. They share one encoding. */
typedef struct {
    Sink *sink;
    VncWork work;
    guint streams;      /* the frame's videos that come from streams (vnc-video.h), a bit each */
    EncodeBatch *batch; /* NULL: all comes from streams */
    guint n_sent;       /* packets that went, in parts, to those clients that take parts */
    gboolean encoded;   /* the batch is done */
    gint64 begin;       /* of the encoding, µs */
    GPtrArray *clients; /* VncClient */
} Group;

struct Sink {
    SinkContext context;
    VncProtocol *protocol;
    WorkerPool *pool;
    EncodeBatches *batches;
    Classifier *classifier;
    Plan *plan; /* for clients that are behind the frame's own */
    PlanMemory *plans;
    Plan *still;  /* for clients without a codec for video */
    Plan *both;   /* changed and exact pixels */
    VncWork work; /* of the client that is looked at */
    const Frame *frame;
    guint32 generation;
    int width, height; /* as the handshake tells them */
    Cursor *cursor;
    gboolean cursor_known;
    GPtrArray *clients; /* VncClient */
    GPtrArray *groups;  /* being encoded */
    GPtrArray *spare;   /* Group: those of frames before, for their memory */
    VncVideo *video;
    GPtrArray *packets; /* of one update */
    ClientStats gone;   /* of clients that have left, summed */
};

static void
group_free(gpointer user)
{
    Group *group = user;

    vnc_work_clear(&group->work);
    g_ptr_array_unref(group->clients);
    g_free(group);
}

/* Done with its frame. There are never more of them than clients. */
static void
group_release(gpointer user)
{
    Group *group = user;

    g_clear_pointer(&group->batch, encode_batch_free);
    group->encoded = FALSE;
    group->n_sent = 0;
    g_ptr_array_set_size(group->clients, 0);
    g_ptr_array_add(group->sink->spare, group);
}

static Group *
group_take(Sink *sink)
{
    Group *group;

    if (sink->spare->len)
        return g_ptr_array_steal_index_fast(sink->spare, sink->spare->len - 1);
    group = g_new0(Group, 1);
    group->sink = sink;
    vnc_work_init(&group->work);
    group->clients = g_ptr_array_new();
    return group;
}

/* Clients ----------------------------------------------------------------------------------------
 */

static void
on_gone(VncClient *client, gpointer user)
{
    Sink *sink = user;
    ClientStats stats;

    vnc_client_stats(client, &stats);
    client_stats_sum(&sink->gone, &stats);
    for (guint i = 0; i < sink->groups->len; i++)
        g_ptr_array_remove_fast(((Group *)sink->groups->pdata[i])->clients, client);
    vnc_video_forget(sink->video, client);
    g_ptr_array_remove_fast(sink->clients, client); /* frees it */
    sink->context.events->clients_changed(sink->context.user);
}

static void
on_wants_frame(gpointer user)
{
    Sink *sink = user;

    sink->context.events->wants_frame(sink->context.user);
}

static void
on_resize_wanted(int width, int height, gpointer user)
{
    Sink *sink = user;

    sink->context.events->resize_wanted(width, height, sink->context.user);
}

static void
on_entered(VncClient *client, gpointer user)
{
    Sink *sink = user;

    vnc_client_resized(client, sink->width, sink->height);
    if (sink->cursor_known)
        vnc_update_set_cursor(vnc_client_update(client), sink->cursor);
    vnc_update_set_leds(vnc_client_update(client), input_leds(sink->context.input));
    sink->context.events->clients_changed(sink->context.user);
}

static const VncClientEvents client_events = {
    .gone = on_gone,
    .wants_frame = on_wants_frame,
    .resize_wanted = on_resize_wanted,
    .entered = on_entered,
};

static void on_pictures(gpointer user);

static void
set_size(Sink *sink, int width, int height)
{
    sink->width = width;
    sink->height = height;
    vnc_protocol_resize(sink->protocol, width, height);
}

static Sink *
vnc_open(const SinkContext *context, GError **error)
{
    Sink *sink = g_new0(Sink, 1);

    sink->context = *context;
    sink->protocol = vnc_protocol_new(context->name ? context->name : "Oriel");
    set_size(sink, FIRST_WIDTH, FIRST_HEIGHT);
    sink->pool = worker_pool_new(0, encode_scratch_new, encode_scratch_free);
    sink->batches = encode_batches_new(sink->pool);
    sink->classifier = classifier_new();
    sink->plan = plan_new();
    sink->plans = plan_memory_new();
    sink->still = plan_new();
    sink->both = plan_new();
    vnc_work_init(&sink->work);
    sink->clients = g_ptr_array_new_with_free_func((GDestroyNotify)vnc_client_free);
    sink->spare = g_ptr_array_new_with_free_func(group_free);
    sink->groups = g_ptr_array_new_with_free_func(group_release);
    sink->video = vnc_video_new(sink->pool, on_pictures, sink);
    sink->packets = g_ptr_array_new();
    return sink;
}

static void
vnc_close(Sink *sink)
{
    if (!sink)
        return;
    g_ptr_array_set_size(sink->clients, 0);
    for (guint i = 0; i < sink->groups->len; i++)
        g_ptr_array_set_size(((Group *)sink->groups->pdata[i])->clients, 0);
    worker_pool_free(sink->pool); /* ends the batches, and with them the groups */
    encode_batches_finish(sink->batches);
    vnc_video_free(sink->video);
    g_ptr_array_unref(sink->groups);
    encode_batches_free(sink->batches);
    g_ptr_array_unref(sink->spare);
    g_ptr_array_unref(sink->packets);
    g_ptr_array_unref(sink->clients);
    vnc_protocol_free(sink->protocol);
    classifier_free(sink->classifier);
    plan_free(sink->plan);
    plan_memory_free(sink->plans);
    plan_free(sink->still);
    plan_free(sink->both);
    vnc_work_clear(&sink->work);
    cursor_unref(sink->cursor);
    g_free(sink);
}

static gboolean
vnc_add_client(Sink *sink, int fd, GError **error)
{
    if (sink->clients->len >= MAX_CLIENTS) {
        close(fd);
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_BUSY, "There are already %d VNC connections.",
                    MAX_CLIENTS);
        return FALSE;
    }
    g_ptr_array_add(sink->clients, vnc_client_new(fd, sink->protocol, sink->context.input,
                                                  sink->context.clipboard, &client_events, sink));
    sink->context.events->wants_frame(sink->context.user); /* the handshake tells the size */
    return TRUE;
}

/* Frames -----------------------------------------------------------------------------------------
 */

static gboolean
vnc_ready(Sink *sink)
{
    for (guint i = 0; i < sink->clients->len; i++)
        if (vnc_client_ready(sink->clients->pdata[i]) ||
            !vnc_client_entered(sink->clients->pdata[i]))
            return TRUE;
    return FALSE;
}

static gboolean
vnc_busy(Sink *sink)
{
    return sink->groups->len > 0;
}

static void
damage_box(VncClient *client, const pixman_box32_t *box)
{
    pixman_region32_t region;

    pixman_region32_init_with_extents(&region, box);
    vnc_update_damage(vnc_client_update(client), &region);
    pixman_region32_fini(&region);
}

/* The streams' pictures, then the rest. */
static void
send_group(Group *group, VncClient *client, Packet *const *rest, guint n_rest, gint64 encode_us)
{
    Sink *sink = group->sink;
    guint begin = vnc_update_in_parts(vnc_client_update(client)) ? group->n_sent : 0;
    guint missing, n_streams;

    g_ptr_array_set_size(sink->packets, 0);
    missing = vnc_video_packets(sink->video, client, sink->packets);
    n_streams = sink->packets->len;
    for (guint i = begin; i < n_rest; i++)
        g_ptr_array_add(sink->packets, rest[i]);
    vnc_video_sent(sink->video, client,
                   MIN(vnc_client_send(client, (Packet *const *)sink->packets->pdata,
                                       sink->packets->len, encode_us),
                       n_streams));
    for (guint i = 0; missing >> i; i++)
        if (missing >> i & 1)
            damage_box(client, &sink->frame->video[i]);
}

/* When all its pixels are encoded. */
static void
finish(Group *group)
{
    Sink *sink = group->sink;
    gint64 encode_us = g_get_monotonic_time() - group->begin;
    Packet *const *packets = NULL;
    guint n = 0;

    if (!group->encoded || (group->streams && vnc_video_runs(sink->video)))
        return;
    if (group->batch)
        packets = encode_batch_packets(group->batch, &n);
    for (guint i = 0; i < group->clients->len; i++)
        send_group(group, group->clients->pdata[i], packets, n, encode_us);
    g_ptr_array_remove_fast(sink->groups, group);
    if (!sink->groups->len)
        sink->context.events->wants_frame(sink->context.user);
}

/* A client decodes what it has while the rest is encoded. */
static void
on_part(EncodeBatch *batch, gpointer user)
{
    Group *group = user;
    guint n;
    Packet *const *packets = encode_batch_packets(batch, &n);

    if (n == group->n_sent)
        return;
    for (guint i = 0; i < group->clients->len; i++)
        vnc_client_send_part(group->clients->pdata[i], packets + group->n_sent, n - group->n_sent);
    group->n_sent = n;
}

static void
on_encoded(EncodeBatch *batch, gpointer user)
{
    Group *group = user;

    group->encoded = TRUE;
    finish(group);
}

static void
on_pictures(gpointer user)
{
    Sink *sink = user;

    for (guint i = sink->groups->len; i-- > 0;)
        finish(sink->groups->pdata[i]);
}

/* The group that is to be sent this; made when there is none. */
static Group *
group_for(Sink *sink, const VncWork *work, guint streams)
{
    Group *group;

    for (guint i = 0; i < sink->groups->len; i++) {
        group = sink->groups->pdata[i];
        if (group->streams == streams && vnc_work_equal(&group->work, work))
            return group;
    }
    group = group_take(sink);
    group->streams = streams;
    group->work.settings = work->settings;
    pixman_region32_copy(&group->work.changed, (pixman_region32_t *)&work->changed);
    pixman_region32_copy(&group->work.exact, (pixman_region32_t *)&work->exact);
    g_ptr_array_add(sink->groups, group);
    return group;
}

/* The frame's videos that the client could be sent as H.264, a bit each. */
static guint
videos_for(const Frame *frame, const VncClient *client, const VncWork *work)
{
    guint videos = 0;

    if (work->settings.quality < 0 || work->settings.format.bits < 16 ||
        !vnc_update_has(vnc_client_update((VncClient *)client), VNC_ENCODING_H264))
        return 0;
    for (guint i = 0; i < frame->n_video; i++)
        if (pixman_region32_contains_rectangle((pixman_region32_t *)&work->changed,
                                               &frame->video[i]) != PIXMAN_REGION_OUT)
            videos |= 1u << i;
    return videos;
}

static void
gather(Sink *sink, const Frame *frame)
{
    for (guint i = 0; i < sink->clients->len; i++) {
        VncClient *client = sink->clients->pdata[i];
        guint videos;

        if (!vnc_client_ready(client) || !vnc_client_take(client, frame, &sink->work))
            continue;
        videos = videos_for(frame, client, &sink->work);
        if (videos)
            vnc_video_ask(sink->video, client, videos, sink->work.settings.quality);
        if (vnc_work_is_empty(&sink->work))
            vnc_client_send(client, NULL, 0, 0); /* a cursor, a size, copies: no pixels */
        else
            g_ptr_array_add(group_for(sink, &sink->work, videos ? ASKED : 0)->clients, client);
    }
}

/* Who asked is now in the group of those that get the same streams. */
static void
regroup(Sink *sink, const Frame *frame)
{
    for (guint i = sink->groups->len; i-- > 0;) {
        Group *group = sink->groups->pdata[i];

        if (group->streams != ASKED)
            continue;
        for (guint k = 0; k < group->clients->len; k++) {
            VncClient *client = group->clients->pdata[k];
            guint served = vnc_video_served(sink->video, client);

            for (guint v = 0; v < frame->n_video; v++)
                if (served >> v & 1)
                    vnc_update_take_box(vnc_client_update(client), &frame->video[v]);
            g_ptr_array_add(group_for(sink, &group->work, served)->clients, client);
        }
        g_ptr_array_remove_index_fast(sink->groups, i);
    }
}

/* What changed, by the frame's own plan where that is it, or by one that another client was sent
 * by. */
static const Plan *
plan_region(Sink *sink, const Frame *frame, const pixman_region32_t *changed, const Plan *plan)
{
    const Plan *known = plan_memory_find(sink->plans, changed);

    if (known)
        return known;
    if (!plan || !region_equal(changed, plan_residue(plan))) {
        plan_clear(sink->plan);
        classify(sink->classifier, frame, changed, sink->plan);
        plan = sink->plan;
    }
    if (sink->clients->len > 1)
        plan_memory_keep(sink->plans, changed, plan);
    return plan;
}

static const Plan *
plan_changed(Sink *sink, const Group *group, const Frame *frame, const Plan *plan)
{
    const VncWork *work = &group->work;

    plan = plan_region(sink, frame, &work->changed, plan);
    if (!video_plan_any(plan))
        return plan;
    video_plan_replace(plan, sink->classifier, frame, &work->changed, group->streams,
                       encode_settings_lossy(&work->settings, &(PlanOp){.kind = PLAN_LOSSY}),
                       sink->still);
    return sink->still;
}

/* After what changed, what is to be exact now. */
static const Plan *
plan_exact(Sink *sink, const VncWork *work, const Frame *frame, const Plan *changed)
{
    const PlanOp *ops;
    guint n_changed, n_ops;

    plan_clear(sink->both);
    ops = plan_ops(changed, &n_changed);
    for (guint i = 0; i < n_changed; i++)
        plan_add(sink->both, &ops[i]);
    plan_clear(sink->plan);
    classify_still(sink->classifier, frame, &work->exact, sink->plan);
    ops = plan_ops(sink->plan, &n_ops);
    for (guint i = 0; i < n_ops; i++) {
        PlanOp op = ops[i];

        op.kind = op.kind == PLAN_LOSSY ? PLAN_RAW : op.kind;
        plan_add(sink->both, &op);
    }
    return sink->both;
}

static void
encode(Sink *sink, Group *group, const Frame *frame, const Plan *plan)
{
    const PlanOp *ops;
    guint n_ops, n_copies;

    plan = plan_changed(sink, group, frame, plan);
    if (!region_is_empty(&group->work.exact))
        plan = plan_exact(sink, &group->work, frame, plan);
    ops = plan_ops(plan, &n_ops);
    group->begin = g_get_monotonic_time();
    n_copies = plan_n_copies(plan); /* each client's own matter (vnc-copy.h) */
    group->encoded = n_ops == n_copies;
    if (!group->encoded)
        group->batch = encode_batch_start(sink->batches, &group->work.settings, frame,
                                          ops + n_copies, n_ops - n_copies,
                                          group->streams ? NULL : on_part, on_encoded, group);
}

static void
vnc_present(Sink *sink, const Frame *frame, const Plan *plan)
{
    gboolean resized = !sink->frame || sink->generation != frame->generation;

    sink->frame = frame;
    sink->generation = frame->generation;
    if (resized)
        set_size(sink, frame->width, frame->height);
    for (guint i = 0; i < sink->clients->len; i++) {
        VncClient *client = sink->clients->pdata[i];

        if (!vnc_client_entered(client))
            continue;
        if (resized)
            vnc_client_resized(client, frame->width, frame->height);
        else
            vnc_update_frame(vnc_client_update(client), frame, plan);
    }
    encode_batches_frame(sink->batches, resized ? NULL : &frame->damage, sink->clients->len > 1);
    plan_memory_frame(sink->plans, frame);
    vnc_video_begin(sink->video, frame);
    gather(sink, frame);
    vnc_video_start(sink->video);
    regroup(sink, frame);
    for (guint i = 0; i < sink->groups->len; i++)
        encode(sink, sink->groups->pdata[i], frame, plan);
}

/* The rest ---------------------------------------------------------------------------------------
 */

static void
vnc_cursor(Sink *sink, Cursor *cursor)
{
    cursor_unref(sink->cursor);
    sink->cursor = cursor ? cursor_ref(cursor) : NULL;
    sink->cursor_known = TRUE;
    for (guint i = 0; i < sink->clients->len; i++)
        if (vnc_client_entered(sink->clients->pdata[i]))
            vnc_update_set_cursor(vnc_client_update(sink->clients->pdata[i]), cursor);
}

static void
vnc_leds(Sink *sink, guint leds)
{
    for (guint i = 0; i < sink->clients->len; i++)
        if (vnc_client_entered(sink->clients->pdata[i]))
            vnc_update_set_leds(vnc_client_update(sink->clients->pdata[i]), leds);
}

static guint
vnc_clients(Sink *sink)
{
    guint n = 0;

    for (guint i = 0; i < sink->clients->len; i++)
        n += vnc_client_entered(sink->clients->pdata[i]);
    return n;
}

static SinkProgress
vnc_progress(Sink *sink)
{
    SinkProgress progress = SINK_SETTLED;

    for (guint i = 0; i < sink->clients->len; i++)
        progress = MIN(progress, vnc_client_progress(sink->clients->pdata[i]));
    return progress;
}

static void
vnc_stats(Sink *sink, json_t *object)
{
    json_t *list = json_array();
    ClientStats sum = sink->gone, stats;

    for (guint i = 0; i < sink->clients->len; i++) {
        vnc_client_stats(sink->clients->pdata[i], &stats);
        client_stats_sum(&sum, &stats);
        json_array_append_new(list, client_stats_to_json(&stats, "vnc"));
    }
    json_object_set_new(object, "vnc", list);
    client_stats_add_to_json(&sum, object);
}

const SinkType sink_vnc = {
    .name = "vnc",
    .open = vnc_open,
    .close = vnc_close,
    .add_client = vnc_add_client,
    .ready = vnc_ready,
    .present = vnc_present,
    .busy = vnc_busy,
    .cursor = vnc_cursor,
    .stats = vnc_stats,
    .clients = vnc_clients,
    .leds = vnc_leds,
    .progress = vnc_progress,
};
