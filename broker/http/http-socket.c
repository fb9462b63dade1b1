/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/http/http-private.h"

#include <libwebsockets.h>
#include <string.h>

#define SOCKET_QUEUE_MAX     (256 * 1024)
#define FRAME_MAX            (64 * 1024) /* payload bytes; what waits is sent in few large ones */
#define SOCKET_CLOSE_SECONDS 5

struct HttpSocket {
    HttpConnection *connection;
    const HttpSocketEvents *events;
    gpointer user;
    GQueue queue; /* of GByteArray: LWS_PRE bytes of room for the frame's head, then its payload */
    gsize queued; /* payload bytes */
    gboolean short_write;
    gboolean closing;
    guint16 close_code;
};

HttpSocket *
http_socket_new(HttpConnection *connection)
{
    HttpSocket *socket = g_new0(HttpSocket, 1);

    socket->connection = connection;
    g_queue_init(&socket->queue);
    return socket;
}

void
http_socket_free(HttpSocket *socket)
{
    if (!socket)
        return;
    if (socket->events)
        socket->events->closed(socket, socket->user);
    g_queue_clear_full(&socket->queue, (GDestroyNotify)g_byte_array_unref);
    g_free(socket);
}

void
http_socket_set_events(HttpSocket *socket, const HttpSocketEvents *events, gpointer user)
{
    socket->events = events;
    socket->user = user;
}

gsize
http_socket_send(HttpSocket *socket, const guint8 *data, gsize size)
{
    gsize room = SOCKET_QUEUE_MAX - socket->queued;
    gsize taken = MIN(size, room);

    if (socket->closing)
        return size; /* dropped: nobody waits for it */
    if (taken < size)
        socket->short_write = TRUE;
    if (taken == 0)
        return 0;
    GByteArray *frame = g_queue_peek_tail(&socket->queue);
    if (frame == NULL || frame->len - LWS_PRE + taken > FRAME_MAX) {
        frame = g_byte_array_sized_new(LWS_PRE + taken);
        g_byte_array_set_size(frame, LWS_PRE);
        g_queue_push_tail(&socket->queue, frame);
    }
    g_byte_array_append(frame, data, taken);
    socket->queued += taken;
    lws_callback_on_writable(socket->connection->wsi);
    return taken;
}

void
http_socket_pause(HttpSocket *socket, gboolean pause)
{
    lws_rx_flow_control(socket->connection->wsi, pause ? 0 : 1);
}

void
http_socket_close(HttpSocket *socket, guint16 code)
{
    if (socket->closing)
        return;
    socket->closing = TRUE;
    socket->close_code = code;
    lws_set_timeout(socket->connection->wsi, PENDING_TIMEOUT_USER_REASON_BASE,
                    SOCKET_CLOSE_SECONDS);
    lws_callback_on_writable(socket->connection->wsi);
    lws_cancel_service(socket->connection->server->context); /* so that the timeout is armed */
}

int
http_socket_received(HttpSocket *socket, const guint8 *data, gsize size, gboolean binary)
{
    if (socket->closing)
        return 0;
    if (!binary) {
        http_socket_close(socket, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE);
        return 0;
    }
    if (socket->events && size > 0)
        socket->events->received(socket, data, size, socket->user);
    return 0;
}

static int
socket_send_frame(HttpSocket *socket)
{
    g_autoptr(GByteArray) frame = g_queue_pop_head(&socket->queue);
    gsize size = frame->len - LWS_PRE;

    socket->queued -= size;
    /* what the kernel does not take now, the library keeps; we are called again when that is gone
     */
    int sent = lws_write(socket->connection->wsi, frame->data + LWS_PRE, size, LWS_WRITE_BINARY);
    return sent < (int)size ? -1 : 0;
}

int
http_socket_writable(HttpSocket *socket)
{
    struct lws *wsi = socket->connection->wsi;

    if (lws_partial_buffered(wsi)) {
        lws_callback_on_writable(wsi);
        return 0;
    }
    if (!g_queue_is_empty(&socket->queue)) {
        if (socket_send_frame(socket) < 0)
            return -1;
        lws_callback_on_writable(wsi);
    } else if (socket->closing) {
        lws_close_reason(wsi, (enum lws_close_status)socket->close_code, NULL, 0);
        return -1;
    }
    if (socket->short_write && !socket->closing && socket->queued <= SOCKET_QUEUE_MAX / 2) {
        socket->short_write = FALSE;
        if (socket->events)
            socket->events->writable(socket, socket->user);
    }
    return 0;
}
