/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "sink/sink.h"
#include "sink/vnc-client.h"

#include <unistd.h>

#define MAX_CLIENTS 32

/* The VNC sink. */
struct Sink {
    SinkContext context;
    GPtrArray *clients;
    const Frame *frame;
    Cursor *cursor; /* NULL: hidden */
};

static void
on_gone(VncClient *client, gpointer user)
{
    Sink *sink = user;
    g_ptr_array_remove_fast(sink->clients, client); /* frees it */
    if (sink->context.events->clients_changed)
        sink->context.events->clients_changed(sink->context.user);
}

static const VncClientEvents client_events = {.gone = on_gone};

static Sink *
vnc_open(const SinkContext *context, GError **error)
{
    Sink *sink = g_new0(Sink, 1);
    sink->context = *context;
    sink->clients = g_ptr_array_new_with_free_func((GDestroyNotify)vnc_client_free);
    return sink;
}

static void
vnc_close(Sink *sink)
{
    if (!sink)
        return;
    g_ptr_array_unref(sink->clients);
    g_clear_pointer(&sink->cursor, cursor_unref);
    g_free(sink);
}

static gboolean
vnc_add_client(Sink *sink, int fd, GError **error)
{
    if (sink->clients->len >= MAX_CLIENTS) {
        close(fd);
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_BUSY, "The desktop has %d VNC viewers already.",
                    MAX_CLIENTS);
        return FALSE;
    }
    VncClient *client =
        vnc_client_new(&sink->context, fd, sink->frame, sink->cursor, &client_events, sink);
    if (!client) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "The VNC client left at once.");
        return FALSE;
    }
    g_ptr_array_add(sink->clients, client);
    if (sink->context.events->clients_changed)
        sink->context.events->clients_changed(sink->context.user);
    return TRUE;
}

static gboolean
vnc_ready(Sink *sink)
{
    gboolean ready = FALSE;
    for (guint i = 0; i < sink->clients->len; i++)
        ready |= vnc_client_ready(g_ptr_array_index(sink->clients, i));
    return ready;
}

static void
vnc_present(Sink *sink, const Frame *frame, const Plan *plan)
{
    sink->frame = frame;
    for (guint i = 0; i < sink->clients->len; i++)
        vnc_client_update(g_ptr_array_index(sink->clients, i), frame);
}

static void
vnc_cursor(Sink *sink, Cursor *cursor)
{
    g_clear_pointer(&sink->cursor, cursor_unref);
    sink->cursor = cursor ? cursor_ref(cursor) : NULL;
    for (guint i = 0; i < sink->clients->len; i++)
        vnc_client_cursor(g_ptr_array_index(sink->clients, i), cursor);
}

static guint
vnc_clients(Sink *sink)
{
    guint clients = 0;
    for (guint i = 0; i < sink->clients->len; i++)
        clients += vnc_client_is_up(g_ptr_array_index(sink->clients, i)) != 0;
    return clients;
}

const SinkType sink_vnc = {
    .name = "vnc",
    .open = vnc_open,
    .close = vnc_close,
    .add_client = vnc_add_client,
    .ready = vnc_ready,
    .present = vnc_present,
    .cursor = vnc_cursor,
    .clients = vnc_clients,
};
