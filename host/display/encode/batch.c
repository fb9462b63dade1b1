/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "batch.h"
#include "packet-cache.h"

#include <string.h>

/* Jobs of about this many pixels: enough work to be worth a hand-over, small enough to spread. */
#define JOB_PIXELS (128 * 1024)
#define JOB_OPS    64

/* A hand-over wakes two threads, some 20 to 50 microseconds of processor time. So many pixels of
 * text take no longer to encode. */
#define AT_ONCE_PIXELS (8 * 1024)
#define AT_ONCE_OPS    8

/* Bytes that are worth a wake-up of the main thread, and of the client, before all are encoded:
 * what either needs some 100 microseconds for. Text seldom has as many. */
#define PART_BYTES (32 * 1024)

/* Batches that wait for their next use: one for each kind of client is in work at a time. */
#define MAX_KEPT 8

typedef struct {
    WorkerJob job;
    EncodeBatch *batch;
    guint first, end; /* operations */
    gint encoded;     /* atomic; its packets may be read once it is set */
    gboolean counted; /* jobs_left is without it */
} EncodeJob;

struct EncodeBatch {
    EncodeBatches *owner;
    EncodeSettings settings;
    const Frame *frame;
    EncodeBatchPart part; /* NULL: only all of it */
    EncodeBatchDone done;
    gpointer user;
    GArray *ops;        /* PlanOp */
    GPtrArray *packets; /* Packet; one for each operation */
    GArray *jobs;       /* EncodeJob */
    guint n_first;      /* jobs, those of the first operations, that are known to be encoded */
    gint jobs_left;     /* atomic */
    gint waiting;       /* atomic: bytes that were encoded since a part was told of */
    EncodeBatch *next;  /* of those that wait */
};

struct EncodeBatches {
    WorkerPool *pool;
    EncodeScratch *scratch; /* this thread's */
    PacketCache *cache;
    gboolean shared;
    GSource *completion;
    EncodeBatch *finished, **finished_last; /* encoded here, not yet told */
    EncodeBatch *kept;
    guint n_kept;
};

static void
encode_range(EncodeBatch *batch, EncodeScratch *scratch, guint first, guint end)
{
    const PlanOp *ops = (const PlanOp *)(gpointer)batch->ops->data;

    for (guint i = first; i < end; i++)
        if (!batch->packets->pdata[i])
            batch->packets->pdata[i] = encode_op(scratch, &batch->settings, batch->frame, &ops[i]);
}

static gboolean
is_last(EncodeBatch *batch)
{
    return g_atomic_int_dec_and_test(&batch->jobs_left);
}

/* Is it worth telling, with what the job has added? */
static gboolean
is_part(EncodeBatch *batch, const EncodeJob *job)
{
    gint bytes = 0;

    if (!batch->part)
        return FALSE;
    for (guint i = job->first; i < job->end; i++)
        bytes += (gint)((const Packet *)batch->packets->pdata[i])->size;
    if (g_atomic_int_add(&batch->waiting, bytes) + bytes < PART_BYTES)
        return FALSE;
    g_atomic_int_set(&batch->waiting, 0);
    return TRUE;
}

/* The last job to end wakes the main thread, and those before it that complete a part. The memory
 * of the others may be used again once they are counted; of these not before they were told. */
static gboolean
job_work(WorkerJob *base, gpointer state)
{
    EncodeJob *job = (EncodeJob *)base;
    gboolean part;

    encode_range(job->batch, state, job->first, job->end);
    part = is_part(job->batch, job);
    job->counted = !part;
    g_atomic_int_set(&job->encoded, TRUE);
    return part || is_last(job->batch);
}

static void
batch_done(EncodeBatch *batch)
{
    EncodeBatches *batches = batch->owner;

    for (guint i = 0; batches->shared && i < batch->ops->len; i++)
        if (batch->packets->pdata[i])
            packet_cache_add(batches->cache, &batch->settings,
                             &g_array_index(batch->ops, PlanOp, i), batch->packets->pdata[i]);
    batch->done(batch, batch->user);
}

/* Are more of the first jobs encoded than were known of? */
static gboolean
look_for_more(EncodeBatch *batch)
{
    guint before = batch->n_first;

    while (batch->n_first < batch->jobs->len &&
           g_atomic_int_get(&g_array_index(batch->jobs, EncodeJob, batch->n_first).encoded))
        batch->n_first++;
    return batch->n_first > before;
}

/* The last one, one that completes a part, or one that was skipped. */
static void
job_done(WorkerJob *base)
{
    EncodeJob *job = (EncodeJob *)base;
    EncodeBatch *batch = job->batch;

    if (job->counted || is_last(batch)) {
        batch->n_first = batch->jobs->len;
        batch_done(batch);
    } else if (job->encoded && look_for_more(batch)) {
        batch->part(batch, batch->user);
    }
}

/* Nothing is to be done for what is there already, and nearly nothing for a FILL, where the encoder
 * has such a thing. */
static gint64
op_work(const EncodeBatch *batch, guint i)
{
    const EncodeSettings *settings = &batch->settings;
    const PlanOp *op = &g_array_index(batch->ops, PlanOp, i);

    if (batch->packets->pdata[i] || op->kind == PLAN_COPY ||
        (op->kind == PLAN_FILL && settings->encoder == &encoder_tight))
        return 0;
    return (gint64)op->width * op->height;
}

static void
split(EncodeBatch *batch)
{
    gint64 pixels = 0;
    EncodeJob *job = NULL;

    for (guint i = 0; i < batch->ops->len; i++) {
        if (!job || pixels >= JOB_PIXELS || i - job->first >= JOB_OPS) {
            g_array_set_size(batch->jobs, batch->jobs->len + 1);
            job = &g_array_index(batch->jobs, EncodeJob, batch->jobs->len - 1);
            *job = (EncodeJob){
                .job = {.work = job_work, .done = job_done}, .batch = batch, .first = i};
            pixels = 0;
        }
        job->end = i + 1;
        pixels += op_work(batch, i);
    }
}

void
encode_batches_finish(EncodeBatches *batches)
{
    EncodeBatch *batch = batches->finished;

    batches->finished = NULL;
    batches->finished_last = &batches->finished;
    while (batch) {
        EncodeBatch *next = batch->next; /* done may free the batch, and start others */

        batch->next = NULL;
        batch_done(batch);
        batch = next;
    }
}

static gboolean
on_finished(gpointer user)
{
    EncodeBatches *batches = user;

    g_source_set_ready_time(batches->completion, -1);
    encode_batches_finish(batches);
    return G_SOURCE_CONTINUE;
}

static gboolean
dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    return callback(user);
}

static GSourceFuncs completion_funcs = {.dispatch = dispatch};

EncodeBatches *
encode_batches_new(WorkerPool *pool)
{
    EncodeBatches *batches = g_new0(EncodeBatches, 1);

    batches->pool = pool;
    batches->scratch = encode_scratch_new();
    batches->cache = packet_cache_new();
    batches->finished_last = &batches->finished;
    batches->completion = g_source_new(&completion_funcs, sizeof(GSource));
    g_source_set_callback(batches->completion, on_finished, batches, NULL);
    g_source_set_static_name(batches->completion, "encoded at once");
    g_source_attach(batches->completion, g_main_context_get_thread_default());
    return batches;
}

static void
batch_destroy(EncodeBatch *batch)
{
    g_array_unref(batch->ops);
    g_array_unref(batch->jobs);
    g_ptr_array_unref(batch->packets);
    g_free(batch);
}

void
encode_batches_free(EncodeBatches *batches)
{
    if (!batches)
        return;
    while (batches->kept) {
        EncodeBatch *batch = batches->kept;

        batches->kept = batch->next;
        batch_destroy(batch);
    }
    g_source_destroy(batches->completion);
    g_source_unref(batches->completion);
    packet_cache_free(batches->cache);
    encode_scratch_free(batches->scratch);
    g_free(batches);
}

void
encode_batches_frame(EncodeBatches *batches, const pixman_region32_t *changed, gboolean shared)
{
    batches->shared = shared;
    packet_cache_drop(batches->cache, shared ? changed : NULL);
}

static EncodeBatch *
take_batch(EncodeBatches *batches)
{
    EncodeBatch *batch = batches->kept;

    if (batch) {
        batches->kept = batch->next;
        batches->n_kept--;
        batch->next = NULL;
        return batch;
    }
    batch = g_new0(EncodeBatch, 1);
    batch->owner = batches;
    batch->ops = g_array_new(FALSE, FALSE, sizeof(PlanOp));
    batch->packets = g_ptr_array_new_with_free_func((GDestroyNotify)packet_unref);
    batch->jobs = g_array_new(FALSE, FALSE, sizeof(EncodeJob));
    return batch;
}

static gboolean
is_small(const EncodeBatch *batch)
{
    gint64 pixels = 0;
    guint ops = 0;

    for (guint i = 0; i < batch->ops->len; i++) {
        pixels += op_work(batch, i);
        ops += !batch->packets->pdata[i];
    }
    return pixels <= AT_ONCE_PIXELS && ops <= AT_ONCE_OPS;
}

EncodeBatch *
encode_batch_start(EncodeBatches *batches, const EncodeSettings *settings, const Frame *frame,
                   const PlanOp *ops, guint n_ops, EncodeBatchPart part, EncodeBatchDone done,
                   gpointer user)
{
    EncodeBatch *batch = take_batch(batches);

    batch->settings = *settings;
    batch->frame = frame;
    batch->part = part;
    batch->n_first = 0;
    batch->waiting = 0;
    batch->done = done;
    batch->user = user;
    g_array_append_vals(batch->ops, ops, n_ops);
    g_ptr_array_set_size(batch->packets, (int)n_ops);
    for (guint i = 0; batches->shared && i < n_ops; i++)
        batch->packets->pdata[i] = packet_cache_find(batches->cache, settings, &ops[i]);
    if (is_small(batch)) {
        encode_range(batch, batches->scratch, 0, n_ops);
        *batches->finished_last = batch;
        batches->finished_last = &batch->next;
        g_source_set_ready_time(batches->completion, 0);
        return batch;
    }
    split(batch);
    batch->jobs_left = (gint)batch->jobs->len;
    for (guint i = 0; i < batch->jobs->len; i++)
        worker_pool_submit(batches->pool, &g_array_index(batch->jobs, EncodeJob, i).job);
    return batch;
}

void
encode_batch_free(EncodeBatch *batch)
{
    EncodeBatches *batches = batch->owner;

    g_ptr_array_set_size(batch->packets, 0);
    g_array_set_size(batch->ops, 0);
    g_array_set_size(batch->jobs, 0);
    if (batches->n_kept == MAX_KEPT) {
        batch_destroy(batch);
        return;
    }
    batch->next = batches->kept;
    batches->kept = batch;
    batches->n_kept++;
}

Packet *const *
encode_batch_packets(const EncodeBatch *batch, guint *n_packets)
{
    if (batch->n_first == batch->jobs->len)
        *n_packets = batch->packets->len;
    else
        *n_packets = g_array_index(batch->jobs, EncodeJob, batch->n_first).first;
    return (Packet *const *)batch->packets->pdata;
}
