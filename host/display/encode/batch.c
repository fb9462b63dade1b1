/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "batch.h"

#include <string.h>

/* Jobs of about this many pixels: enough work to be worth a hand-over, small enough to spread. */
#define JOB_PIXELS (128 * 1024)
#define JOB_OPS    64

typedef struct {
    WorkerJob job;
    EncodeBatch *batch;
    guint first, end; /* operations */
} EncodeJob;

struct EncodeBatch {
    EncodeSettings settings;
    const Frame *frame;
    EncodeBatchDone done;
    gpointer user;
    PlanOp *ops;
    Packet **packets;
    guint n_ops, n_jobs, finished;
    EncodeJob *jobs;
};

static void
job_work(WorkerJob *base, gpointer state)
{
    EncodeJob *job = (EncodeJob *)base;
    EncodeBatch *batch = job->batch;

    for (guint i = job->first; i < job->end; i++)
        batch->packets[i] = encode_op(state, &batch->settings, batch->frame, &batch->ops[i]);
}

static void
job_done(WorkerJob *base)
{
    EncodeBatch *batch = ((EncodeJob *)base)->batch;

    if (++batch->finished == batch->n_jobs)
        batch->done(batch, batch->user);
}

static void
split(EncodeBatch *batch)
{
    gint64 pixels = 0;
    EncodeJob *job = NULL;

    batch->jobs = g_new0(EncodeJob, batch->n_ops);
    for (guint i = 0; i < batch->n_ops; i++) {
        const PlanOp *op = &batch->ops[i];

        if (!job || pixels >= JOB_PIXELS || i - job->first >= JOB_OPS) {
            job = &batch->jobs[batch->n_jobs++];
            job->job.work = job_work;
            job->job.done = job_done;
            job->batch = batch;
            job->first = i;
            pixels = 0;
        }
        job->end = i + 1;
        if (op->kind != PLAN_FILL || batch->settings.encoder != &encoder_tight)
            pixels += (gint64)op->width * op->height;
    }
}

EncodeBatch *
encode_batch_start(WorkerPool *pool, const EncodeSettings *settings, const Frame *frame,
                   const PlanOp *ops, guint n_ops, EncodeBatchDone done, gpointer user)
{
    EncodeBatch *batch = g_new0(EncodeBatch, 1);

    batch->settings = *settings;
    batch->frame = frame;
    batch->done = done;
    batch->user = user;
    batch->n_ops = n_ops;
    batch->ops = g_new(PlanOp, n_ops);
    memcpy(batch->ops, ops, n_ops * sizeof *ops);
    batch->packets = g_new0(Packet *, n_ops);
    split(batch);
    for (guint i = 0; i < batch->n_jobs; i++)
        worker_pool_submit(pool, &batch->jobs[i].job);
    return batch;
}

void
encode_batch_free(EncodeBatch *batch)
{
    for (guint i = 0; i < batch->n_ops; i++)
        packet_unref(batch->packets[i]);
    g_free(batch->packets);
    g_free(batch->ops);
    g_free(batch->jobs);
    g_free(batch);
}

Packet *const *
encode_batch_packets(const EncodeBatch *batch, guint *n_packets)
{
    *n_packets = batch->n_ops;
    return batch->packets;
}
