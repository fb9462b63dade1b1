/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "deflate.h"

#include <isa-l/igzip_lib.h>
#include <string.h>

#define STORED_MAX 65535 /* bytes in one stored block */

struct Deflate {
    struct isal_zstream stream;
    guint8 level_buffer[ISAL_DEF_LVL1_DEFAULT];
};

Deflate *
deflate_new(void)
{
    return g_new0(Deflate, 1);
}

void
deflate_free(Deflate *deflate)
{
    g_free(deflate);
}

gsize
deflate_bound(gsize size)
{
    return size + size / 8 + 1024;
}

/* What deflate allows for data that does not shrink. */
static gsize
store_blocks(const guint8 *from, gsize size, guint8 *to)
{
    guint8 *at = to;

    while (size) {
        guint16 length = (guint16)MIN(size, STORED_MAX), wire = GUINT16_TO_LE(length),
                check = (guint16)~wire;

        *at++ = 0;
        memcpy(at, &wire, 2);
        memcpy(at + 2, &check, 2);
        memcpy(at + 4, from, length);
        at += 4 + length;
        from += length;
        size -= length;
    }
    return (gsize)(at - to);
}

gsize
deflate_blocks(Deflate *deflate, const guint8 *from, gsize size, guint8 *to)
{
    struct isal_zstream *stream = &deflate->stream;

    isal_deflate_stateless_init(stream);
    stream->level = 1;
    stream->level_buf = deflate->level_buffer;
    stream->level_buf_size = sizeof deflate->level_buffer;
    stream->gzip_flag = IGZIP_DEFLATE;
    stream->flush = FULL_FLUSH;
    stream->end_of_stream = 0;
    stream->next_in = (guint8 *)from;
    stream->avail_in = (guint32)size;
    stream->next_out = to;
    stream->avail_out = (guint32)deflate_bound(size);
    if (isal_deflate_stateless(stream) == COMP_OK && stream->avail_in == 0)
        return stream->total_out;
    return store_blocks(from, size, to);
}
