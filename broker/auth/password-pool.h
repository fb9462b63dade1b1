/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * A few threads that hash passwords, with a bounded queue before them. Jobs go in and answers come
 * out on the main thread.
 */

typedef struct PasswordPool PasswordPool;

PasswordPool *password_pool_new(guint threads, guint queue, GError **error);
/* Waits for the jobs that threads are at; those not done are dropped without an answer. */
void password_pool_free(PasswordPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PasswordPool, password_pool_free)

/* Called once, from the main loop. */
typedef void (*PasswordVerified)(gboolean right, gpointer user);
typedef void (*PasswordHashed)(const char *hash, const GError *error, gpointer user);

/* The strings are copied. FALSE with ORIEL_ERROR_BUSY, and no call, when the queue is full. destroy
 * is called on user when the job is over, and also when it was not taken. */
gboolean password_pool_verify(PasswordPool *pool, const char *hash, const char *password,
                              PasswordVerified done, gpointer user, GDestroyNotify destroy,
                              GError **error);
gboolean password_pool_hash(PasswordPool *pool, const char *password, PasswordHashed done,
                            gpointer user, GDestroyNotify destroy, GError **error);
