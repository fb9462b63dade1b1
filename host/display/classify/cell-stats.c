/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cell-stats.h"

#include <stdlib.h>

/* A step of green between neighbours that the eye takes for an edge; text has many, photographs
 * few. */
#define EDGE 40

static gboolean
is_solid(const guint32 *pixels, int stride, int width, int height)
{
    guint32 first = pixels[0];

    for (int y = 0; y < height; y++) {
        const guint32 *row = pixels + (gsize)y * (gsize)stride;
        guint32 differ = 0;

        for (int x = 0; x < width; x++)
            differ |= row[x] ^ first;
        if (differ)
            return FALSE;
    }
    return TRUE;
}

/* A quarter of the rows tells as much as all of them. */
static gboolean
is_smooth(const guint32 *pixels, int stride, int width, int height)
{
    int pairs = 0, equal = 0, edges = 0;

    for (int y = 1; y < height; y += 4) {
        const guint32 *row = pixels + (gsize)y * (gsize)stride;

        for (int x = 1; x < width; x++) {
            int step = abs((int)(row[x] >> 8 & 0xff) - (int)(row[x - 1] >> 8 & 0xff));

            equal += row[x] == row[x - 1];
            edges += step > EDGE;
        }
        pairs += width - 1;
    }
    return pairs > 0 && equal * 10 <= pairs * 4 && edges * 5 <= pairs;
}

CellStats
cell_stats(const guint32 *pixels, int stride, int width, int height)
{
    CellStats stats = {.colour = pixels[0]};

    stats.solid = is_solid(pixels, stride, width, height);
    stats.smooth = !stats.solid && is_smooth(pixels, stride, width, height);
    return stats;
}
