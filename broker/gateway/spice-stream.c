/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/gateway/connect-request.h"
#include "broker/gateway/gateway-private.h"

#include <string.h>
#include <unistd.h>

/*
 * One SPICE channel, from the CONNECT to the last byte. The gateway stands in the link stage on
 * both sides:
 *
 *   client                      gateway                          display
 *   CONNECT route:port  ──▶     200                              (the route says which)
 *   TLS                 ◀─▶
 *   link message        ──▶     opens the display, forwards ──▶
 *                       ◀──     reply with the gateway's key ◀── reply with the display's key
 *   [mechanism] ticket  ──▶     decrypts, redeems
 *                               [mechanism] empty ticket     ──▶
 *                       ◀──     result                       ◀── result
 *   everything after that is passed on as it is, both ways.
 */

#define QUEUE_MAX     (64 * 1024)
#define BEGIN_SECONDS 10 /* for all before bytes are passed on */
#define LAST_SECONDS  5  /* for what is queued, after the end of one side */

typedef enum {
    STAGE_CONNECT, /* the head of the CONNECT */
    STAGE_LINK,    /* the client's link message */
    STAGE_OPEN,    /* the display is being opened */
    STAGE_REPLY,   /* the display's reply */
    STAGE_AUTH,    /* the client's mechanism and ticket */
    STAGE_RESULT,  /* the display's word on ours */
    STAGE_PASS,
    STAGE_LAST, /* refused: what is queued goes out */
} Stage;

struct SpiceStream {
    Gateway *gateway;
    char *peer;
    Stage stage;
    Wire *client;
    Wire *display;
    Opening *opening;
    TicketStream *ticket;
    GByteArray *from_client; /* not yet understood, or not yet passed on */
    GByteArray *from_display;
    char *route;
    SpiceLinkRequest request;
    SpiceLinkReplyInfo reply;
    SpiceFraming framing; /* of what the display sends */
    gboolean client_ended;
    gboolean display_ended;
    guint deadline;
};

void
spice_stream_free(SpiceStream *stream)
{
    g_ptr_array_remove_fast(stream->gateway->spice_streams, stream);
    g_clear_handle_id(&stream->deadline, g_source_remove);
    opening_cancel(stream->opening);
    ticket_book_release(stream->gateway->tickets, stream->ticket);
    wire_free(stream->client);
    wire_free(stream->display);
    explicit_bzero(stream->from_client->data ? stream->from_client->data : (guint8 *)stream->peer,
                   stream->from_client->len);
    g_byte_array_unref(stream->from_client);
    g_byte_array_unref(stream->from_display);
    g_free(stream->route);
    g_free(stream->peer);
    g_free(stream);
}

static gboolean
stream_expired(gpointer data)
{
    SpiceStream *stream = data;

    stream->deadline = 0;
    spice_stream_free(stream);
    return G_SOURCE_REMOVE;
}

static void
stream_set_deadline(SpiceStream *stream, guint seconds)
{
    g_clear_handle_id(&stream->deadline, g_source_remove);
    if (seconds > 0)
        stream->deadline = g_timeout_add_seconds(seconds, stream_expired, stream);
}

/* The client may still read what is queued for it; nothing else goes on. */
static void
stream_end_after_queue(SpiceStream *stream)
{
    stream->stage = STAGE_LAST;
    opening_cancel(g_steal_pointer(&stream->opening));
    wire_free(g_steal_pointer(&stream->display));
    g_byte_array_set_size(stream->from_client, 0);
    wire_pause(stream->client, FALSE);
    wire_finish(stream->client);
    stream_set_deadline(stream, LAST_SECONDS);
}

static void
stream_refuse_connect(SpiceStream *stream, const char *status)
{
    g_autofree char *answer =
        g_strdup_printf("HTTP/1.0 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);

    wire_send(stream->client, answer, strlen(answer));
    stream_end_after_queue(stream);
}

static void
stream_refuse_link(SpiceStream *stream, guint32 code)
{
    g_autoptr(GBytes) reply = spice_link_reply_error(code);
    gsize size;
    gconstpointer data = g_bytes_get_data(reply, &size);

    wire_send(stream->client, data, size);
    stream_end_after_queue(stream);
}

static void
stream_send_result(SpiceStream *stream, guint32 result)
{
    result = GUINT32_TO_LE(result);
    wire_send(stream->client, &result, sizeof result);
}

/* Runs whatever the bytes that are there allow. FALSE when the stream is gone or waits. */
static void stream_advance(SpiceStream *stream);

static void display_received(Wire *wire, const guint8 *data, gsize size, gpointer user);
static void display_writable(Wire *wire, gpointer user);
static void display_finished(Wire *wire, gpointer user);
static void display_broken(Wire *wire, const GError *error, gpointer user);

static const WireEvents display_events = {display_received, display_writable, display_finished,
                                          display_broken};

static void
stream_display_opened(int fd, const GError *error, gpointer data)
{
    SpiceStream *stream = data;

    stream->opening = NULL;
    if (fd < 0) {
        g_message("The display for a SPICE client at %s was not opened: %s", stream->peer,
                  error->message);
        stream_refuse_link(stream, SPICE_LINK_ERROR);
        return;
    }
    stream->display = wire_new(fd, QUEUE_MAX, &display_events, stream);
    wire_send(stream->display, stream->from_client->data, stream->request.size);
    g_byte_array_remove_range(stream->from_client, 0, stream->request.size);
    stream->stage = STAGE_REPLY;
}

static gboolean
stream_connect(SpiceStream *stream)
{
    static const char answer[] = "HTTP/1.0 200 Connection established\r\n\r\n";
    ConnectRequest request;

    switch (connect_request_parse(stream->from_client->data, stream->from_client->len, &request)) {
    case CONNECT_MORE:
        return FALSE;
    case CONNECT_MALFORMED:
        stream_refuse_connect(stream, "400 Bad Request");
        return FALSE;
    case CONNECT_GOOD:
        break;
    }
    if (!ticket_book_route(stream->gateway->tickets, request.route)) {
        stream_refuse_connect(stream, "403 Forbidden");
        return FALSE;
    }
    stream->route = g_strdup(request.route);
    g_byte_array_set_size(stream->from_client, 0);
    stream->stage = STAGE_LINK;
    wire_send(stream->client, answer, sizeof answer - 1);
    wire_start_tls(stream->client, stream->gateway->identity);
    return FALSE;
}

static gboolean
stream_link(SpiceStream *stream)
{
    const TicketGrant *grant = ticket_book_route(stream->gateway->tickets, stream->route);

    switch (spice_link_request_parse(stream->from_client->data, stream->from_client->len,
                                     &stream->request)) {
    case SPICE_LINK_MORE:
        return FALSE;
    case SPICE_LINK_MALFORMED:
        stream_refuse_link(stream, SPICE_LINK_ERROR);
        return FALSE;
    case SPICE_LINK_GOOD:
        break;
    }
    if (!grant) {
        stream_refuse_link(stream, SPICE_LINK_DENIED);
        return FALSE;
    }
    stream->stage = STAGE_OPEN;
    stream->opening = opening_start(stream->gateway, grant, stream_display_opened, stream);
    return FALSE;
}

static gboolean
stream_reply(SpiceStream *stream)
{
    switch (spice_link_reply_parse(stream->from_display->data, stream->from_display->len,
                                   &stream->reply)) {
    case SPICE_LINK_MORE:
        return FALSE;
    case SPICE_LINK_MALFORMED:
        stream_refuse_link(stream, SPICE_LINK_ERROR);
        return FALSE;
    case SPICE_LINK_GOOD:
        break;
    }
    if (stream->reply.error != SPICE_LINK_OK) {
        wire_send(stream->client, stream->from_display->data, stream->reply.size);
        stream_end_after_queue(stream);
        return FALSE;
    }
    spice_link_reply_replace(stream->from_display->data, spice_key_public(stream->gateway->key));
    wire_send(stream->client, stream->from_display->data, stream->reply.size);
    g_byte_array_remove_range(stream->from_display, 0, stream->reply.size);
    stream->stage = STAGE_AUTH;
    return TRUE;
}

static void
stream_revoked(gpointer user)
{
    spice_stream_free(user);
}

/* The ticket inside what the client encrypted, checked. All that can be wrong looks the same from
 * outside. */
static gboolean
stream_redeem(SpiceStream *stream, const guint8 *encrypted)
{
    g_autoptr(GError) error = NULL;
    char *ticket = spice_key_decrypt(stream->gateway->key, encrypted);

    /* nothing decrypted is redeemed too: the way through is the same */
    stream->ticket =
        ticket_book_redeem(stream->gateway->tickets, TICKET_SPICE, ticket ? ticket : "",
                           stream->route, stream->peer, stream_revoked, stream, &error);
    if (ticket)
        explicit_bzero(ticket, strlen(ticket));
    g_free(ticket);
    if (!stream->ticket)
        g_message("A SPICE client at %s was refused: %s", stream->peer, error->message);
    return stream->ticket != NULL;
}

static gboolean
stream_auth(SpiceStream *stream)
{
    gboolean selects = stream->request.auth_selection && stream->reply.auth_selection;
    gsize at = selects ? 4 : 0;
    guint8 answer[4 + SPICE_LINK_TICKET_SIZE] = {SPICE_LINK_AUTH_SPICE, 0, 0, 0};

    if (stream->from_client->len < at + SPICE_LINK_TICKET_SIZE)
        return FALSE;
    gboolean mechanism_known = !selects || memcmp(stream->from_client->data, answer, 4) == 0;
    if (!mechanism_known || !stream_redeem(stream, stream->from_client->data + at)) {
        stream_send_result(stream, SPICE_LINK_DENIED);
        stream_end_after_queue(stream);
        return FALSE;
    }
    if (!spice_key_encrypt_empty(stream->reply.key, answer + 4)) {
        stream_send_result(stream, SPICE_LINK_ERROR);
        stream_end_after_queue(stream);
        return FALSE;
    }
    explicit_bzero(stream->from_client->data, at + SPICE_LINK_TICKET_SIZE);
    g_byte_array_remove_range(stream->from_client, 0, at + SPICE_LINK_TICKET_SIZE);
    wire_send(stream->display, answer + 4 - at, at + SPICE_LINK_TICKET_SIZE);
    stream->stage = STAGE_RESULT;
    return TRUE;
}

static gboolean
stream_result(SpiceStream *stream)
{
    guint32 result;

    if (stream->from_display->len < sizeof result)
        return FALSE;
    memcpy(&result, stream->from_display->data, sizeof result);
    result = GUINT32_FROM_LE(result);
    g_byte_array_remove_range(stream->from_display, 0, sizeof result);
    stream_send_result(stream, result);
    wire_cut(stream->client);
    stream->framing.mini_header = stream->request.mini_header && stream->reply.mini_header;
    if (result != SPICE_LINK_OK) {
        stream_end_after_queue(stream);
        return FALSE;
    }
    stream->stage = STAGE_PASS;
    stream_set_deadline(stream, 0);
    return TRUE;
}

/* Passes on what fits, and stops reading from the side whose bytes did not. */
static void
pass(GByteArray *bytes, Wire *from, Wire *to, gboolean ended)
{
    gsize taken = wire_send(to, bytes->data, bytes->len);

    g_byte_array_remove_range(bytes, 0, taken);
    wire_pause(from, bytes->len > 0);
    if (ended && bytes->len == 0)
        wire_finish(to);
}

/*
 * spice-gtk looks at the socket, not into its TLS layer, for whether there is another message: two
 * in one record, and the second lies there until more comes. So each message has records of its
 * own.
 */
static void
pass_messages(SpiceStream *stream)
{
    GByteArray *bytes = stream->from_display;
    gsize size = MIN(bytes->len, wire_room(stream->client));
    gsize at = 0;

    while (at < size) {
        gboolean ends;
        gsize part = spice_framing_next(&stream->framing, bytes->data + at, size - at, &ends);
        wire_send(stream->client, bytes->data + at, part);
        if (ends)
            wire_cut(stream->client);
        at += part;
    }
    g_byte_array_remove_range(bytes, 0, size);
}

static gboolean
stream_pass(SpiceStream *stream)
{
    pass(stream->from_client, stream->client, stream->display, stream->client_ended);
    pass_messages(stream);
    /* what is left has no room now; this asks to be told */
    pass(stream->from_display, stream->display, stream->client, stream->display_ended);
    return FALSE;
}

static void
stream_advance(SpiceStream *stream)
{
    static gboolean (*const steps[])(SpiceStream *) = {
        [STAGE_CONNECT] = stream_connect,
        [STAGE_LINK] = stream_link,
        [STAGE_REPLY] = stream_reply,
        [STAGE_AUTH] = stream_auth,
        [STAGE_RESULT] = stream_result,
        [STAGE_PASS] = stream_pass,
        [STAGE_LAST] = NULL,
    };

    while (steps[stream->stage] && steps[stream->stage](stream))
        ;
}

/* A side that has sent its last. When both have, or before bytes are passed on, all is over. */
static void
stream_side_ended(SpiceStream *stream)
{
    if (stream->stage != STAGE_PASS || (stream->client_ended && stream->display_ended)) {
        if (stream->stage == STAGE_PASS &&
            (wire_queued(stream->client) > 0 || wire_queued(stream->display) > 0)) {
            stream_advance(stream);
            stream_set_deadline(stream, LAST_SECONDS);
            return;
        }
        spice_stream_free(stream);
        return;
    }
    stream_advance(stream);
    /* a display that ended, or a client that will not hear the rest: no reason to linger */
    stream_set_deadline(stream, LAST_SECONDS);
}

static void
client_received(Wire *wire, const guint8 *data, gsize size, gpointer user)
{
    SpiceStream *stream = user;

    if (stream->stage == STAGE_LAST)
        return;
    /* before bytes are passed on nobody has a reason to send much */
    if (stream->stage != STAGE_PASS && stream->from_client->len + size > CONNECT_REQUEST_MAX) {
        spice_stream_free(stream);
        return;
    }
    g_byte_array_append(stream->from_client, data, size);
    stream_advance(stream);
}

static void
client_writable(Wire *wire, gpointer user)
{
    stream_advance(user);
}

static void
client_finished(Wire *wire, gpointer user)
{
    SpiceStream *stream = user;

    stream->client_ended = TRUE;
    stream_side_ended(stream);
}

static void
client_broken(Wire *wire, const GError *error, gpointer user)
{
    spice_stream_free(user);
}

static void
display_received(Wire *wire, const guint8 *data, gsize size, gpointer user)
{
    SpiceStream *stream = user;

    if (stream->stage != STAGE_PASS && stream->from_display->len + size > QUEUE_MAX) {
        spice_stream_free(stream);
        return;
    }
    g_byte_array_append(stream->from_display, data, size);
    stream_advance(stream);
}

static void
display_writable(Wire *wire, gpointer user)
{
    stream_advance(user);
}

static void
display_finished(Wire *wire, gpointer user)
{
    SpiceStream *stream = user;

    stream->display_ended = TRUE;
    stream_side_ended(stream);
}

static void
display_broken(Wire *wire, const GError *error, gpointer user)
{
    SpiceStream *stream = user;

    /* as if it had ended: the client may read what was sent before */
    stream->display_ended = TRUE;
    stream->client_ended = TRUE;
    stream_side_ended(stream);
}

static const WireEvents client_events = {client_received, client_writable, client_finished,
                                         client_broken};

gboolean
spice_stream_is_unknown(SpiceStream *stream, const char *peer)
{
    return !stream->ticket && g_str_equal(stream->peer, peer);
}

void
spice_stream_start(Gateway *gateway, int fd, const char *peer)
{
    SpiceStream *stream = g_new0(SpiceStream, 1);

    stream->gateway = gateway;
    stream->peer = g_strdup(peer);
    stream->from_client = g_byte_array_new();
    stream->from_display = g_byte_array_new();
    stream->client = wire_new(fd, QUEUE_MAX, &client_events, stream);
    stream_set_deadline(stream, BEGIN_SECONDS);
    g_ptr_array_add(gateway->spice_streams, stream);
}
