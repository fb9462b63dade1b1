/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "encoder.h"

#include <string.h>

/* Hextile, for the simplest clients: tiles of 16 x 16, each a ground with rectangles of other
 * colours on it, or raw where that would be longer. Needs no deflate on either side. */

#define ENCODING_HEXTILE 5
#define TILE             16
#define MAX_COLOURS      32 /* what has more is raw: rectangles would hardly be shorter */
#define MAX_RECTANGLES   255

#define TILE_RAW        1
#define TILE_GROUND     2
#define TILE_FOREGROUND 4
#define TILE_RECTANGLES 8
#define TILE_COLOURED   16

typedef struct {
    EncodeScratch *scratch;
    const PixelFormat *format;
    gsize pixel; /* bytes */
    gboolean ground_known;
    guint32 ground; /* of the tile before */
} HextileWriter;

typedef struct {
    const guint32 *pixels;
    int stride, width, height;
} Tile;

static void
put_colour(HextileWriter *writer, guint32 colour)
{
    pixel_format_convert(writer->format, &colour, 1,
                         encode_reserve(writer->scratch->out, writer->pixel));
}

static void
put_raw(HextileWriter *writer, const Tile *tile)
{
    gsize row_size = (gsize)tile->width * writer->pixel;
    guint8 *to = encode_reserve(writer->scratch->out, 1 + row_size * (gsize)tile->height);

    *to++ = TILE_RAW;
    for (int y = 0; y < tile->height; y++, to += row_size)
        pixel_format_convert(writer->format, tile->pixels + (gsize)y * (gsize)tile->stride,
                             tile->width, to);
    writer->ground_known = FALSE; /* clients do not agree on what it is after a raw tile */
}

/* The colour with most pixels. */
static int
most_frequent(const guint8 *indices, int n, int n_colours)
{
    int counts[MAX_COLOURS] = {0}, best = 0;

    for (int i = 0; i < n; i++)
        counts[indices[i]]++;
    for (int i = 1; i < n_colours; i++)
        if (counts[i] > counts[best])
            best = i;
    return best;
}

/* The rectangle of one colour that begins at (x, y), as wide and then as high as it goes; its
 * pixels become ground. */
static void
take_rectangle(guint8 *indices, const Tile *tile, int x, int y, int ground, int *width, int *height)
{
    guint8 *at = indices + y * tile->width + x, index = *at;

    *width = 1;
    *height = 1;
    while (x + *width < tile->width && at[*width] == index)
        ++*width;
    for (; y + *height < tile->height; ++*height) {
        const guint8 *row = at + *height * tile->width;
        int i = 0;

        while (i < *width && row[i] == index)
            i++;
        if (i < *width)
            break;
    }
    for (int row = 0; row < *height; row++)
        memset(at + row * tile->width, ground, (gsize)*width);
}

/* The rectangles on the ground. FALSE when that is longer than the raw tile, or too many. */
static gboolean
put_rectangles(HextileWriter *writer, const Tile *tile, int ground, gboolean coloured, guint start)
{
    guint8 *indices = writer->scratch->indices;
    GByteArray *out = writer->scratch->out;
    guint count_at = out->len, count = 0;
    gsize most = start + 1 + (gsize)(tile->width * tile->height) * writer->pixel;

    encode_reserve(out, 1);
    for (int i = 0; i < tile->width * tile->height; i++) {
        int index = indices[i], x = i % tile->width, y = i / tile->width, width, height;
        guint8 *to;

        if (index == ground)
            continue;
        if (count == MAX_RECTANGLES || out->len + writer->pixel + 2 > most)
            return FALSE;
        take_rectangle(indices, tile, x, y, ground, &width, &height);
        if (coloured)
            put_colour(writer, palette_colours(writer->scratch->palette)[index]);
        to = encode_reserve(out, 2);
        to[0] = (guint8)(x << 4 | y);
        to[1] = (guint8)((width - 1) << 4 | (height - 1));
        count++;
    }
    out->data[count_at] = (guint8)count;
    return TRUE;
}

static void
put_tile(HextileWriter *writer, const Tile *tile)
{
    EncodeScratch *scratch = writer->scratch;
    guint start = scratch->out->len;
    int n_colours = palette_build(scratch->palette, tile->pixels, tile->stride, tile->width,
                                  tile->height, MAX_COLOURS, scratch->indices);
    const guint32 *colours = palette_colours(scratch->palette);
    int ground, kind;

    if (!n_colours) {
        put_raw(writer, tile);
        return;
    }
    ground = most_frequent(scratch->indices, tile->width * tile->height, n_colours);
    kind = writer->ground_known && writer->ground == colours[ground] ? 0 : TILE_GROUND;
    kind |= n_colours == 1   ? 0
            : n_colours == 2 ? TILE_RECTANGLES | TILE_FOREGROUND
                             : TILE_RECTANGLES | TILE_COLOURED;
    *encode_reserve(scratch->out, 1) = (guint8)kind;
    if (kind & TILE_GROUND)
        put_colour(writer, colours[ground]);
    if (kind & TILE_FOREGROUND)
        put_colour(writer, colours[!ground]);
    if (n_colours > 1 && !put_rectangles(writer, tile, ground, n_colours > 2, start)) {
        g_byte_array_set_size(scratch->out, start);
        put_raw(writer, tile);
        return;
    }
    writer->ground_known = TRUE;
    writer->ground = colours[ground];
}

static void
hextile_encode(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
               const PlanOp *op)
{
    HextileWriter writer = {
        .scratch = scratch, .format = &settings->format, .pixel = (gsize)settings->format.bits / 8};

    encode_header(scratch, op, ENCODING_HEXTILE);
    for (int y = 0; y < op->height; y += TILE)
        for (int x = 0; x < op->width; x += TILE) {
            Tile tile = {.pixels = encode_pixels(frame, op) + (gsize)y * (gsize)frame->stride + x,
                         .stride = frame->stride,
                         .width = MIN(TILE, op->width - x),
                         .height = MIN(TILE, op->height - y)};

            put_tile(&writer, &tile);
        }
}

const Encoder encoder_hextile = {
    .encoding = ENCODING_HEXTILE,
    .name = "hextile",
    .encode = hextile_encode,
};
