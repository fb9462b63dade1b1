/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "region.h"
#include "sink/vnc-framing.h"
#include "sink/vnc-update.h"

#include <sys/socket.h>
#include <unistd.h>

static void
nothing(gpointer user)
{
}

static const VncRoom any = {G_MAXSIZE, 0, 0, NULL};

static void
set_encoding(VncUpdate *update, gint32 encoding)
{
    guint8 list[4];
    vnc_put32(list, (guint32)encoding);
    vnc_update_set_encodings(update, list, 1);
}

/* The encoding of the update's first rectangle. */
static gint32
first_rectangle(VncUpdate *update)
{
    guint8 bytes[64];
    int pair[2];
    VncWork work;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    VncOutput *output = vnc_output_new(pair[0]);
    vnc_work_init(&work);
    vnc_update_request(update, TRUE, 0, 0, 800, 600);
    g_assert_true(vnc_update_take(update, &any, &work));
    vnc_update_send(update, output, NULL, 0);
    g_assert_true(vnc_output_flush(output));
    gint32 encoding =
        recv(pair[1], bytes, sizeof bytes, MSG_DONTWAIT) >= 16 ? (gint32)vnc_get32(bytes + 12) : 0;
    vnc_work_clear(&work);
    vnc_output_free(output);
    close(pair[0]);
    close(pair[1]);
    return encoding;
}

/* Clients say their encodings anew whenever they like, so also before they were told a size. */
static void
test_encodings_after_resize(void)
{
    VncUpdate *update = vnc_update_new(nothing, NULL);
    g_assert_true(vnc_update_resized(update, 640, 480));
    set_encoding(update, VNC_ENCODING_DESKTOP_SIZE);
    g_assert_true(vnc_update_resized(update, 800, 600));
    set_encoding(update, VNC_ENCODING_DESKTOP_SIZE);
    g_assert_cmpint(first_rectangle(update), ==, VNC_ENCODING_DESKTOP_SIZE);
    vnc_update_free(update);
}

/* The first frame has the size that the client was told: nothing to follow. */
static void
test_same_size(void)
{
    VncUpdate *update = vnc_update_new(nothing, NULL);
    g_assert_true(vnc_update_resized(update, 640, 480));
    g_assert_true(vnc_update_resized(update, 640, 480));
    g_assert_false(vnc_update_resized(update, 800, 600));
    vnc_update_free(update);
}

/* Parts ------------------------------------------------------------------------------------------
 */

typedef struct {
    VncUpdate *update;
    VncOutput *output;
    VncWork work;
    int pair[2];
    guint8 bytes[512]; /* what the client got last */
    gsize n_bytes;
} Line;

static void
line_init(Line *line, const gint32 *encodings, guint n_encodings)
{
    guint8 list[4 * 8];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line->pair), ==, 0);
    line->output = vnc_output_new(line->pair[0]);
    line->update = vnc_update_new(nothing, NULL);
    vnc_work_init(&line->work);
    g_assert_true(vnc_update_resized(line->update, 640, 480));
    for (guint i = 0; i < n_encodings; i++)
        vnc_put32(list + i * 4, (guint32)encodings[i]);
    vnc_update_set_encodings(line->update, list, n_encodings);
}

static void
line_clear(Line *line)
{
    vnc_work_clear(&line->work);
    vnc_output_free(line->output);
    vnc_update_free(line->update);
    close(line->pair[0]);
    close(line->pair[1]);
}

static void
line_take(Line *line, const VncRoom *room)
{
    vnc_update_request(line->update, TRUE, 0, 0, 640, 480);
    g_assert_true(vnc_update_take(line->update, room, &line->work));
}

static void
line_read(Line *line)
{
    g_assert_true(vnc_output_flush(line->output));
    gssize n = recv(line->pair[1], line->bytes, sizeof line->bytes, MSG_DONTWAIT);
    line->n_bytes = (gsize)MAX(n, 0);
}

/* A rectangle without pixels: its header is all of it. */
static Packet *
packet_at(int x)
{
    Packet *packet = packet_new(PACKET_WHOLE, (const guint8[PACKET_HEADER]){0}, PACKET_HEADER);
    packet->x = x;
    packet->width = packet->height = 64;
    packet_put_header(packet->data, x, 0, 64, 64, 0);
    return packet;
}

static gint32
encoding_at(const Line *line, gsize at)
{
    g_assert_cmpint(at + PACKET_HEADER, <=, line->n_bytes);
    return (gint32)vnc_get32(line->bytes + at + 8);
}

static const gint32 with_last[] = {0, VNC_ENCODING_LAST_RECT};

/* The first part begins an update of an unknown number of rectangles, the last ends it; a message
 * that is written meanwhile comes after it. */
static void
test_parts(void)
{
    Packet *packets[] = {packet_at(0), packet_at(64), packet_at(128)};
    Line line;
    line_init(&line, with_last, G_N_ELEMENTS(with_last));
    line_take(&line, &any);
    g_assert_false(vnc_update_in_parts(line.update));
    g_assert_true(vnc_update_send_part(line.update, line.output, packets, 2));
    g_assert_true(vnc_update_in_parts(line.update));
    vnc_output_message(line.output, (const guint8 *)"!", 1);
    g_assert_cmpint(vnc_output_queued(line.output), ==, 4 + 2 * PACKET_HEADER + 1);
    line_read(&line);
    g_assert_cmpint(line.n_bytes, ==, 4 + 2 * PACKET_HEADER);
    g_assert_cmpint(vnc_get32(line.bytes), ==, 0xffff);
    g_assert_false(vnc_output_wants_write(line.output));
    g_assert_cmpint(vnc_update_send(line.update, line.output, packets + 2, 1), ==, 1);
    line_read(&line);
    g_assert_cmpint(line.n_bytes, ==, 2 * PACKET_HEADER + 1);
    g_assert_cmpint(vnc_get16(line.bytes), ==, 128);
    g_assert_cmpint(encoding_at(&line, PACKET_HEADER), ==, VNC_ENCODING_LAST_RECT);
    g_assert_cmpint(line.bytes[2 * PACKET_HEADER], ==, '!');
    g_assert_cmpint(vnc_update_sent(line.update), ==, 1);
    vnc_output_message(line.output, (const guint8 *)"?", 1);
    line_read(&line);
    g_assert_cmpint(line.n_bytes, ==, 1);
    line_clear(&line);
    for (guint i = 0; i < G_N_ELEMENTS(packets); i++)
        packet_unref(packets[i]);
}

/* A client that changes its mind in between gets no more of it: the update ends, and the rest is
 * dirty still. */
static void
test_parts_left(void)
{
    Packet *packets[] = {packet_at(0), packet_at(64), packet_at(128)};
    const pixman_box32_t left = {64, 0, 192, 64};
    Line line;
    line_init(&line, with_last, G_N_ELEMENTS(with_last));
    line_take(&line, &any);
    g_assert_true(vnc_update_send_part(line.update, line.output, packets, 1));
    set_encoding(line.update, VNC_ENCODING_DESKTOP_SIZE);
    g_assert_true(vnc_update_send_part(line.update, line.output, packets + 1, 1));
    g_assert_cmpint(vnc_update_send(line.update, line.output, packets + 2, 1), ==, 0);
    line_read(&line);
    g_assert_cmpint(line.n_bytes, ==, 4 + 2 * PACKET_HEADER);
    g_assert_cmpint(encoding_at(&line, 4 + PACKET_HEADER), ==, VNC_ENCODING_LAST_RECT);
    line_take(&line, &any);
    g_assert_cmpint(pixman_region32_contains_rectangle(&line.work.changed, (pixman_box32_t *)&left),
                    ==, PIXMAN_REGION_IN);
    g_assert_false(vnc_update_send_part(line.update, line.output, packets, 1));
    line_clear(&line);
    for (guint i = 0; i < G_N_ELEMENTS(packets); i++)
        packet_unref(packets[i]);
}

/* No parts for who could not tell their end, nor on a link that is the limit. */
static void
test_no_parts(void)
{
    const VncRoom little = {1024 * 1024, 0, 0, NULL};
    const gint32 raw[] = {0};
    Packet *packet = packet_at(0);
    Line line;
    line_init(&line, raw, 1);
    g_assert_false(vnc_update_send_part(line.update, line.output, &packet, 1)); /* none taken */
    line_take(&line, &any);
    g_assert_false(vnc_update_send_part(line.update, line.output, &packet, 1));
    line_clear(&line);
    line_init(&line, with_last, G_N_ELEMENTS(with_last));
    line_take(&line, &little);
    g_assert_false(vnc_update_send_part(line.update, line.output, &packet, 1));
    g_assert_cmpint(vnc_update_send(line.update, line.output, &packet, 1), ==, 1);
    line_read(&line);
    g_assert_cmpint(vnc_get32(line.bytes), ==, 1);
    line_clear(&line);
    packet_unref(packet);
}

/* Haste ------------------------------------------------------------------------------------------
 */

#define LETTER 20 /* pixels, square */

static const pixman_box32_t video = {64, 64, 576, 448};

/* The area that an update has. */
static gint64
take_area(Line *line, const VncRoom *room)
{
    Packet *packet = packet_at(0);
    line_take(line, room);
    g_assert_cmpint(vnc_update_send(line->update, line->output, &packet, 1), ==, 1);
    packet_unref(packet);
    return region_area(&line->work.changed);
}

static void
change(Line *line, const pixman_box32_t *box, int beside)
{
    pixman_region32_t changed;
    pixman_region32_init_with_extents(&changed, box);
    region_add(&changed, 0, 0, beside, beside);
    vnc_update_damage(line->update, &changed);
    pixman_region32_fini(&changed);
}

/* Who has just typed sees the letter before more of the video, in an update of its own. */
static void
test_eager(void)
{
    const gint64 film = (gint64)(video.x2 - video.x1) * (video.y2 - video.y1);
    const Frame playing = {.n_video = 1, .video = {video}}, quiet = {.n_video = 0};
    const VncRoom eager = {60000, 0, 0, &playing}, calm = {60000, 0, 0, NULL},
                  fast = {G_MAXSIZE, 0, 0, &playing}, no_video = {60000, 0, 0, &quiet};
    const gint32 raw[] = {0};
    Line line;
    line_init(&line, raw, 1);
    take_area(&line, &any); /* all that is dirty at first */
    change(&line, &video, LETTER);
    g_assert_cmpint(take_area(&line, &eager), ==, LETTER * LETTER);
    g_assert_cmpint(take_area(&line, &any), ==, film); /* and then the film, all of it */
    change(&line, &video, LETTER);
    g_assert_cmpint(take_area(&line, &calm), >, LETTER * LETTER); /* nobody waits */
    take_area(&line, &any);
    change(&line, &video, LETTER);
    g_assert_cmpint(take_area(&line, &no_video), >, LETTER * LETTER);
    take_area(&line, &any);
    change(&line, &video, LETTER);
    g_assert_cmpint(take_area(&line, &fast), ==, film + LETTER * LETTER);
    change(&line, &(pixman_box32_t){0, 0, 640, 480}, 0); /* a window opens: it takes its turn */
    g_assert_cmpint(take_area(&line, &eager), >, 60 * 64 * 8);
    take_area(&line, &any);
    change(&line, &(pixman_box32_t){0, 0, 0, 0}, LETTER); /* nothing beside the letter */
    g_assert_cmpint(take_area(&line, &eager), ==, LETTER * LETTER);
    line_clear(&line);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vnc-update/encodings-after-resize", test_encodings_after_resize);
    g_test_add_func("/vnc-update/same-size", test_same_size);
    g_test_add_func("/vnc-update/parts", test_parts);
    g_test_add_func("/vnc-update/parts-left", test_parts_left);
    g_test_add_func("/vnc-update/no-parts", test_no_parts);
    g_test_add_func("/vnc-update/eager", test_eager);
    return g_test_run();
}
