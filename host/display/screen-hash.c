/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "screen-hash.h"

#define CHUNK 256 /* pixels */

static void
add_row(GChecksum *checksum, const guint32 *row, int width)
{
    guint32 pixels[CHUNK];

    for (int x = 0; x < width; x += CHUNK) {
        int n = MIN(CHUNK, width - x);

        for (int i = 0; i < n; i++)
            pixels[i] = GUINT32_TO_LE(row[x + i] & 0xffffff);
        g_checksum_update(checksum, (const guchar *)pixels, (gssize)n * 4);
    }
}

char *
screen_hash(const Frame *frame)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

    for (int y = 0; y < frame->height; y++)
        add_row(checksum, frame->pixels + (gsize)y * (gsize)frame->stride, frame->width);
    return g_strdup(g_checksum_get_string(checksum));
}
