/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "worker-pool.h"

#include <pthread.h> /* rather than GLib's locks: ThreadSanitizer follows these */

#define MAX_THREADS 8

typedef struct {
    WorkerJob *first, **last;
} JobQueue;

struct WorkerPool {
    gpointer (*state_new)(void);
    void (*state_free)(gpointer state);
    GSource *completion; /* of the owner's main context */
    guint n_threads;
    GThread *threads[MAX_THREADS];
    pthread_mutex_t mutex;
    pthread_cond_t more;
    /* under mutex */
    JobQueue waiting, finished;
    gboolean stop;
};

static void
job_queue_init(JobQueue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void
job_queue_push(JobQueue *queue, WorkerJob *job)
{
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
}

static WorkerJob *
job_queue_pop(JobQueue *queue)
{
    WorkerJob *job = queue->first;

    if (job) {
        queue->first = job->next;
        if (!queue->first)
            queue->last = &queue->first;
    }
    return job;
}

static gpointer
worker(gpointer user)
{
    WorkerPool *pool = user;
    gpointer state = pool->state_new ? pool->state_new() : NULL;

    pthread_mutex_lock(&pool->mutex);
    while (!pool->stop) {
        WorkerJob *job = job_queue_pop(&pool->waiting);
        gboolean tell;

        if (!job) {
            pthread_cond_wait(&pool->more, &pool->mutex);
            continue;
        }
        pthread_mutex_unlock(&pool->mutex);
        tell = job->work(job, state);
        pthread_mutex_lock(&pool->mutex);
        if (!tell)
            continue;
        if (!pool->finished.first)
            g_source_set_ready_time(pool->completion, 0);
        job_queue_push(&pool->finished, job);
    }
    pthread_mutex_unlock(&pool->mutex);
    if (pool->state_free)
        pool->state_free(state);
    return NULL;
}

static gboolean
complete(gpointer user)
{
    WorkerPool *pool = user;
    WorkerJob *job;

    pthread_mutex_lock(&pool->mutex);
    job = pool->finished.first;
    job_queue_init(&pool->finished);
    g_source_set_ready_time(pool->completion, -1);
    pthread_mutex_unlock(&pool->mutex);
    while (job) {
        WorkerJob *next = job->next; /* done may free the job, or submit it again */

        job->done(job);
        job = next;
    }
    return G_SOURCE_CONTINUE;
}

static gboolean
dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    return callback(user);
}

static GSourceFuncs completion_funcs = {.dispatch = dispatch};

WorkerPool *
worker_pool_new(guint threads, gpointer (*state_new)(void), void (*state_free)(gpointer state))
{
    WorkerPool *pool = g_new0(WorkerPool, 1);

    pool->state_new = state_new;
    pool->state_free = state_free;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->more, NULL);
    job_queue_init(&pool->waiting);
    job_queue_init(&pool->finished);
    pool->completion = g_source_new(&completion_funcs, sizeof(GSource));
    g_source_set_callback(pool->completion, complete, pool, NULL);
    g_source_set_static_name(pool->completion, "worker pool");
    g_source_attach(pool->completion, g_main_context_get_thread_default());
    pool->n_threads = CLAMP(threads ? threads : g_get_num_processors(), 1, MAX_THREADS);
    for (guint i = 0; i < pool->n_threads; i++)
        pool->threads[i] = g_thread_new("encode", worker, pool);
    return pool;
}

void
worker_pool_free(WorkerPool *pool)
{
    WorkerJob *job;

    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->stop = TRUE;
    pthread_cond_broadcast(&pool->more);
    pthread_mutex_unlock(&pool->mutex);
    for (guint i = 0; i < pool->n_threads; i++)
        g_thread_join(pool->threads[i]);
    complete(pool);
    while ((job = job_queue_pop(&pool->waiting)))
        job->done(job);
    g_source_destroy(pool->completion);
    g_source_unref(pool->completion);
    pthread_cond_destroy(&pool->more);
    pthread_mutex_destroy(&pool->mutex);
    g_free(pool);
}

void
worker_pool_submit(WorkerPool *pool, WorkerJob *job)
{
    pthread_mutex_lock(&pool->mutex);
    job_queue_push(&pool->waiting, job);
    pthread_cond_signal(&pool->more);
    pthread_mutex_unlock(&pool->mutex);
}
