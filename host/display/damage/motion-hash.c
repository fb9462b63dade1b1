/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "motion-features.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* Odd numbers without a pattern. */
#define FACTOR_A 0x9e3779b1u
#define FACTOR_B 0x85ebca6bu
/* One place in 32 is a feature. */
#define FEATURE_SHIFT 27

/* Two steps: first a hash of 4 pixels for each place, then of the 4 of these that stand 4 apart. */

static inline guint32
quad(const guint32 *p)
{
    return (p[0] + (p[1] << 3) + (p[2] << 5) + (p[3] << 8)) * FACTOR_A;
}

static inline guint32
whole(const guint32 *quads)
{
    return ((quads[0] ^ quads[4] >> 7 ^ quads[8] << 9) + quads[12]) * FACTOR_B;
}

static guint
hash_from(const guint32 *row, int x, int n, const guint32 *quads, guint16 *xs, guint32 *hashes,
          guint found)
{
    for (; x < n; x++) {
        guint32 hash = whole(quads + x);

        if (hash >> FEATURE_SHIFT == 0 && row[x] != row[x + 1]) {
            xs[found] = (guint16)x;
            hashes[found++] = hash;
        }
    }
    return found;
}

static guint
row_scalar(const guint32 *row, int n, guint32 *scratch, guint16 *xs, guint32 *hashes)
{
    for (int x = 0; x < n + 12; x++)
        scratch[x] = quad(row + x);
    return hash_from(row, 0, n, scratch, xs, hashes, 0);
}

#ifdef __x86_64__

__attribute__((target("avx2"))) static void
quads_avx2(const guint32 *row, int n, guint32 *quads)
{
    const __m256i factor = _mm256_set1_epi32((int)FACTOR_A);
    int x = 0;

    for (; x + 8 <= n; x += 8) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(row + x)),
                b = _mm256_loadu_si256((const __m256i *)(row + x + 1)),
                c = _mm256_loadu_si256((const __m256i *)(row + x + 2)),
                d = _mm256_loadu_si256((const __m256i *)(row + x + 3));
        __m256i sum =
            _mm256_add_epi32(_mm256_add_epi32(a, _mm256_slli_epi32(b, 3)),
                             _mm256_add_epi32(_mm256_slli_epi32(c, 5), _mm256_slli_epi32(d, 8)));

        _mm256_storeu_si256((__m256i *)(quads + x), _mm256_mullo_epi32(sum, factor));
    }
    for (; x < n; x++)
        quads[x] = quad(row + x);
}

__attribute__((target("avx2"))) static guint
row_avx2(const guint32 *row, int n, guint32 *quads, guint16 *xs, guint32 *hashes)
{
    const __m256i factor = _mm256_set1_epi32((int)FACTOR_B), zero = _mm256_setzero_si256();
    guint found = 0;
    int x = 0;

    quads_avx2(row, n + 12, quads);
    for (; x + 8 <= n; x += 8) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(quads + x)),
                b = _mm256_loadu_si256((const __m256i *)(quads + x + 4)),
                c = _mm256_loadu_si256((const __m256i *)(quads + x + 8)),
                d = _mm256_loadu_si256((const __m256i *)(quads + x + 12));
        __m256i mixed =
            _mm256_xor_si256(a, _mm256_xor_si256(_mm256_srli_epi32(b, 7), _mm256_slli_epi32(c, 9)));
        __m256i hash = _mm256_mullo_epi32(_mm256_add_epi32(mixed, d), factor);
        __m256i flat = _mm256_cmpeq_epi32(_mm256_loadu_si256((const __m256i *)(row + x)),
                                          _mm256_loadu_si256((const __m256i *)(row + x + 1)));
        __m256i chosen = _mm256_andnot_si256(
            flat, _mm256_cmpeq_epi32(_mm256_srli_epi32(hash, FEATURE_SHIFT), zero));
        guint mask = (guint)_mm256_movemask_ps(_mm256_castsi256_ps(chosen));

        for (; mask; mask &= mask - 1) {
            int at = x + __builtin_ctz(mask);

            xs[found] = (guint16)at;
            hashes[found++] = whole(quads + at);
        }
    }
    return hash_from(row, x, n, quads, xs, hashes, found);
}

__attribute__((target("avx512f"))) static guint
row_avx512(const guint32 *row, int n, guint32 *quads, guint16 *xs, guint32 *hashes)
{
    const __m512i factor_a = _mm512_set1_epi32((int)FACTOR_A),
                  factor_b = _mm512_set1_epi32((int)FACTOR_B),
                  high = _mm512_set1_epi32((int)(~0u << FEATURE_SHIFT));
    guint found = 0;
    int x = 0;

    for (; x + 16 <= n + 12; x += 16) {
        __m512i a = _mm512_loadu_si512(row + x), b = _mm512_loadu_si512(row + x + 1),
                c = _mm512_loadu_si512(row + x + 2), d = _mm512_loadu_si512(row + x + 3);
        __m512i sum =
            _mm512_add_epi32(_mm512_add_epi32(a, _mm512_slli_epi32(b, 3)),
                             _mm512_add_epi32(_mm512_slli_epi32(c, 5), _mm512_slli_epi32(d, 8)));

        _mm512_storeu_si512(quads + x, _mm512_mullo_epi32(sum, factor_a));
    }
    for (; x < n + 12; x++)
        quads[x] = quad(row + x);
    for (x = 0; x + 16 <= n; x += 16) {
        __m512i a = _mm512_loadu_si512(quads + x), b = _mm512_loadu_si512(quads + x + 4),
                c = _mm512_loadu_si512(quads + x + 8), d = _mm512_loadu_si512(quads + x + 12);
        __m512i mixed =
            _mm512_xor_si512(a, _mm512_xor_si512(_mm512_srli_epi32(b, 7), _mm512_slli_epi32(c, 9)));
        __m512i hash = _mm512_mullo_epi32(_mm512_add_epi32(mixed, d), factor_b);
        guint mask = (guint)_mm512_testn_epi32_mask(hash, high) &
                     (guint)_mm512_cmpneq_epi32_mask(_mm512_loadu_si512(row + x),
                                                     _mm512_loadu_si512(row + x + 1));

        for (; mask; mask &= mask - 1) {
            int at = x + __builtin_ctz(mask);

            xs[found] = (guint16)at;
            hashes[found++] = whole(quads + at);
        }
    }
    return hash_from(row, x, n, quads, xs, hashes, found);
}

#endif

static const MotionHashKernel kernels[] = {
    {CPU_SCALAR, row_scalar},
#ifdef __x86_64__
    {CPU_AVX2, row_avx2},
    {CPU_AVX512, row_avx512},
#endif
};

const MotionHashKernel *
motion_hash_kernels(guint *n_kernels)
{
    *n_kernels = G_N_ELEMENTS(kernels);
    return kernels;
}

const MotionHashKernel *
motion_hash_kernel_best(void)
{
    return CPU_BEST(kernels);
}
