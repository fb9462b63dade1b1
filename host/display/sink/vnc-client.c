/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-client.h"
#include "vnc-clipboard.h"
#include "vnc-framing.h"
#include "vnc-pace.h"
#include "vnc-quality.h"
#include "vnc-socket.h"

#define QUEUE_LOW                                                                                  \
    (64 * 1024) /* bytes: with more waiting, newer pixels are better than more of them */
#define HANDSHAKE_S 20
#define EAGER_US                                                                                   \
    (G_USEC_PER_SEC / 2) /* after a key or a button: its user waits to see what it does */
#define MAX_CUT_TEXT      (64 * 1024 * 1024) /* more than that is no text */
#define SERVER_CONTINUOUS 150

struct VncClient {
    VncSocket *socket;
    VncOutput *out; /* the socket's */
    VncProtocol *protocol;
    const VncClientEvents *events;
    gpointer user;
    Input *shared_input;
    Clipboard *shared_clipboard;
    guint handshake_timer;
    VncPeer *peer; /* NULL until the client's version came */
    gboolean entered;
    VncUpdate *update;
    InputClient *input;
    VncClipboard *clipboard;
    VncPace *pace;
    VncQuality *quality;
    gint64 acted; /* µs: its user's last key or button; 0: never */
    guint buttons;
    gboolean continuous_known;
    gint64 encode_us, send_us;
    guint64 lossy_bytes;
};

/* Small messages outside updates. A client that lets them pile up is no longer there. */
static void
write_message(const guint8 *data, gsize size, gpointer user)
{
    VncClient *client = user;

    if (vnc_output_queued(client->out) + size > VNC_OUTPUT_MAX + CLIPBOARD_MAX * 2) {
        vnc_socket_end(client->socket);
        return;
    }
    vnc_output_message(client->out, data, size);
}

/* The same from outside the client's own dispatch. */
static void
write_now(const guint8 *data, gsize size, gpointer user)
{
    write_message(data, size, user);
    vnc_socket_flush(((VncClient *)user)->socket);
}

static void
wants_frame(gpointer user)
{
    VncClient *client = user;

    if (vnc_client_ready(client))
        client->events->wants_frame(client->user);
}

/* From libvncserver ------------------------------------------------------------------------------
 */

static void
on_format(const PixelFormat *format, gpointer user)
{
    vnc_update_set_format(((VncClient *)user)->update, format);
}

static void
on_request(gboolean incremental, int x, int y, int width, int height, gpointer user)
{
    VncClient *client = user;

    vnc_pace_requested(client->pace);
    vnc_update_request(client->update, incremental, x, y, width, height);
}

static void
on_keysym(guint32 keysym, gboolean down, gpointer user)
{
    VncClient *client = user;

    client->acted = g_get_monotonic_time();
    input_client_keysym(client->input, keysym, down);
}

static void
on_key(guint qnum, gboolean down, gpointer user)
{
    VncClient *client = user;

    client->acted = g_get_monotonic_time();
    input_client_key(client->input, qnum, down);
}

static void
on_pointer(int x, int y, guint buttons, gpointer user)
{
    VncClient *client = user;

    /* What is dragged, too; not a pointer that only goes by. */
    if (buttons || client->buttons)
        client->acted = g_get_monotonic_time();
    client->buttons = buttons;
    vnc_update_pointer(client->update, x, y);
    input_client_pointer(client->input, x, y, buttons);
}

static void
on_fence(guint32 flags, const guint8 *payload, gsize size, gpointer user)
{
    vnc_pace_fence(((VncClient *)user)->pace, flags, payload, size);
}

static void
on_continuous(gboolean on, int x, int y, int width, int height, gpointer user)
{
    VncClient *client = user;
    const guint8 over = SERVER_CONTINUOUS;

    vnc_update_continuous(client->update, on, x, y, width, height);
    if (!on)
        write_message(&over, 1, client);
}

static const VncPeerEvents peer_events = {
    .write = write_message,
    .format = on_format,
    .request = on_request,
    .keysym = on_keysym,
    .key = on_key,
    .pointer = on_pointer,
    .fence = on_fence,
    .continuous = on_continuous,
};

static const VncPaceEvents pace_events = {.write = write_message, .room = wants_frame};

/* From the client --------------------------------------------------------------------------------
 */

static void
enter(VncClient *client)
{
    client->entered = TRUE;
    g_clear_handle_id(&client->handshake_timer, g_source_remove);
    client->input = input_client_new(client->shared_input);
    client->clipboard = vnc_clipboard_new(client->shared_clipboard, write_now, client);
    client->events->entered(client, client->user);
}

/* Extensions begin with a word from the server. */
static void
on_encodings(VncClient *client, const guint8 *list, guint n_encodings)
{
    const guint8 continuous = SERVER_CONTINUOUS;

    vnc_update_set_encodings(client->update, list, n_encodings);
    if (vnc_update_has(client->update, VNC_ENCODING_CLIPBOARD))
        vnc_clipboard_extend(client->clipboard);
    if (vnc_update_has(client->update, VNC_ENCODING_FENCE))
        vnc_pace_use_fences(client->pace, vnc_update_on_request(client->update));
    if (!client->continuous_known && vnc_update_has(client->update, VNC_ENCODING_CONTINUOUS)) {
        client->continuous_known = TRUE;
        write_message(&continuous, 1, client);
    }
}

/* Not the library's business: it would leak a little with each. */
static void
on_desktop_size(VncClient *client, int width, int height)
{
    vnc_update_size_asked(client->update);
    client->events->resize_wanted(width, height, client->user);
    wants_frame(client);
}

/* How many bytes were used; 0: more are needed; -1: the client broke the protocol. */
static gssize
take_cut_text(VncClient *client, const guint8 *data, gsize size)
{
    gint32 length = (gint32)vnc_get32(data + 4);
    gsize whole = (gsize)ABS((gint64)length), kept = MIN(whole, CLIPBOARD_MAX);

    if (whole > MAX_CUT_TEXT)
        return -1;
    if (size < 8 + kept)
        return 0;
    /* A compressed text cannot be cut. */
    if (length >= 0 || whole == kept)
        vnc_clipboard_received(client->clipboard, length, data + 8, kept);
    return (gssize)(8 + whole); /* what is more than anybody wants is passed over */
}

static gssize
take_message(VncClient *client, const guint8 *data, gsize size)
{
    gssize length = vnc_message_length(data, size);

    if (length <= 0 || size < (gsize)length)
        return MIN(length, 0);
    if (data[0] == VNC_CUT_TEXT)
        return take_cut_text(client, data, size);
    if (data[0] == VNC_SET_DESKTOP_SIZE) {
        on_desktop_size(client, (int)vnc_get16(data + 2), (int)vnc_get16(data + 4));
        return length;
    }
    if (data[0] == VNC_SET_ENCODINGS)
        on_encodings(client, data + 4, vnc_get16(data + 2));
    return vnc_peer_feed(client->peer, data, (gsize)length) ? length : -1;
}

static gssize
take_handshake(VncClient *client, const guint8 *data, gsize size)
{
    gsize needed = client->peer ? vnc_peer_handshake(client->peer) : VNC_VERSION_LENGTH;

    if (size < needed)
        return 0;
    if (!client->peer) {
        client->peer = vnc_peer_new(client->protocol, data, &peer_events, client);
        if (!client->peer)
            return -1;
    } else if (!vnc_peer_feed(client->peer, data, needed)) {
        return -1;
    }
    if (vnc_peer_handshake(client->peer) == 0)
        enter(client);
    return (gssize)needed;
}

static gssize
take(const guint8 *data, gsize size, gpointer user)
{
    VncClient *client = user;

    return client->entered ? take_message(client, data, size) : take_handshake(client, data, size);
}

static void
on_ended(gpointer user)
{
    VncClient *client = user;

    client->events->gone(client, client->user);
}

static const VncSocketEvents socket_events = {.take = take, .turn = wants_frame, .ended = on_ended};

static gboolean
on_handshake_timeout(gpointer user)
{
    VncClient *client = user;

    client->handshake_timer = 0;
    vnc_socket_end(client->socket);
    return G_SOURCE_REMOVE;
}

VncClient *
vnc_client_new(int fd, VncProtocol *protocol, Input *input, Clipboard *clipboard,
               const VncClientEvents *events, gpointer user)
{
    VncClient *client = g_new0(VncClient, 1);

    client->socket = vnc_socket_new(fd, &socket_events, client);
    client->out = vnc_socket_output(client->socket);
    client->protocol = protocol;
    client->events = events;
    client->user = user;
    client->shared_input = input;
    client->shared_clipboard = clipboard;
    client->update = vnc_update_new(wants_frame, client);
    client->pace = vnc_pace_new(client->out, &pace_events, client);
    client->quality = vnc_quality_new();
    client->handshake_timer = g_timeout_add_seconds(HANDSHAKE_S, on_handshake_timeout, client);
    write_message((const guint8 *)VNC_VERSION, VNC_VERSION_LENGTH, client);
    vnc_socket_flush(client->socket);
    return client;
}

void
vnc_client_free(VncClient *client)
{
    if (!client)
        return;
    g_clear_handle_id(&client->handshake_timer, g_source_remove);
    vnc_pace_free(client->pace);
    vnc_quality_free(client->quality);
    vnc_clipboard_free(client->clipboard);
    input_client_free(client->input);
    vnc_peer_free(client->peer);
    vnc_update_free(client->update);
    vnc_socket_free(client->socket);
    g_free(client);
}

/* To the client ----------------------------------------------------------------------------------
 */

VncUpdate *
vnc_client_update(VncClient *client)
{
    return client->update;
}

void
vnc_client_resized(VncClient *client, int width, int height)
{
    if (!vnc_update_resized(client->update, width, height)) {
        g_message("A VNC client that cannot follow a new screen size was disconnected.");
        vnc_socket_end(client->socket);
    }
}

gboolean
vnc_client_entered(const VncClient *client)
{
    return client->entered && !vnc_socket_is_over(client->socket);
}

gboolean
vnc_client_ready(const VncClient *client)
{
    gint64 now;

    if (!vnc_client_entered(client) || vnc_output_queued(client->out) >= QUEUE_LOW ||
        !vnc_update_ready(client->update))
        return FALSE;
    now = g_get_monotonic_time();
    return vnc_congestion_opens(vnc_pace_link(client->pace), now) <= now;
}

gboolean
vnc_client_take(VncClient *client, const Frame *frame, VncWork *work)
{
    gint64 now = g_get_monotonic_time();
    gboolean eager = client->acted && now - client->acted < EAGER_US;
    /* One by one, an answer to what is typed waits for all of the update before it: for that time,
     * updates are short, and the link is not filled. */
    gsize bytes = vnc_congestion_budget(vnc_pace_link(client->pace),
                                        !eager && vnc_update_on_request(client->update));
    const VncRoom room = {bytes, vnc_quality_steps(client->quality), now, eager ? frame : NULL};

    return vnc_update_take(client->update, &room, work);
}

static void
note_update(VncClient *client, gint64 encode_us)
{
    VncUpdateFacts facts;

    vnc_update_facts(client->update, &facts);
    client->encode_us += encode_us;
    client->lossy_bytes += facts.lossy;
    vnc_quality_sent(client->quality, g_get_monotonic_time(), facts.bytes, facts.lossy,
                     vnc_congestion_bandwidth(vnc_pace_link(client->pace)), facts.held_back);
}

SinkProgress
vnc_client_progress(const VncClient *client)
{
    if (vnc_socket_is_over(client->socket))
        return SINK_SETTLED;
    if (!client->entered || vnc_output_queued(client->out))
        return SINK_SENDING;
    return vnc_update_progress(client->update);
}

void
vnc_client_send_part(VncClient *client, Packet *const *packets, guint n_packets)
{
    gint64 begin = g_get_monotonic_time();

    if (!vnc_update_send_part(client->update, client->out, packets, n_packets))
        return;
    vnc_socket_flush(client->socket);
    client->send_us += g_get_monotonic_time() - begin;
}

guint
vnc_client_send(VncClient *client, Packet *const *packets, guint n_packets, gint64 encode_us)
{
    guint64 before = vnc_update_sent(client->update);
    gint64 begin = g_get_monotonic_time();
    guint n_sent = vnc_update_send(client->update, client->out, packets, n_packets);

    if (vnc_update_sent(client->update) != before) {
        note_update(client, encode_us);
        vnc_pace_mark(client->pace, vnc_update_on_request(client->update));
    }
    vnc_socket_flush(client->socket);
    client->send_us += g_get_monotonic_time() - begin;
    return n_sent;
}

void
vnc_client_stats(const VncClient *client, ClientStats *stats)
{
    VncUpdateFacts facts;

    vnc_update_facts(client->update, &facts);
    *stats = (ClientStats){
        .encoding = facts.encoder->name,
        .bytes = vnc_output_written(client->out),
        .lossy_bytes = client->lossy_bytes,
        .updates = facts.updates,
        .merged = facts.merged,
        .encode_us = client->encode_us,
        .send_us = client->send_us,
        .round_trip_us = vnc_congestion_round_trip(vnc_pace_link(client->pace)),
        .base_us = vnc_congestion_base(vnc_pace_link(client->pace)),
        .bandwidth = vnc_congestion_bandwidth(vnc_pace_link(client->pace)),
        .queued = vnc_output_queued(client->out),
        .in_flight = vnc_congestion_in_flight(vnc_pace_link(client->pace)),
        .wish = facts.wish,
        .quality = facts.quality,
        .settled = vnc_client_progress(client) == SINK_SETTLED,
    };
}
