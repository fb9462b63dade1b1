/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rgb.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

static void
pack_scalar(const guint32 *row, int pixels, guint8 *to)
{
    for (int i = 0; i < pixels; i++) {
        *to++ = (guint8)(row[i] >> 16);
        *to++ = (guint8)(row[i] >> 8);
        *to++ = (guint8)row[i];
    }
}

static inline guint8 *
put_gradient(guint32 pixel, guint32 left, guint32 up, guint32 upper_left, guint8 *to)
{
    for (int shift = 16; shift >= 0; shift -= 8) {
        int predicted = (int)(left >> shift & 0xff) + (int)(up >> shift & 0xff) -
                        (int)(upper_left >> shift & 0xff);

        *to++ = (guint8)((int)(pixel >> shift & 0xff) - CLAMP(predicted, 0, 255));
    }
    return to;
}

/* From pixel first on, which is not 0. */
static void
gradient_rest(const guint32 *row, const guint32 *above, int first, int pixels, guint8 *to)
{
    to += first * 3;
    for (int i = first; i < pixels; i++)
        to = put_gradient(row[i], row[i - 1], above[i], above[i - 1], to);
}

static void
gradient_scalar(const guint32 *row, const guint32 *above, int pixels, guint8 *to)
{
    put_gradient(row[0], 0, above[0], 0, to);
    gradient_rest(row, above, 1, pixels, to);
}

#ifdef __x86_64__

/* Each store writes what the next one overwrites; the last reaches into the slack. */

__attribute__((target("ssse3"))) static inline __m128i
pack_4(__m128i pixels)
{
    return _mm_shuffle_epi8(pixels,
                            _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
}

__attribute__((target("ssse3"))) static void
pack_ssse3(const guint32 *row, int pixels, guint8 *to)
{
    int i = 0;

    for (; i + 4 <= pixels; i += 4)
        _mm_storeu_si128((__m128i *)(to + i * 3),
                         pack_4(_mm_loadu_si128((const __m128i *)(row + i))));
    pack_scalar(row + i, pixels - i, to + i * 3);
}

__attribute__((target("ssse3"))) static void
gradient_ssse3(const guint32 *row, const guint32 *above, int pixels, guint8 *to)
{
    const __m128i zero = _mm_setzero_si128();
    int i = 1;

    put_gradient(row[0], 0, above[0], 0, to);
    for (; i + 4 <= pixels; i += 4) {
        __m128i left = _mm_loadu_si128((const __m128i *)(row + i - 1)),
                up = _mm_loadu_si128((const __m128i *)(above + i)),
                corner = _mm_loadu_si128((const __m128i *)(above + i - 1));
        __m128i low =
            _mm_sub_epi16(_mm_add_epi16(_mm_unpacklo_epi8(left, zero), _mm_unpacklo_epi8(up, zero)),
                          _mm_unpacklo_epi8(corner, zero));
        __m128i high =
            _mm_sub_epi16(_mm_add_epi16(_mm_unpackhi_epi8(left, zero), _mm_unpackhi_epi8(up, zero)),
                          _mm_unpackhi_epi8(corner, zero));
        __m128i differ =
            _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(row + i)), _mm_packus_epi16(low, high));

        _mm_storeu_si128((__m128i *)(to + i * 3), pack_4(differ));
    }
    gradient_rest(row, above, i, pixels, to);
}

__attribute__((target("avx2"))) static inline __m256i
pack_8(__m256i pixels)
{
    const __m256i bytes = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1,
                                           2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);

    return _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(pixels, bytes),
                                       _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
}

__attribute__((target("avx2"))) static void
pack_avx2(const guint32 *row, int pixels, guint8 *to)
{
    int i = 0;

    for (; i + 8 <= pixels; i += 8)
        _mm256_storeu_si256((__m256i *)(to + i * 3),
                            pack_8(_mm256_loadu_si256((const __m256i *)(row + i))));
    pack_scalar(row + i, pixels - i, to + i * 3);
}

__attribute__((target("avx2"))) static void
gradient_avx2(const guint32 *row, const guint32 *above, int pixels, guint8 *to)
{
    const __m256i zero = _mm256_setzero_si256();
    int i = 1;

    put_gradient(row[0], 0, above[0], 0, to);
    for (; i + 8 <= pixels; i += 8) {
        __m256i left = _mm256_loadu_si256((const __m256i *)(row + i - 1)),
                up = _mm256_loadu_si256((const __m256i *)(above + i)),
                corner = _mm256_loadu_si256((const __m256i *)(above + i - 1));
        __m256i low = _mm256_sub_epi16(
            _mm256_add_epi16(_mm256_unpacklo_epi8(left, zero), _mm256_unpacklo_epi8(up, zero)),
            _mm256_unpacklo_epi8(corner, zero));
        __m256i high = _mm256_sub_epi16(
            _mm256_add_epi16(_mm256_unpackhi_epi8(left, zero), _mm256_unpackhi_epi8(up, zero)),
            _mm256_unpackhi_epi8(corner, zero));
        __m256i differ = _mm256_sub_epi8(_mm256_loadu_si256((const __m256i *)(row + i)),
                                         _mm256_packus_epi16(low, high));

        _mm256_storeu_si256((__m256i *)(to + i * 3), pack_8(differ));
    }
    gradient_rest(row, above, i, pixels, to);
}

#endif

static const RgbKernel kernels[] = {
    {CPU_SCALAR, pack_scalar, gradient_scalar},
#ifdef __x86_64__
    {CPU_SSSE3, pack_ssse3, gradient_ssse3},
    {CPU_AVX2, pack_avx2, gradient_avx2},
#endif
};

const RgbKernel *
rgb_kernels(guint *n_kernels)
{
    *n_kernels = G_N_ELEMENTS(kernels);
    return kernels;
}

const RgbKernel *
rgb_kernel_best(void)
{
    return CPU_BEST(kernels);
}
