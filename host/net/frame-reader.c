/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frame-reader.h"

#include <string.h>

#define HEADER 4
/* Some twenty full frames at once; and little more than the socket holds waits in it. */
#define CAPACITY (32 * 1024)
G_STATIC_ASSERT(CAPACITY >= HEADER + FRAME_MAX);

struct FrameReader {
    guint8 bytes[CAPACITY];
    gsize start, end;   /* what has not been looked at: bytes[start…end) */
    gsize passing_over; /* bytes of a frame of no use that are yet to come */
    guint64 skipped;
};

FrameReader *
frame_reader_new(void)
{
    return g_new0(FrameReader, 1);
}

void
frame_reader_free(FrameReader *reader)
{
    g_free(reader);
}

guint8 *
frame_reader_room(FrameReader *reader, gsize *size)
{
    if (reader->start > 0) {
        memmove(reader->bytes, reader->bytes + reader->start, reader->end - reader->start);
        reader->end -= reader->start;
        reader->start = 0;
    }
    *size = CAPACITY - reader->end;
    return reader->bytes + reader->end;
}

void
frame_reader_filled(FrameReader *reader, gsize size)
{
    reader->end += MIN(size, CAPACITY - reader->end);
}

/* FALSE: the rest of a frame of no use has not come yet. */
static gboolean
pass_over(FrameReader *reader)
{
    gsize here = MIN(reader->passing_over, reader->end - reader->start);
    reader->start += here;
    reader->passing_over -= here;
    return reader->passing_over == 0;
}

static guint32
next_length(const FrameReader *reader)
{
    guint32 length;
    memcpy(&length, reader->bytes + reader->start, HEADER);
    return GUINT32_FROM_BE(length);
}

FrameRead
frame_reader_peek(FrameReader *reader, const guint8 **frame, guint *length)
{
    while (pass_over(reader) && reader->end - reader->start >= HEADER) {
        guint32 size = next_length(reader);
        if (size > FRAME_STREAM_MAX)
            return FRAME_READ_BROKEN;
        if (size > 0 && size <= FRAME_MAX) {
            if (reader->end - reader->start < HEADER + size)
                return FRAME_READ_NONE;
            *frame = reader->bytes + reader->start + HEADER;
            *length = size;
            return FRAME_READ_ONE;
        }
        reader->skipped++;
        reader->passing_over = HEADER + size;
    }
    return FRAME_READ_NONE;
}

void
frame_reader_pass(FrameReader *reader)
{
    gsize size = HEADER + next_length(reader);
    reader->start += MIN(size, reader->end - reader->start);
}

guint64
frame_reader_skipped(const FrameReader *reader)
{
    return reader->skipped;
}
