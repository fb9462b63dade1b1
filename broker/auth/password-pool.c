/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/auth/password-pool.h"

#include "broker/auth/password.h"
#include "common/error.h"

struct PasswordPool {
    GThreadPool *threads;
    GAsyncQueue *done; /* Job; filled by workers, emptied by the main thread */
    GMainContext *context;
    guint limit;
    guint under_way; /* main thread only */
};

/* A worker touches only the job it was given. */
typedef struct {
    PasswordPool *pool;
    char *hash; /* to verify against; NULL for nobody */
    char *password;
    PasswordVerified verified;
    PasswordHashed hashed;
    gpointer user;
    GDestroyNotify destroy;
    gboolean right;
    char *result;
    GError *error;
} Job;

static void
job_free(gpointer data)
{
    Job *job = data;

    if (job->destroy)
        job->destroy(job->user);
    g_free(job->hash);
    password_wipe(job->password);
    g_free(job->result);
    g_clear_error(&job->error);
    g_free(job);
}

static gboolean
deliver(gpointer data)
{
    GAsyncQueue *queue = data;
    Job *job = g_async_queue_try_pop(queue);

    if (!job)
        return G_SOURCE_REMOVE;
    job->pool->under_way--;
    if (job->verified)
        job->verified(job->right, job->user);
    else
        job->hashed(job->result, job->error, job->user);
    job_free(job);
    return G_SOURCE_REMOVE;
}

static void
work(gpointer data, gpointer user)
{
    Job *job = data;
    PasswordPool *pool = user;

    if (job->verified)
        job->right = password_verify(job->hash, job->password);
    else
        job->result = password_hash(job->password, &job->error);

    g_async_queue_push(pool->done, job);
    /* The source holds the queue, because it may outlive the pool. */
    g_autoptr(GSource) source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, deliver, g_async_queue_ref(pool->done),
                          (GDestroyNotify)g_async_queue_unref);
    g_source_attach(source, pool->context);
}

PasswordPool *
password_pool_new(guint threads, guint queue, GError **error)
{
    PasswordPool *pool = g_new0(PasswordPool, 1);

    pool->done = g_async_queue_new_full(job_free);
    pool->context = g_main_context_ref_thread_default();
    pool->limit = threads + queue;
    pool->threads = g_thread_pool_new_full(work, pool, job_free, threads, FALSE, error);
    if (!pool->threads) {
        password_pool_free(pool);
        return NULL;
    }
    return pool;
}

void
password_pool_free(PasswordPool *pool)
{
    if (!pool)
        return;
    if (pool->threads)
        g_thread_pool_free(pool->threads, TRUE, TRUE);
    Job *job;
    while ((job = g_async_queue_try_pop(pool->done)))
        job_free(job);
    g_async_queue_unref(pool->done);
    g_main_context_unref(pool->context);
    g_free(pool);
}

static gboolean
submit(PasswordPool *pool, Job *job, GError **error)
{
    if (pool->under_way >= pool->limit) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_BUSY,
                            "Too many people are signing in at this moment. Try again shortly.");
        job_free(job);
        return FALSE;
    }
    pool->under_way++;
    g_thread_pool_push(pool->threads, job, NULL);
    return TRUE;
}

static Job *
job_new(PasswordPool *pool, const char *password, gpointer user, GDestroyNotify destroy)
{
    Job *job = g_new0(Job, 1);

    job->pool = pool;
    job->password = g_strdup(password);
    job->user = user;
    job->destroy = destroy;
    return job;
}

gboolean
password_pool_verify(PasswordPool *pool, const char *hash, const char *password,
                     PasswordVerified done, gpointer user, GDestroyNotify destroy, GError **error)
{
    Job *job = job_new(pool, password, user, destroy);

    job->hash = g_strdup(hash);
    job->verified = done;
    return submit(pool, job, error);
}

gboolean
password_pool_hash(PasswordPool *pool, const char *password, PasswordHashed done, gpointer user,
                   GDestroyNotify destroy, GError **error)
{
    Job *job = job_new(pool, password, user, destroy);

    job->hashed = done;
    return submit(pool, job, error);
}
