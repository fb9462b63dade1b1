/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * A few threads that run jobs in the order they came, and hand each back on the main context's
 * thread. A worker touches only its job and its own state (scratch memory, codec handles), made
 * once a thread.
 */

typedef struct WorkerPool WorkerPool;
typedef struct WorkerJob WorkerJob;

/* Embedded in the caller's job; the caller owns the memory, and leaves it alone until done is
 * called or work has returned FALSE. */
struct WorkerJob {
    /* On a worker. TRUE: done is called. FALSE: the pool is done with the job, whose memory may be
     * another's already. */
    gboolean (*work)(WorkerJob *job, gpointer state);
    void (*done)(
        WorkerJob *job); /* on the thread of the main context, in the order of completion */
    WorkerJob *next;     /* the pool's */
};

/* Completion is delivered on the caller's thread-default main context. threads 0: one for each
 * processor, at most 8. */
WorkerPool *worker_pool_new(guint threads, gpointer (*state_new)(void),
                            void (*state_free)(gpointer state));
/* Waits for the running jobs; done is called for every other job that was submitted, too (their
 * work is skipped). */
void worker_pool_free(WorkerPool *pool);
void worker_pool_submit(WorkerPool *pool, WorkerJob *job);
