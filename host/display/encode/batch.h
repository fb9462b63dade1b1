/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../worker-pool.h"
#include "encoder.h"

/* Operations of one frame, encoded on the pool with one client setting. Main thread. */
typedef struct EncodeBatch EncodeBatch;

/* Called on the main thread when all operations are encoded, never from inside
 * encode_batch_start(). */
typedef void (*EncodeBatchDone)(EncodeBatch *batch, gpointer user);

/* ops and settings are copied; frame must stand still until done. n_ops > 0. */
EncodeBatch *encode_batch_start(WorkerPool *pool, const EncodeSettings *settings,
                                const Frame *frame, const PlanOp *ops, guint n_ops,
                                EncodeBatchDone done, gpointer user);
/* After done only. */
void encode_batch_free(EncodeBatch *batch);
/* One for each operation, in their order; the batch's. An entry is NULL only where the pool was
 * freed before its job began. */
Packet *const *encode_batch_packets(const EncodeBatch *batch, guint *n_packets);
