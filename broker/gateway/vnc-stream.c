/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/gateway/gateway-private.h"
#include "broker/http/http-parse.h"

#include <string.h>

#define DISPLAY_QUEUE_MAX (256 * 1024)
#define TICKET_PREFIX     "oriel.ticket."

/* WebSocket close codes */
#define CLOSE_ENDED   1008
#define CLOSE_RESTART 1012
#define CLOSE_LATER   1013

/* A WebSocket and the display behind it. Made when the ticket is redeemed, before the WebSocket
 * stands. */
struct VncStream {
    Gateway *gateway; /* NULL when only the WebSocket's end is waited for */
    TicketStream *ticket;
    HttpSocket *socket; /* NULL until the upgrade */
    Wire *display;
    Opening *opening;
    GByteArray
        *to_display; /* what did not fit into the display's queue; the client is paused meanwhile */
    GByteArray *to_client; /* the same, the other way */
};

/* "https://HOST" of the request's own Host, or one of the list. */
static gboolean
origin_is_allowed(const char *origin, const char *host, const char *const *allowed)
{
    static const char scheme[] = "https://";

    if (g_str_has_prefix(origin, scheme) && host &&
        g_ascii_strcasecmp(origin + sizeof scheme - 1, host) == 0)
        return TRUE;
    return allowed && g_strv_contains(allowed, origin);
}

/* Ends the display's side and the ticket. */
static void
vnc_stream_detach(VncStream *stream)
{
    if (!stream->gateway)
        return;
    opening_cancel(g_steal_pointer(&stream->opening));
    wire_free(g_steal_pointer(&stream->display));
    ticket_book_release(stream->gateway->tickets, g_steal_pointer(&stream->ticket));
    g_ptr_array_remove_fast(stream->gateway->vnc_streams, stream);
    stream->gateway = NULL;
}

static void
vnc_stream_free(gpointer data)
{
    VncStream *stream = data;

    vnc_stream_detach(stream);
    g_byte_array_unref(stream->to_display);
    g_byte_array_unref(stream->to_client);
    g_free(stream);
}

/* The stream itself is freed when the WebSocket is closed. */
void
vnc_stream_close(VncStream *stream, guint16 code)
{
    vnc_stream_detach(stream);
    if (stream->socket)
        http_socket_close(stream->socket, code);
}

static void
vnc_stream_revoked(gpointer user)
{
    vnc_stream_close(user, CLOSE_ENDED);
}

gboolean
vnc_stream_check(HttpRequest *request, gpointer data)
{
    Gateway *gateway = data;
    const char *origin = http_request_header(request, "origin");
    const char *offered = http_request_header(request, "sec-websocket-protocol");
    g_autoptr(GError) error = NULL;

    if (origin && !origin_is_allowed(origin, http_request_header(request, "host"),
                                     (const char *const *)gateway->origins)) {
        http_request_respond_problem(request, 403, "forbidden",
                                     "Pages of another origin may not open streams.");
        return FALSE;
    }
    char *ticket = offered ? http_parse_list_prefixed(offered, TICKET_PREFIX) : NULL;
    VncStream *stream = g_new0(VncStream, 1);
    stream->gateway = gateway;
    stream->ticket =
        ticket_book_redeem(gateway->tickets, TICKET_VNC, ticket, NULL, http_request_peer(request),
                           vnc_stream_revoked, stream, &error);
    if (ticket)
        explicit_bzero(ticket, strlen(ticket));
    g_free(ticket);
    if (!stream->ticket) {
        g_free(stream);
        http_request_respond_problem(request, 403, "forbidden", error->message);
        return FALSE;
    }
    stream->to_display = g_byte_array_new();
    stream->to_client = g_byte_array_new();
    g_ptr_array_add(gateway->vnc_streams, stream);
    http_request_set_data(request, stream, vnc_stream_free);
    return TRUE;
}

static void
flush_to_display(VncStream *stream)
{
    gsize taken = wire_send(stream->display, stream->to_display->data, stream->to_display->len);

    g_byte_array_remove_range(stream->to_display, 0, taken);
    http_socket_pause(stream->socket, stream->to_display->len > 0);
}

static void
flush_to_client(VncStream *stream)
{
    gsize taken = http_socket_send(stream->socket, stream->to_client->data, stream->to_client->len);

    g_byte_array_remove_range(stream->to_client, 0, taken);
    wire_pause(stream->display, stream->to_client->len > 0);
}

static void
socket_received(HttpSocket *socket, const guint8 *data, gsize size, gpointer user)
{
    VncStream *stream = user;

    if (!stream->gateway)
        return;
    /* at most one frame's part more than the queue: the client is paused from then on */
    g_byte_array_append(stream->to_display, data, size);
    if (stream->display)
        flush_to_display(stream);
    else
        http_socket_pause(socket, TRUE);
}

static void
socket_writable(HttpSocket *socket, gpointer user)
{
    VncStream *stream = user;

    if (stream->display)
        flush_to_client(stream);
}

static void
socket_closed(HttpSocket *socket, gpointer user)
{
    vnc_stream_free(user);
}

static const HttpSocketEvents socket_events = {socket_received, socket_writable, socket_closed};

static void
display_received(Wire *wire, const guint8 *data, gsize size, gpointer user)
{
    VncStream *stream = user;

    g_byte_array_append(stream->to_client, data, size);
    flush_to_client(stream);
}

static void
display_writable(Wire *wire, gpointer user)
{
    flush_to_display(user);
}

static void
display_finished(Wire *wire, gpointer user)
{
    vnc_stream_close(user, CLOSE_RESTART);
}

static void
display_broken(Wire *wire, const GError *error, gpointer user)
{
    vnc_stream_close(user, CLOSE_RESTART);
}

static const WireEvents display_events = {display_received, display_writable, display_finished,
                                          display_broken};

static void
display_opened(int fd, const GError *error, gpointer data)
{
    VncStream *stream = data;

    stream->opening = NULL;
    if (fd < 0) {
        g_message("The display of desktop %s was not opened: %s",
                  ticket_stream_grant(stream->ticket)->desktop, error->message);
        vnc_stream_close(stream, CLOSE_LATER);
        return;
    }
    stream->display = wire_new(fd, DISPLAY_QUEUE_MAX, &display_events, stream);
    flush_to_display(stream);
}

void
vnc_stream_opened(HttpSocket *socket, gpointer request_data, gpointer data)
{
    VncStream *stream = request_data;

    stream->socket = socket;
    http_socket_set_events(socket, &socket_events, stream);
    if (stream->gateway)
        stream->opening = opening_start(stream->gateway, ticket_stream_grant(stream->ticket),
                                        display_opened, stream);
    else
        vnc_stream_close(stream, CLOSE_ENDED); /* revoked during the handshake */
}
