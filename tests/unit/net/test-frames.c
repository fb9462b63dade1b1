/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/net/frame-queue.h"
#include "host/net/frame-reader.h"

#include <string.h>

/* --- reading
 * ------------------------------------------------------------------------------------------- */

static void
append_frame(GByteArray *stream, guint32 length, guint8 first)
{
    guint32 header = GUINT32_TO_BE(length);
    g_byte_array_append(stream, (const guint8 *)&header, 4);
    for (guint32 i = 0; i < length; i++)
        g_byte_array_append(stream, &(guint8){(guint8)(first + i)}, 1);
}

static gboolean
is_of_use(guint32 length)
{
    return length > 0 && length <= FRAME_MAX;
}

/* Passes up to count frames on to the check; FALSE when there is none. */
static gboolean
take_one(FrameReader *reader, const guint32 *lengths, guint *next)
{
    const guint8 *frame;
    guint length;
    FrameRead found = frame_reader_peek(reader, &frame, &length);
    g_assert_cmpint(found, !=, FRAME_READ_BROKEN);
    if (found == FRAME_READ_NONE)
        return FALSE;
    while (!is_of_use(lengths[*next]))
        ++*next;
    g_assert_cmpuint(length, ==, lengths[*next]);
    for (guint i = 0; i < length; i++)
        g_assert_cmpuint(frame[i], ==, (guint8)(*next + i));
    ++*next;
    frame_reader_pass(reader);
    return TRUE;
}

static void
read_in_pieces(GRand *random)
{
    static const guint32 edges[] = {
        0, 1, FRAME_MAX - 1, FRAME_MAX, FRAME_MAX + 1, FRAME_STREAM_MAX};
    enum { COUNT = 60 };
    g_autoptr(GByteArray) stream = g_byte_array_new();
    guint32 lengths[COUNT];
    guint next = 0, useful = 0, got = 0, useless = 0;
    FrameReader *reader = frame_reader_new();
    for (guint i = 0; i < COUNT; i++) {
        lengths[i] = g_rand_int_range(random, 0, 4) == 0
                         ? edges[g_rand_int_range(random, 0, G_N_ELEMENTS(edges))]
                         : (guint32)g_rand_int_range(random, 1, 2000);
        append_frame(stream, lengths[i], (guint8)i);
        useful += is_of_use(lengths[i]);
        useless += !is_of_use(lengths[i]);
    }
    for (gsize at = 0; at < stream->len;) {
        gsize room;
        guint8 *to = frame_reader_room(reader, &room);
        gsize part = (gsize)g_rand_int_range(random, 1, 20000);
        part = MIN(part, MIN(room, stream->len - at));
        memcpy(to, stream->data + at, part);
        frame_reader_filled(reader, part);
        at += part;
        g_assert_cmpuint(part, >, 0);
        while (take_one(reader, lengths, &next))
            got++;
    }
    g_assert_cmpuint(got, ==, useful);
    g_assert_cmpuint(frame_reader_skipped(reader), ==, useless);
    frame_reader_free(reader);
}

static void
test_reader(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(g_test_rand_int_range(0, G_MAXINT32));
    for (guint i = 0; i < 50; i++)
        read_in_pieces(random);
}

static void
test_reader_broken(void)
{
    FrameReader *reader = frame_reader_new();
    guint32 header = GUINT32_TO_BE(FRAME_STREAM_MAX + 1);
    const guint8 *frame;
    gsize room;
    guint length;
    memcpy(frame_reader_room(reader, &room), &header, 4);
    frame_reader_filled(reader, 3);
    g_assert_cmpint(frame_reader_peek(reader, &frame, &length), ==, FRAME_READ_NONE);
    memcpy(frame_reader_room(reader, &room) - 3, &header, 4);
    frame_reader_filled(reader, 1);
    g_assert_cmpint(frame_reader_peek(reader, &frame, &length), ==, FRAME_READ_BROKEN);
    g_assert_cmpint(frame_reader_peek(reader, &frame, &length), ==, FRAME_READ_BROKEN);
    frame_reader_free(reader);
}

/* --- the queue
 * ------------------------------------------------------------------------------------------- */

/* What is written comes out as the frames went in; never more is held than the limit. */
static void
use_queue(GRand *random, gsize limit)
{
    g_autoptr(GByteArray) in = g_byte_array_new(), out = g_byte_array_new();
    g_autoptr(GQueue) held = g_queue_new();
    FrameQueue *queue = frame_queue_new(limit);
    struct iovec parts[2];
    for (guint i = 0; i < 6000; i++) {
        guint32 length = (guint32)g_rand_int_range(random, 0, FRAME_MAX + 3);
        gsize before = frame_queue_size(queue);
        g_autofree guint8 *frame = g_malloc(length + 1);
        memset(frame, (int)i, length);
        gboolean fits = is_of_use(length) && before + 4 + length <= MIN(limit, FRAME_QUEUE_MAX);
        g_assert_cmpint(frame_queue_push(queue, frame, length), ==, fits);
        if (fits) {
            append_frame(in, length, 0);
            memset(in->data + in->len - length, (int)i, length);
            g_queue_push_tail(held, GUINT_TO_POINTER(length));
        }
        g_assert_cmpuint(frame_queue_held(queue), ==, GPOINTER_TO_UINT(g_queue_peek_head(held)));
        for (gint n = g_rand_int_range(random, 0, 3); n > 0 && frame_queue_held(queue) > 0; n--) {
            frame_queue_release(queue);
            g_queue_pop_head(held);
        }
        if (frame_queue_ready(queue, parts) == 0)
            continue;
        gsize take = (gsize)g_rand_int_range(random, 1, 4000);
        take = MIN(take, parts[0].iov_len);
        g_byte_array_append(out, parts[0].iov_base, (guint)take);
        frame_queue_written(queue, take);
    }
    while (frame_queue_held(queue) > 0)
        frame_queue_release(queue);
    int count = frame_queue_ready(queue, parts);
    for (int i = 0; i < count; i++)
        g_byte_array_append(out, parts[i].iov_base, (guint)parts[i].iov_len);
    g_assert_cmpmem(in->data, in->len, out->data, out->len);
    frame_queue_written(queue, G_MAXSIZE);
    g_assert_cmpuint(frame_queue_size(queue), ==, 0);
    frame_queue_free(queue);
}

static void
test_queue(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(g_test_rand_int_range(0, G_MAXINT32));
    use_queue(random, 10000);
    use_queue(random, FRAME_QUEUE_MAX);
    use_queue(random, G_MAXSIZE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frames/reader", test_reader);
    g_test_add_func("/frames/reader-broken", test_reader_broken);
    g_test_add_func("/frames/queue", test_queue);
    return g_test_run();
}
