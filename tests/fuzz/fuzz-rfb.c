/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a VNC client says, in its handshake and after, while the desktop changes.
 *
 * The first byte says how far the handshake is when the fuzzer begins to speak: nothing was said;
 * everything was; or also all the encodings there are. Then come chunks: a byte up to 0xef and so
 * many of the client's bytes, or something that happens on the desktop.
 */
#include "encode/encoder.h"
#include "region.h"
#include "sink/vnc-client.h"
#include "sink/vnc-framing.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_SIDE    512
#define MAX_PACKETS 64

enum { ON_DAMAGE = 0xf0, ON_RESIZE, ON_CURSOR, ON_LEDS, ON_SEND, ON_DRAIN, ON_COPY };

typedef struct {
    VncClient *client; /* NULL once it is gone */
    int fd;            /* the client's end */
    Input *input;
    Clipboard *clipboard;
    int width, height;
    Plan *plan;
    gboolean lossy;
} Desk;

typedef struct {
    const uint8_t *at, *end;
} Bytes;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
next(Bytes *bytes)
{
    return bytes->at < bytes->end ? *bytes->at++ : 0;
}

static void
on_gone(VncClient *client, gpointer user)
{
    ((Desk *)user)->client = NULL;
    vnc_client_free(client);
}

static void
on_wants_frame(gpointer user)
{
}

static void
on_resize_wanted(int width, int height, gpointer user)
{
    if (width < 0 || height < 0 || width > 65535 || height > 65535)
        __builtin_trap();
}

static void
on_entered(VncClient *client, gpointer user)
{
    Desk *desk = user;

    vnc_client_resized(client, desk->width, desk->height);
}

static const VncClientEvents events = {on_gone, on_wants_frame, on_resize_wanted, on_entered};

static void
settle(Desk *desk)
{
    for (int i = 0; i < 64 && g_main_context_iteration(NULL, FALSE); i++)
        ;
}

static void
say(Desk *desk, const void *bytes, gsize size)
{
    if (size && send(desk->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return;
    settle(desk);
}

static void
say_encodings(Desk *desk)
{
    static const gint32 all[] = {7,    16,   6,    5,    1,    0,
                                 50,   -24,  -239, -223, -224, -258,
                                 -261, -308, -312, -313, -314, (gint32)0xc0a1e5ce};
    guint8 message[4 + 4 * G_N_ELEMENTS(all)] = {VNC_SET_ENCODINGS, 0, 0, G_N_ELEMENTS(all)};

    for (guint i = 0; i < G_N_ELEMENTS(all); i++)
        vnc_put32(message + 4 + 4 * i, (guint32)all[i]);
    say(desk, message, sizeof message);
}

/* A packet a box, with hardly anything in it: what it holds is the encoders' matter. */
static guint
make_packets(const Desk *desk, const pixman_region32_t *region, Packet **packets, guint n)
{
    static const guint8 pixels[64];
    int n_boxes = 0;
    const pixman_box32_t *box = region_boxes(region, &n_boxes);

    for (int i = 0; i < n_boxes && n < MAX_PACKETS; i++) {
        Packet *packet = packet_new(PACKET_WHOLE, pixels, sizeof pixels);

        if (box[i].x1 < 0 || box[i].y1 < 0 || box[i].x2 > desk->width || box[i].y2 > desk->height)
            __builtin_trap();
        packet->x = box[i].x1;
        packet->y = box[i].y1;
        packet->width = box[i].x2 - box[i].x1;
        packet->height = box[i].y2 - box[i].y1;
        packet->lossy = desk->lossy;
        packets[n++] = packet;
    }
    return n;
}

/* Some of the packets come first, where the client can have them so, and it may say something in
 * between. */
static void
send_packets(Desk *desk, Bytes *bytes, Packet *const *packets, guint n)
{
    guint first = (guint)next(bytes) % (n + 1);
    gsize said = (gsize)next(bytes);

    said = MIN(said, (gsize)(bytes->end - bytes->at));
    if (first)
        vnc_client_send_part(desk->client, packets, first);
    say(desk, bytes->at, said);
    bytes->at += said;
    if (!desk->client)
        return;
    first = vnc_update_in_parts(vnc_client_update(desk->client)) ? first : 0;
    vnc_client_send(desk->client, packets + first, n - first, 1);
}

static void
send_update(Desk *desk, Bytes *bytes)
{
    Packet *packets[MAX_PACKETS];
    const Frame frame = {.n_video = 1, .video = {{32, 16, 192, 128}}};
    VncWork work;
    guint n = 0;

    vnc_work_init(&work);
    if (vnc_client_ready(desk->client) && vnc_client_take(desk->client, &frame, &work)) {
        n = make_packets(desk, &work.changed, packets, n);
        n = make_packets(desk, &work.exact, packets, n);
        send_packets(desk, bytes, packets, n);
    }
    for (guint i = 0; i < n; i++)
        packet_unref(packets[i]);
    vnc_work_clear(&work);
}

static void
resize(Desk *desk, Bytes *bytes)
{
    desk->width = 1 + next(bytes) * (MAX_SIDE - 1) / 255;
    desk->height = 1 + next(bytes) * (MAX_SIDE - 1) / 255;
    if (vnc_client_entered(desk->client))
        vnc_client_resized(desk->client, desk->width, desk->height);
}

/* A frame, perhaps one in which something moved. */
static void
show_frame(Desk *desk, Bytes *bytes, gboolean moved)
{
    Frame frame = {.width = desk->width, .height = desk->height};
    int x = next(bytes) * desk->width / 256, y = next(bytes) * desk->height / 256;
    int width = 1 + next(bytes) * (desk->width - x - 1) / 255;
    int height = 1 + next(bytes) * (desk->height - y - 1) / 255;
    PlanOp op = {.kind = PLAN_COPY, .x = x, .y = y, .width = width, .height = height};

    desk->lossy = next(bytes) & 1;
    plan_clear(desk->plan);
    if (moved) {
        op.copy.src_x = next(bytes) * (desk->width - width) / 255;
        op.copy.src_y = next(bytes) * (desk->height - height) / 255;
        plan_add(desk->plan, &op);
    }
    pixman_region32_init_rect(&frame.damage, x, y, (unsigned)width, (unsigned)height);
    if (vnc_client_entered(desk->client))
        vnc_update_frame(vnc_client_update(desk->client), &frame, desk->plan);
    pixman_region32_fini(&frame.damage);
}

static void
set_cursor(Desk *desk, Bytes *bytes)
{
    static const guint8 pixels[16 * 16 * 4];
    Cursor *cursor =
        cursor_new(next(bytes) % 17, next(bytes) % 17, next(bytes), 3, pixels, sizeof pixels);

    if (vnc_client_entered(desk->client))
        vnc_update_set_cursor(vnc_client_update(desk->client), cursor);
    cursor_unref(cursor);
}

static void
drain(const Desk *desk)
{
    char bytes[65536];

    while (recv(desk->fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
}

static void
happen(Desk *desk, int what, Bytes *bytes)
{
    switch (what) {
    case ON_DAMAGE:
    case ON_COPY:
        show_frame(desk, bytes, what == ON_COPY);
        break;
    case ON_RESIZE:
        resize(desk, bytes);
        break;
    case ON_CURSOR:
        set_cursor(desk, bytes);
        break;
    case ON_LEDS:
        if (vnc_client_entered(desk->client))
            vnc_update_set_leds(vnc_client_update(desk->client), (guint)next(bytes));
        break;
    case ON_DRAIN:
        drain(desk);
        break;
    default:
        send_update(desk, bytes);
    }
    settle(desk);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static VncProtocol *protocol;
    Bytes bytes = {data, data + size};
    Desk desk = {.width = 320, .height = 200};
    int pair[2], stage = next(&bytes) % 3;

    if (!protocol) {
        g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL);
        protocol = vnc_protocol_new("fuzz");
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return 0;
    desk.fd = pair[1];
    desk.input = input_new();
    desk.clipboard = clipboard_new();
    desk.plan = plan_new();
    desk.client = vnc_client_new(pair[0], protocol, desk.input, desk.clipboard, &events, &desk);
    if (stage > 0)
        say(&desk, "RFB 003.008\n", 12);
    if (stage > 0)
        say(&desk, "\x01", 1);
    if (stage > 0)
        say(&desk, "\x01", 1);
    if (stage > 1)
        say_encodings(&desk);
    while (desk.client && bytes.at < bytes.end) {
        int what = next(&bytes);
        gsize n = MIN((gsize)what, (gsize)(bytes.end - bytes.at));

        if (what >= ON_DAMAGE) {
            happen(&desk, what, &bytes);
            continue;
        }
        say(&desk, bytes.at, n);
        bytes.at += n;
    }
    settle(&desk);
    vnc_client_free(desk.client);
    plan_free(desk.plan);
    clipboard_free(desk.clipboard);
    input_free(desk.input);
    close(desk.fd);
    return 0;
}
