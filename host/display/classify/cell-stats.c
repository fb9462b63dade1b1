/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cell-stats.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define HASH       2654435761u /* Knuth's multiplicative hash */
#define HASH_SHIFT 27          /* leaves 5 bits: one of a 32 bit mask */

static gboolean
is_solid(const guint32 *pixels, int stride, int width, int height)
{
    for (int y = 0; y < height; y++) {
        const guint32 *row = pixels + (gsize)y * (gsize)stride;
        guint32 differ = 0;

        for (int x = 0; x < width; x++)
            differ |= row[x] ^ pixels[0];
        if (differ)
            return FALSE;
    }
    return TRUE;
}

static guint
step(guint32 a, guint32 b)
{
    guint most = 0;

    for (int shift = 0; shift < 24; shift += 8) {
        guint from = a >> shift & 0xff, to = b >> shift & 0xff;

        most = MAX(most, from > to ? from - to : to - from);
    }
    return most;
}

static void
look_scalar(const guint32 *pixels, int stride, int width, int height, CellStats *stats)
{
    guint32 colours = 0;

    *stats = (CellStats){.colour = pixels[0], .solid = is_solid(pixels, stride, width, height)};
    if (stats->solid)
        return;
    for (int y = 0; y < height; y += 2) {
        const guint32 *row = pixels + (gsize)y * (gsize)stride;

        colours |= 1u << (row[0] * HASH >> HASH_SHIFT);
        for (int x = 1; x < width; x++) {
            guint by = step(row[x - 1], row[x]);

            colours |= 1u << (row[x] * HASH >> HASH_SHIFT);
            stats->equal = (guint16)(stats->equal + (by == 0));
            stats->edges = (guint16)(stats->edges + (by > CELL_EDGE));
            stats->steepest = (guint8)MAX(stats->steepest, by);
        }
        stats->pairs = (guint16)(stats->pairs + width - 1);
    }
    stats->different = (guint8)__builtin_popcount(colours);
}

#ifdef __x86_64__

#define FULL_PAIRS ((CELL_SIZE - 1) * CELL_SIZE / 2)

/* SSE2 has no 32 bit multiplication; two of its 64 bit ones make it. */
static inline __m128i
multiply_sse2(__m128i a, __m128i b)
{
    __m128i even = _mm_mul_epu32(a, b), odd = _mm_mul_epu32(_mm_srli_epi64(a, 32), b);

    return _mm_unpacklo_epi32(_mm_shuffle_epi32(even, 0x08), _mm_shuffle_epi32(odd, 0x08));
}

/* 1 << the hash: a float's exponent is a shift, and what is too large for an int becomes bit 31. */
static inline __m128i
colour_bits_sse2(__m128i pixels)
{
    __m128i hash = _mm_srli_epi32(multiply_sse2(pixels, _mm_set1_epi32((int)HASH)), HASH_SHIFT);

    return _mm_cvttps_epi32(
        _mm_castsi128_ps(_mm_slli_epi32(_mm_add_epi32(hash, _mm_set1_epi32(127)), 23)));
}

typedef struct {
    __m128i equal, smooth, steepest, colours;
} SumsSse2;

/* count: -1 in the lanes whose pair is to be counted. */
static inline void
pairs_sse2(SumsSse2 *sums, __m128i a, __m128i b, __m128i count)
{
    __m128i by = _mm_or_si128(_mm_subs_epu8(a, b), _mm_subs_epu8(b, a));
    __m128i smooth =
        _mm_cmpeq_epi32(_mm_subs_epu8(by, _mm_set1_epi8(CELL_EDGE)), _mm_setzero_si128());

    sums->equal = _mm_sub_epi32(sums->equal, _mm_and_si128(_mm_cmpeq_epi32(a, b), count));
    sums->smooth = _mm_sub_epi32(sums->smooth, _mm_and_si128(smooth, count));
    sums->steepest = _mm_max_epu8(sums->steepest, by);
}

static inline guint
add_lanes(__m128i v)
{
    v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0x4e));
    return (guint)_mm_cvtsi128_si32(_mm_add_epi32(v, _mm_shuffle_epi32(v, 0xb1)));
}

static void
finish_sse2(const SumsSse2 *sums, CellStats *stats)
{
    __m128i most = sums->steepest, any = sums->colours;

    most = _mm_max_epu8(most, _mm_srli_si128(most, 8));
    most = _mm_max_epu8(most, _mm_srli_si128(most, 4));
    most = _mm_max_epu8(most, _mm_srli_si128(most, 2));
    most = _mm_max_epu8(most, _mm_srli_si128(most, 1));
    any = _mm_or_si128(any, _mm_shuffle_epi32(any, 0x4e));
    any = _mm_or_si128(any, _mm_shuffle_epi32(any, 0xb1));
    stats->pairs = FULL_PAIRS;
    stats->equal = (guint16)add_lanes(sums->equal);
    stats->edges = (guint16)(FULL_PAIRS - add_lanes(sums->smooth));
    stats->steepest = (guint8)_mm_cvtsi128_si32(most);
    stats->different = (guint8)__builtin_popcount((guint)_mm_cvtsi128_si32(any));
}

static inline __m128i
load(const guint32 *from)
{
    return _mm_loadu_si128((const __m128i *)from);
}

static gboolean
is_solid_sse2(const guint32 *pixels, int stride)
{
    const __m128i first = _mm_set1_epi32((int)pixels[0]);

    for (int y = 0; y < CELL_SIZE; y++, pixels += stride) {
        __m128i same = _mm_and_si128(_mm_and_si128(_mm_cmpeq_epi32(load(pixels), first),
                                                   _mm_cmpeq_epi32(load(pixels + 4), first)),
                                     _mm_and_si128(_mm_cmpeq_epi32(load(pixels + 8), first),
                                                   _mm_cmpeq_epi32(load(pixels + 12), first)));

        if (_mm_movemask_epi8(same) != 0xffff)
            return FALSE;
    }
    return TRUE;
}

static void
look_sse2(const guint32 *pixels, int stride, int width, int height, CellStats *stats)
{
    const __m128i all = _mm_set1_epi32(-1), not_first = _mm_set_epi32(-1, -1, -1, 0);
    SumsSse2 sums = {0};

    if (width != CELL_SIZE || height != CELL_SIZE) {
        look_scalar(pixels, stride, width, height, stats);
        return;
    }
    *stats = (CellStats){.colour = pixels[0], .solid = is_solid_sse2(pixels, stride)};
    for (int y = 0; y < CELL_SIZE && !stats->solid; y += 2, pixels += 2 * stride) {
        __m128i a = load(pixels), b = load(pixels + 4), c = load(pixels + 8), d = load(pixels + 12);

        pairs_sse2(&sums, a, load(pixels + 1), all);
        pairs_sse2(&sums, b, load(pixels + 5), all);
        pairs_sse2(&sums, c, load(pixels + 9), all);
        pairs_sse2(&sums, load(pixels + 11), d, not_first); /* stays inside the cell */
        sums.colours = _mm_or_si128(
            sums.colours, _mm_or_si128(_mm_or_si128(colour_bits_sse2(a), colour_bits_sse2(b)),
                                       _mm_or_si128(colour_bits_sse2(c), colour_bits_sse2(d))));
    }
    if (!stats->solid)
        finish_sse2(&sums, stats);
}

typedef struct {
    __m256i equal, smooth, steepest, colours;
} SumsAvx2;

__attribute__((target("avx2"))) static inline void
pairs_avx2(SumsAvx2 *sums, __m256i a, __m256i b, __m256i count)
{
    __m256i by = _mm256_or_si256(_mm256_subs_epu8(a, b), _mm256_subs_epu8(b, a));
    __m256i smooth = _mm256_cmpeq_epi32(_mm256_subs_epu8(by, _mm256_set1_epi8(CELL_EDGE)),
                                        _mm256_setzero_si256());

    sums->equal = _mm256_sub_epi32(sums->equal, _mm256_and_si256(_mm256_cmpeq_epi32(a, b), count));
    sums->smooth = _mm256_sub_epi32(sums->smooth, _mm256_and_si256(smooth, count));
    sums->steepest = _mm256_max_epu8(sums->steepest, by);
}

__attribute__((target("avx2"))) static inline __m256i
colour_bits_avx2(__m256i pixels)
{
    __m256i hash =
        _mm256_srli_epi32(_mm256_mullo_epi32(pixels, _mm256_set1_epi32((int)HASH)), HASH_SHIFT);

    return _mm256_sllv_epi32(_mm256_set1_epi32(1), hash);
}

__attribute__((target("avx2"))) static inline __m256i
load_avx2(const guint32 *from)
{
    return _mm256_loadu_si256((const __m256i *)from);
}

__attribute__((target("avx2"))) static gboolean
is_solid_avx2(const guint32 *pixels, int stride)
{
    const __m256i first = _mm256_set1_epi32((int)pixels[0]);

    for (int y = 0; y < CELL_SIZE; y += 2, pixels += 2 * stride) {
        __m256i above = _mm256_or_si256(_mm256_xor_si256(load_avx2(pixels), first),
                                        _mm256_xor_si256(load_avx2(pixels + 8), first));
        __m256i below = _mm256_or_si256(_mm256_xor_si256(load_avx2(pixels + stride), first),
                                        _mm256_xor_si256(load_avx2(pixels + stride + 8), first));
        __m256i differ = _mm256_or_si256(above, below);

        if (!_mm256_testz_si256(differ, differ))
            return FALSE;
    }
    return TRUE;
}

__attribute__((target("avx2"))) static void
look_avx2(const guint32 *pixels, int stride, int width, int height, CellStats *stats)
{
    const __m256i all = _mm256_set1_epi32(-1),
                  not_first = _mm256_set_epi32(-1, -1, -1, -1, -1, -1, -1, 0);
    SumsAvx2 sums = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                     _mm256_setzero_si256()};
    SumsSse2 half;

    if (width != CELL_SIZE || height != CELL_SIZE) {
        look_scalar(pixels, stride, width, height, stats);
        return;
    }
    *stats = (CellStats){.colour = pixels[0], .solid = is_solid_avx2(pixels, stride)};
    if (stats->solid)
        return;
    for (int y = 0; y < CELL_SIZE; y += 2, pixels += 2 * stride) {
        __m256i a = load_avx2(pixels), b = load_avx2(pixels + 8);

        pairs_avx2(&sums, a, load_avx2(pixels + 1), all);
        pairs_avx2(&sums, load_avx2(pixels + 7), b, not_first); /* stays inside the cell */
        sums.colours = _mm256_or_si256(sums.colours,
                                       _mm256_or_si256(colour_bits_avx2(a), colour_bits_avx2(b)));
    }
    half.equal =
        _mm_add_epi32(_mm256_castsi256_si128(sums.equal), _mm256_extracti128_si256(sums.equal, 1));
    half.smooth = _mm_add_epi32(_mm256_castsi256_si128(sums.smooth),
                                _mm256_extracti128_si256(sums.smooth, 1));
    half.steepest = _mm_max_epu8(_mm256_castsi256_si128(sums.steepest),
                                 _mm256_extracti128_si256(sums.steepest, 1));
    half.colours = _mm_or_si128(_mm256_castsi256_si128(sums.colours),
                                _mm256_extracti128_si256(sums.colours, 1));
    finish_sse2(&half, stats);
}

#endif

static const CellKernel kernels[] = {
    {CPU_SCALAR, look_scalar},
#ifdef __x86_64__
    {CPU_SSE2, look_sse2},
    {CPU_AVX2, look_avx2},
#endif
};

const CellKernel *
cell_kernels(guint *n_kernels)
{
    *n_kernels = G_N_ELEMENTS(kernels);
    return kernels;
}

const CellKernel *
cell_kernel_best(void)
{
    return CPU_BEST(kernels);
}

/* Where the figures of text and of photographs part: text stands on a ground, so that most of its
 * pixels equal their neighbours, or else differ by much; in a photograph grain makes nearly all
 * neighbours differ, and by little. Leaves and the like differ by much, but have no ground. */

gboolean
cell_is_photo(const CellStats *stats)
{
    gboolean smooth = stats->equal * 10 <= stats->pairs * 4 && stats->edges * 5 <= stats->pairs &&
                      stats->different >= 8;
    gboolean busy = stats->equal * 10 <= stats->pairs && stats->different >= 24;

    return smooth || busy;
}

gboolean
cell_is_gentle(const CellStats *stats)
{
    return stats->steepest <= CELL_EDGE / 2 && stats->different >= 4;
}
