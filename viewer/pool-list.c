/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/pool-list.h"

#include "viewer/answers.h"

#define LIMIT_S 15

static void
on_sessions(GObject *source, GAsyncResult *result, gpointer user)
{
    g_autoptr(GTask) task = user;
    GPtrArray *pools = g_task_get_task_data(task);
    g_autoptr(GError) error = NULL;
    json_t *answer = rest_client_call_finish(REST_CLIENT(source), result, NULL, &error);

    /* Without this answer the list is good still: nothing in it is marked as running. */
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_task_return_error(task, g_steal_pointer(&error));
    } else {
        pool_list_mark_sessions(pools, answer);
        g_task_return_pointer(task, g_ptr_array_ref(pools), (GDestroyNotify)g_ptr_array_unref);
    }
    json_decref(answer);
}

static void
on_pools(GObject *source, GAsyncResult *result, gpointer user)
{
    g_autoptr(GTask) task = user;
    GError *error = NULL;
    json_t *answer = rest_client_call_finish(REST_CLIENT(source), result, NULL, &error);
    GPtrArray *pools = answer ? pool_list_parse(answer, &error) : NULL;

    json_decref(answer);
    if (!pools) {
        g_task_return_error(task, error);
        return;
    }
    g_task_set_task_data(task, pools, (GDestroyNotify)g_ptr_array_unref);
    rest_client_call_async(REST_CLIENT(source), "GET", "/api/v1/sessions", NULL, LIMIT_S,
                           g_task_get_cancellable(task), on_sessions, g_object_ref(task));
}

void
pool_list_load_async(RestClient *client, GCancellable *cancellable, GAsyncReadyCallback done,
                     gpointer user)
{
    GTask *task = g_task_new(client, cancellable, done, user);
    rest_client_call_async(client, "GET", "/api/v1/pools?limit=500", NULL, LIMIT_S, cancellable,
                           on_pools, task);
}

GPtrArray *
pool_list_load_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_pointer(G_TASK(result), error);
}
