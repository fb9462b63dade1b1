/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../worker-pool.h"
#include "encoder.h"

/* Operations of one frame, encoded with one client setting. Main thread. */
typedef struct EncodeBatch EncodeBatch;

/* Where batches come from. They keep their memory from one frame to the next, so a steady state
 * allocates nothing. */
typedef struct EncodeBatches EncodeBatches;

/* Called on the main thread when all operations are encoded, never from inside
 * encode_batch_start(). */
typedef void (*EncodeBatchDone)(EncodeBatch *batch, gpointer user);

/* The same, before that: more of the first operations are encoded, so much that it is worth sending
 * while the others are. */
typedef void (*EncodeBatchPart)(EncodeBatch *batch, gpointer user);

/* pool stays the caller's, and is freed first. Completion is delivered on the caller's
 * thread-default main context. */
EncodeBatches *encode_batches_new(WorkerPool *pool);
/* Batches that are encoded, and not yet said to be, are done now. */
void encode_batches_finish(EncodeBatches *batches);
/* When all batches are done and freed. Takes NULL. */
void encode_batches_free(EncodeBatches *batches);

/* Before the batches of a frame: what changed since the frame before (NULL: everything), and
 * whether several clients watch. Then what one of them is sent is kept for the others while it is
 * what the screen shows. */
void encode_batches_frame(EncodeBatches *batches, const pixman_region32_t *changed,
                          gboolean shared);

/* ops and settings are copied; frame must stand still until done. n_ops > 0. What is less work than
 * handing it over is encoded at once on this thread. part: NULL where nobody waits for parts. */
EncodeBatch *encode_batch_start(EncodeBatches *batches, const EncodeSettings *settings,
                                const Frame *frame, const PlanOp *ops, guint n_ops,
                                EncodeBatchPart part, EncodeBatchDone done, gpointer user);
/* After done only. */
void encode_batch_free(EncodeBatch *batch);
/* Those of the first operations that are encoded, in their order, from inside part or once done;
 * the batch's. Done, they are all; an entry is NULL only where the pool was freed before its job
 * began. */
Packet *const *encode_batch_packets(const EncodeBatch *batch, guint *n_packets);
