/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "compare.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define COLOUR 0x00ffffffu

static void
row_scalar(const guint32 *source, int source_stride, const guint32 *last, guint32 *into, int stride,
           int pixels, const guint8 *stale, guint8 *changed)
{
    for (int cell = 0; cell * COMPARE_CELL < pixels; cell++) {
        int begin = cell * COMPARE_CELL, end = MIN(begin + COMPARE_CELL, pixels);
        gboolean differs = FALSE;

        for (int x = begin; x < end && !changed[cell]; x++)
            differs |= (source[x] & COLOUR) != last[x];
        if (differs)
            changed[cell] = 1;
        for (int x = begin; x < end && (changed[cell] || stale[cell]); x++)
            into[x] = source[x] & COLOUR;
    }
}

/* The vector kernels take whole cells, with branches a cell: most cells of a walk are like their
 * neighbours, so they are predicted. Nothing is stored where nothing differs, because writing clean
 * cache lines back costs more than the branch. A cell of the row below is fetched as it will be
 * used, most likely: the hardware's own fetching stops at each page, and begins anew. */
#ifdef __x86_64__

static void
row_sse2(const guint32 *source, int source_stride, const guint32 *last, guint32 *into, int stride,
         int pixels, const guint8 *stale, guint8 *changed)
{
    const __m128i colour = _mm_set1_epi32(COLOUR);
    int cells = pixels / COMPARE_CELL, done = cells * COMPARE_CELL;

    for (int cell = 0; cell < cells; cell++) {
        const __m128i *from = (const __m128i *)(source + cell * COMPARE_CELL);
        const __m128i *old = (const __m128i *)(last + cell * COMPARE_CELL);
        __m128i *to = (__m128i *)(into + cell * COMPARE_CELL);
        __m128i a = _mm_and_si128(_mm_loadu_si128(from), colour),
                b = _mm_and_si128(_mm_loadu_si128(from + 1), colour);
        __m128i c = _mm_and_si128(_mm_loadu_si128(from + 2), colour),
                d = _mm_and_si128(_mm_loadu_si128(from + 3), colour);

        __builtin_prefetch(source + cell * COMPARE_CELL + source_stride);
        if (!changed[cell]) {
            __m128i ab = _mm_and_si128(_mm_cmpeq_epi32(a, _mm_loadu_si128(old)),
                                       _mm_cmpeq_epi32(b, _mm_loadu_si128(old + 1)));
            __m128i cd = _mm_and_si128(_mm_cmpeq_epi32(c, _mm_loadu_si128(old + 2)),
                                       _mm_cmpeq_epi32(d, _mm_loadu_si128(old + 3)));

            __builtin_prefetch(last + cell * COMPARE_CELL + stride);
            if (_mm_movemask_epi8(_mm_and_si128(ab, cd)) != 0xffff)
                changed[cell] = 1;
            else if (!stale[cell])
                continue;
        }
        __builtin_prefetch(into + cell * COMPARE_CELL + stride, 1);
        _mm_storeu_si128(to, a);
        _mm_storeu_si128(to + 1, b);
        _mm_storeu_si128(to + 2, c);
        _mm_storeu_si128(to + 3, d);
    }
    row_scalar(source + done, source_stride, last + done, into + done, stride, pixels - done,
               stale + cells, changed + cells);
}

__attribute__((target("avx2"))) static void
row_avx2(const guint32 *source, int source_stride, const guint32 *last, guint32 *into, int stride,
         int pixels, const guint8 *stale, guint8 *changed)
{
    const __m256i colour = _mm256_set1_epi32(COLOUR);
    int cells = pixels / COMPARE_CELL, done = cells * COMPARE_CELL;

    for (int cell = 0; cell < cells; cell++) {
        const __m256i *from = (const __m256i *)(source + cell * COMPARE_CELL);
        const __m256i *old = (const __m256i *)(last + cell * COMPARE_CELL);
        __m256i *to = (__m256i *)(into + cell * COMPARE_CELL);
        __m256i a = _mm256_loadu_si256(from), b = _mm256_loadu_si256(from + 1);

        __builtin_prefetch(source + cell * COMPARE_CELL + source_stride);
        if (!changed[cell]) {
            __m256i differ = _mm256_or_si256(_mm256_xor_si256(a, _mm256_loadu_si256(old)),
                                             _mm256_xor_si256(b, _mm256_loadu_si256(old + 1)));

            __builtin_prefetch(last + cell * COMPARE_CELL + stride);
            if (!_mm256_testz_si256(differ, colour))
                changed[cell] = 1;
            else if (!stale[cell])
                continue;
        }
        __builtin_prefetch(into + cell * COMPARE_CELL + stride, 1);
        _mm256_storeu_si256(to, _mm256_and_si256(a, colour));
        _mm256_storeu_si256(to + 1, _mm256_and_si256(b, colour));
    }
    row_scalar(source + done, source_stride, last + done, into + done, stride, pixels - done,
               stale + cells, changed + cells);
}

__attribute__((target("avx512f,avx512bw"))) static void
row_avx512(const guint32 *source, int source_stride, const guint32 *last, guint32 *into, int stride,
           int pixels, const guint8 *stale, guint8 *changed)
{
    const __m512i colour = _mm512_set1_epi32(COLOUR);
    int cells = pixels / COMPARE_CELL, done = cells * COMPARE_CELL;

    for (int cell = 0; cell < cells; cell++) {
        __m512i a = _mm512_loadu_si512(source + cell * COMPARE_CELL);

        __builtin_prefetch(source + cell * COMPARE_CELL + source_stride);
        if (!changed[cell]) {
            __m512i differ = _mm512_xor_si512(a, _mm512_loadu_si512(last + cell * COMPARE_CELL));

            __builtin_prefetch(last + cell * COMPARE_CELL + stride);
            if (_mm512_test_epi32_mask(differ, colour))
                changed[cell] = 1;
            else if (!stale[cell])
                continue;
        }
        __builtin_prefetch(into + cell * COMPARE_CELL + stride, 1);
        _mm512_storeu_si512(into + cell * COMPARE_CELL, _mm512_and_si512(a, colour));
    }
    row_scalar(source + done, source_stride, last + done, into + done, stride, pixels - done,
               stale + cells, changed + cells);
}

#endif

static const CompareKernel kernels[] = {
    {CPU_SCALAR, row_scalar},
#ifdef __x86_64__
    {CPU_SSE2, row_sse2},
    {CPU_AVX2, row_avx2},
    {CPU_AVX512, row_avx512},
#endif
};

const CompareKernel *
compare_kernels(guint *n_kernels)
{
    *n_kernels = G_N_ELEMENTS(kernels);
    return kernels;
}

const CompareKernel *
compare_kernel_best(void)
{
    return CPU_BEST(kernels);
}
