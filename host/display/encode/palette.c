/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "palette.h"

#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define BITS  11 /* 2048 slots for 256 colours: chains stay near one step */
#define SLOTS (1 << BITS)
#define FILL  16 /* indices written at once */

G_STATIC_ASSERT(FILL <= PALETTE_SLACK);

typedef struct {
    guint32 colour;
    guint16 index;
    guint16 round; /* which palette it belongs to; of any other it is empty */
} Slot;

struct Palette {
    const PaletteKernel *kernel;
    guint32 colours[PALETTE_MAX];
    int n_colours, n_runs;
    guint16 round;
    Slot slots[SLOTS];
};

static guint64
changes_of(const guint32 *pixels, int n)
{
    guint64 changes = 0;

    for (int i = 0; i < n; i++)
        changes |= (guint64)(pixels[i] != pixels[i - 1]) << i;
    return changes;
}

static guint64
changes_scalar(const guint32 *pixels)
{
    return changes_of(pixels, 64);
}

#ifdef __x86_64__

static guint64
changes_sse2(const guint32 *pixels)
{
    guint64 same = 0;

    for (int i = 0; i < 64; i += 16) {
        __m128i equal[4];

        for (int j = 0; j < 4; j++)
            equal[j] = _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)(pixels + i + j * 4)),
                                       _mm_loadu_si128((const __m128i *)(pixels + i + j * 4 - 1)));
        same |= (guint64)_mm_movemask_epi8(_mm_packs_epi16(_mm_packs_epi32(equal[0], equal[1]),
                                                           _mm_packs_epi32(equal[2], equal[3])))
                << i;
    }
    return ~same;
}

__attribute__((target("avx2"))) static guint64
changes_avx2(const guint32 *pixels)
{
    guint64 same = 0;

    for (int i = 0; i < 64; i += 8) {
        __m256i equal = _mm256_cmpeq_epi32(_mm256_loadu_si256((const __m256i *)(pixels + i)),
                                           _mm256_loadu_si256((const __m256i *)(pixels + i - 1)));

        same |= (guint64)_mm256_movemask_ps(_mm256_castsi256_ps(equal)) << i;
    }
    return ~same;
}

#endif

static const PaletteKernel kernels[] = {
    {CPU_SCALAR, changes_scalar},
#ifdef __x86_64__
    {CPU_SSE2, changes_sse2},
    {CPU_AVX2, changes_avx2},
#endif
};

const PaletteKernel *
palette_kernels(guint *n_kernels)
{
    *n_kernels = G_N_ELEMENTS(kernels);
    return kernels;
}

Palette *
palette_new(void)
{
    Palette *palette = g_new0(Palette, 1);

    palette->kernel = CPU_BEST(kernels);
    return palette;
}

void
palette_free(Palette *palette)
{
    g_free(palette);
}

void
palette_set_kernel(Palette *palette, const PaletteKernel *kernel)
{
    palette->kernel = kernel;
}

const guint32 *
palette_colours(const Palette *palette)
{
    return palette->colours;
}

int
palette_runs(const Palette *palette)
{
    return palette->n_runs;
}

/* The place of a colour, added when new; -1 when that would be more than limit. */
static int
look_up(Palette *palette, guint32 colour, int limit)
{
    guint at = colour * 2654435761u >> (32 - BITS); /* Knuth's multiplicative hash */

    while (palette->slots[at].round == palette->round) {
        if (palette->slots[at].colour == colour)
            return palette->slots[at].index;
        at = (at + 1) & (SLOTS - 1);
    }
    if (palette->n_colours == limit)
        return -1;
    palette->slots[at] = (Slot){colour, (guint16)palette->n_colours, palette->round};
    palette->colours[palette->n_colours] = colour;
    return palette->n_colours++;
}

/* May write up to FILL - 1 bytes too many: what comes after is written later, or slack. */
static inline void
fill(guint8 *to, int index, int n)
{
    for (; n > 0; n -= FILL, to += FILL)
        memset(to, index, FILL);
}

/* One row. FALSE when it has more colours than limit allows. */
static gboolean
index_row(Palette *palette, const guint32 *row, int width, int limit, guint8 *indices)
{
    int index = look_up(palette, row[0], limit), run = 0;

    if (index < 0)
        return FALSE;
    for (int x = 1; x < width; x += 64) {
        int n = MIN(64, width - x);
        guint64 changes = n == 64 ? palette->kernel->changes(row + x) : changes_of(row + x, n);

        palette->n_runs += __builtin_popcountll(changes);
        for (; changes; changes &= changes - 1) {
            int end = x + __builtin_ctzll(changes);

            fill(indices + run, index, end - run);
            run = end;
            index = look_up(palette, row[end], limit);
            if (index < 0)
                return FALSE;
        }
    }
    fill(indices + run, index, width - run);
    palette->n_runs++;
    return TRUE;
}

int
palette_build(Palette *palette, const guint32 *pixels, int stride, int width, int height, int limit,
              guint8 *indices)
{
    if (++palette->round == 0) { /* after 65536 palettes the oldest would come to life again */
        memset(palette->slots, 0, sizeof palette->slots);
        palette->round = 1;
    }
    palette->n_colours = 0;
    palette->n_runs = 0;
    for (int y = 0; y < height; y++)
        if (!index_row(palette, pixels + (gsize)y * (gsize)stride, width, limit,
                       indices + (gsize)y * (gsize)width))
            return 0;
    return palette->n_colours;
}

static guint8
pack_byte(const guint8 *indices, int n, int bits)
{
    int byte = 0;

    for (int i = 0; i < n; i++)
        byte |= indices[i] << (8 - bits * (i + 1));
    return (guint8)byte;
}

/* Eight bytes of 0 or 1 to one: the factor brings the first to bit 63, the second to bit 62, and so
 * on; no two sums meet there. */
static inline guint8
pack_8_bits(const guint8 *indices)
{
    guint64 eight;

    memcpy(&eight, indices, sizeof eight);
    return (guint8)(GUINT64_FROM_LE(eight) * 0x8040201008040201u >> 56);
}

gsize
palette_pack(const guint8 *indices, int width, int height, int bits, guint8 *to)
{
    int per_byte = 8 / bits;
    guint8 *at = to;

    for (int y = 0; y < height; y++, indices += width) {
        int x = 0;

        for (; bits == 1 && x + 8 <= width; x += 8)
            *at++ = pack_8_bits(indices + x);
        for (; x < width; x += per_byte)
            *at++ = pack_byte(indices + x, MIN(per_byte, width - x), bits);
    }
    return (gsize)(at - to);
}
