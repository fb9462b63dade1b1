/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "palette.h"

#include <string.h>

#define BITS  11 /* 2048 slots for 256 colours: chains stay near one step */
#define SLOTS (1 << BITS)

typedef struct {
    guint32 colour;
    guint16 index; /* plus one; 0: empty */
} Slot;

struct Palette {
    guint32 colours[PALETTE_MAX];
    int n_colours;
    Slot slots[SLOTS];
};

Palette *
palette_new(void)
{
    return g_new0(Palette, 1);
}

void
palette_free(Palette *palette)
{
    g_free(palette);
}

const guint32 *
palette_colours(const Palette *palette)
{
    return palette->colours;
}

/* The place of a colour, added when new; -1 when that would be more than limit. */
static int
look_up(Palette *palette, guint32 colour, int limit)
{
    guint at = colour * 2654435761u >> (32 - BITS); /* Knuth's multiplicative hash */

    while (palette->slots[at].index) {
        if (palette->slots[at].colour == colour)
            return palette->slots[at].index - 1;
        at = (at + 1) & (SLOTS - 1);
    }
    if (palette->n_colours == limit)
        return -1;
    palette->slots[at] = (Slot){colour, (guint16)(palette->n_colours + 1)};
    palette->colours[palette->n_colours] = colour;
    return palette->n_colours++;
}

int
palette_build(Palette *palette, const guint32 *pixels, int stride, int width, int height, int limit,
              guint8 *indices)
{
    guint32 last = ~0u; /* no pixel has this: the top byte is 0 */
    int index = 0;

    memset(palette->slots, 0, sizeof palette->slots);
    palette->n_colours = 0;
    for (int y = 0; y < height; y++) {
        const guint32 *row = pixels + (gsize)y * (gsize)stride;

        for (int x = 0; x < width; x++) {
            if (row[x] != last) {
                last = row[x];
                index = look_up(palette, last, limit);
                if (index < 0)
                    return 0;
            }
            *indices++ = (guint8)index;
        }
    }
    return palette->n_colours;
}
