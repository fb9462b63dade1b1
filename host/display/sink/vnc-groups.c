/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-groups.h"
#include "encode/batch.h"
#include "vnc-planner.h"
#include "vnc-video.h"

#define ASKED                                                                                      \
    G_MAXUINT /* of a group whose clients have asked for streams, and are not served yet */

/* Clients that are sent the same. They share one encoding. */
typedef struct {
    VncGroups *groups;
    VncWork work;
    guint streams;      /* the frame's videos that come from streams (vnc-video.h), a bit each */
    EncodeBatch *batch; /* NULL: all comes from streams */
    guint n_sent;       /* packets that went, in parts, to those clients that take parts */
    gboolean encoded;   /* the batch is done */
    gint64 begin;       /* of the encoding, µs */
    GPtrArray *clients; /* VncClient */
} Group;

struct VncGroups {
    void (*idle)(gpointer user);
    gpointer user;
    WorkerPool *pool;
    EncodeBatches *batches;
    VncPlanner *planner;
    VncVideo *video;
    const Frame *frame;
    VncWork work;       /* of the client that is looked at */
    GPtrArray *packets; /* of one update */
    GPtrArray *active;  /* Group: being encoded */
    GPtrArray *spare;   /* Group: those of frames before, for their memory */
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
    g_ptr_array_add(group->groups->spare, group);
}

static Group *
group_take(VncGroups *groups)
{
    Group *group;

    if (groups->spare->len)
        return g_ptr_array_steal_index_fast(groups->spare, groups->spare->len - 1);
    group = g_new0(Group, 1);
    group->groups = groups;
    vnc_work_init(&group->work);
    group->clients = g_ptr_array_new();
    return group;
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
    VncGroups *groups = group->groups;
    guint begin = vnc_update_in_parts(vnc_client_update(client)) ? group->n_sent : 0;
    guint missing, n_streams;

    g_ptr_array_set_size(groups->packets, 0);
    missing = vnc_video_packets(groups->video, client, groups->packets);
    n_streams = groups->packets->len;
    for (guint i = begin; i < n_rest; i++)
        g_ptr_array_add(groups->packets, rest[i]);
    vnc_video_sent(groups->video, client,
                   MIN(vnc_client_send(client, (Packet *const *)groups->packets->pdata,
                                       groups->packets->len, encode_us),
                       n_streams));
    for (guint i = 0; missing >> i; i++)
        if (missing >> i & 1)
            damage_box(client, &groups->frame->video[i]);
}

/* When all its pixels are encoded. */
static void
finish(Group *group)
{
    VncGroups *groups = group->groups;
    gint64 encode_us = g_get_monotonic_time() - group->begin;
    Packet *const *packets = NULL;
    guint n = 0;

    if (!group->encoded || (group->streams && vnc_video_runs(groups->video)))
        return;
    if (group->batch)
        packets = encode_batch_packets(group->batch, &n);
    for (guint i = 0; i < group->clients->len; i++)
        send_group(group, group->clients->pdata[i], packets, n, encode_us);
    g_ptr_array_remove_fast(groups->active, group);
    if (!groups->active->len)
        groups->idle(groups->user);
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
    VncGroups *groups = user;

    for (guint i = groups->active->len; i-- > 0;)
        finish(groups->active->pdata[i]);
}

VncGroups *
vnc_groups_new(void (*idle)(gpointer user), gpointer user)
{
    VncGroups *groups = g_new0(VncGroups, 1);

    groups->idle = idle;
    groups->user = user;
    groups->pool = worker_pool_new(0, encode_scratch_new, encode_scratch_free);
    groups->batches = encode_batches_new(groups->pool);
    groups->planner = vnc_planner_new();
    groups->video = vnc_video_new(groups->pool, on_pictures, groups);
    vnc_work_init(&groups->work);
    groups->packets = g_ptr_array_new();
    groups->spare = g_ptr_array_new_with_free_func(group_free);
    groups->active = g_ptr_array_new_with_free_func(group_release);
    return groups;
}

void
vnc_groups_free(VncGroups *groups)
{
    if (!groups)
        return;
    for (guint i = 0; i < groups->active->len; i++)
        g_ptr_array_set_size(((Group *)groups->active->pdata[i])->clients, 0);
    worker_pool_free(groups->pool); /* ends the batches, and with them the groups */
    encode_batches_finish(groups->batches);
    vnc_video_free(groups->video);
    g_ptr_array_unref(groups->active);
    encode_batches_free(groups->batches);
    g_ptr_array_unref(groups->spare);
    g_ptr_array_unref(groups->packets);
    vnc_planner_free(groups->planner);
    vnc_work_clear(&groups->work);
    g_free(groups);
}

gboolean
vnc_groups_busy(const VncGroups *groups)
{
    return groups->active->len > 0;
}

void
vnc_groups_forget(VncGroups *groups, VncClient *client)
{
    for (guint i = 0; i < groups->active->len; i++)
        g_ptr_array_remove_fast(((Group *)groups->active->pdata[i])->clients, client);
    vnc_video_forget(groups->video, client);
}

/* The group that is to be sent this; made when there is none. */
static Group *
group_for(VncGroups *groups, const VncWork *work, guint streams)
{
    Group *group;

    for (guint i = 0; i < groups->active->len; i++) {
        group = groups->active->pdata[i];
        if (group->streams == streams && vnc_work_equal(&group->work, work))
            return group;
    }
    group = group_take(groups);
    group->streams = streams;
    group->work.settings = work->settings;
    pixman_region32_copy(&group->work.changed, (pixman_region32_t *)&work->changed);
    pixman_region32_copy(&group->work.exact, (pixman_region32_t *)&work->exact);
    g_ptr_array_add(groups->active, group);
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
gather(VncGroups *groups, GPtrArray *clients, const Frame *frame)
{
    for (guint i = 0; i < clients->len; i++) {
        VncClient *client = clients->pdata[i];
        guint videos;

        if (!vnc_client_ready(client) || !vnc_client_take(client, frame, &groups->work))
            continue;
        videos = videos_for(frame, client, &groups->work);
        if (videos)
            vnc_video_ask(groups->video, client, videos, groups->work.settings.quality);
        if (vnc_work_is_empty(&groups->work))
            vnc_client_send(client, NULL, 0, 0); /* a cursor, a size, copies: no pixels */
        else
            g_ptr_array_add(group_for(groups, &groups->work, videos ? ASKED : 0)->clients, client);
    }
}

/* Who asked is now in the group of those that get the same streams. */
static void
regroup(VncGroups *groups, const Frame *frame)
{
    for (guint i = groups->active->len; i-- > 0;) {
        Group *group = groups->active->pdata[i];

        if (group->streams != ASKED)
            continue;
        for (guint k = 0; k < group->clients->len; k++) {
            VncClient *client = group->clients->pdata[k];
            guint served = vnc_video_served(groups->video, client);

            for (guint v = 0; v < frame->n_video; v++)
                if (served >> v & 1)
                    vnc_update_take_box(vnc_client_update(client), &frame->video[v]);
            g_ptr_array_add(group_for(groups, &group->work, served)->clients, client);
        }
        g_ptr_array_remove_index_fast(groups->active, i);
    }
}

static void
encode(Group *group, const Frame *frame)
{
    VncGroups *groups = group->groups;
    const Plan *plan = vnc_planner_plan(groups->planner, &group->work, group->streams);
    guint n_ops, n_copies = plan_n_copies(plan); /* each client's own matter (vnc-copy.h) */
    const PlanOp *ops = plan_ops(plan, &n_ops);

    group->begin = g_get_monotonic_time();
    group->encoded = n_ops == n_copies;
    if (!group->encoded)
        group->batch = encode_batch_start(groups->batches, &group->work.settings, frame,
                                          ops + n_copies, n_ops - n_copies,
                                          group->streams ? NULL : on_part, on_encoded, group);
}

void
vnc_groups_present(VncGroups *groups, GPtrArray *clients, const Frame *frame, const Plan *plan,
                   gboolean resized)
{
    gboolean shared = clients->len > 1;

    groups->frame = frame;
    encode_batches_frame(groups->batches, resized ? NULL : &frame->damage, shared);
    vnc_planner_frame(groups->planner, frame, plan, shared);
    vnc_video_begin(groups->video, frame);
    gather(groups, clients, frame);
    vnc_video_start(groups->video);
    regroup(groups, frame);
    for (guint i = 0; i < groups->active->len; i++)
        encode(groups->active->pdata[i], frame);
}
