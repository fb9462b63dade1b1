/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "i420.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

/* BT.601 with limited range, in 256ths. */
#define Y_R 66
#define Y_G 129
#define Y_B 25
#define U_R (-38)
#define U_G (-74)
#define U_B 112
#define V_R 112
#define V_G (-94)
#define V_B (-18)

/* What is added before the shift: the range's begin, and a half to round. Chroma is made of the sum
 * of four pixels, and so shifted by two more. */
#define Y_SHIFT  8
#define Y_OFFSET ((16 << 8) + 128)
#define C_SHIFT  10
#define C_OFFSET ((128 << 10) + 512)

typedef struct {
    int r, g, b;
} Sum;

static inline void
add(Sum *sum, guint32 pixel)
{
    sum->r += (int)(pixel >> 16 & 0xff);
    sum->g += (int)(pixel >> 8 & 0xff);
    sum->b += (int)(pixel & 0xff);
}

static inline guint8
luma(guint32 pixel)
{
    Sum of = {0};

    add(&of, pixel);
    return (guint8)((Y_R * of.r + Y_G * of.g + Y_B * of.b + Y_OFFSET) >> Y_SHIFT);
}

static void
rows_scalar(const guint32 *top, const guint32 *bottom, int width, guint8 *y_top, guint8 *y_bottom,
            guint8 *u, guint8 *v)
{
    for (int x = 0; x + 1 < width; x += 2) {
        Sum four = {0};

        add(&four, top[x]);
        add(&four, top[x + 1]);
        add(&four, bottom[x]);
        add(&four, bottom[x + 1]);
        y_top[x] = luma(top[x]);
        y_top[x + 1] = luma(top[x + 1]);
        y_bottom[x] = luma(bottom[x]);
        y_bottom[x + 1] = luma(bottom[x + 1]);
        u[x / 2] = (guint8)((U_R * four.r + U_G * four.g + U_B * four.b + C_OFFSET) >> C_SHIFT);
        v[x / 2] = (guint8)((V_R * four.r + V_G * four.g + V_B * four.b + C_OFFSET) >> C_SHIFT);
    }
}

#ifdef __x86_64__

#define AVX2 __attribute__((target("avx2")))

/* Eight pixels as 16 bit channels: the even lanes' four and the odd lanes' four of each half. */
typedef struct {
    __m256i low, high;
} Wide;

AVX2 static inline Wide
widen(const guint32 *pixels)
{
    __m256i eight = _mm256_loadu_si256((const __m256i *)pixels), zero = _mm256_setzero_si256();

    return (Wide){_mm256_unpacklo_epi8(eight, zero), _mm256_unpackhi_epi8(eight, zero)};
}

/* The weighted sum of the channels of eight pixels (or sums of pixels), in their order. */
AVX2 static inline __m256i
weigh(Wide pixels, __m256i weights)
{
    return _mm256_hadd_epi32(_mm256_madd_epi16(pixels.low, weights),
                             _mm256_madd_epi16(pixels.high, weights));
}

AVX2 static inline __m256i
weights(int r, int g, int b)
{
    return _mm256_setr_epi16((short)b, (short)g, (short)r, 0, (short)b, (short)g, (short)r, 0,
                             (short)b, (short)g, (short)r, 0, (short)b, (short)g, (short)r, 0);
}

/* Sixteen pixels' luma. */
AVX2 static inline void
put_luma(Wide first, Wide second, guint8 *to)
{
    const __m256i by = weights(Y_R, Y_G, Y_B), offset = _mm256_set1_epi32(Y_OFFSET);
    __m256i a = _mm256_srai_epi32(_mm256_add_epi32(weigh(first, by), offset), Y_SHIFT);
    __m256i b = _mm256_srai_epi32(_mm256_add_epi32(weigh(second, by), offset), Y_SHIFT);
    __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xd8);

    _mm_storeu_si128((__m128i *)to, _mm_packus_epi16(_mm256_castsi256_si128(words),
                                                     _mm256_extracti128_si256(words, 1)));
}

/* Eight samples of chroma, of sixteen sums of two pixels. */
AVX2 static inline void
put_chroma(Wide first, Wide second, __m256i by, guint8 *to)
{
    __m256i fours =
        _mm256_permute4x64_epi64(_mm256_hadd_epi32(weigh(first, by), weigh(second, by)), 0xd8);
    __m256i samples =
        _mm256_srai_epi32(_mm256_add_epi32(fours, _mm256_set1_epi32(C_OFFSET)), C_SHIFT);
    __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(samples), _mm256_extracti128_si256(samples, 1));

    _mm_storel_epi64((__m128i *)to, _mm_packus_epi16(words, words));
}

AVX2 static inline Wide
sum(Wide a, Wide b)
{
    return (Wide){_mm256_add_epi16(a.low, b.low), _mm256_add_epi16(a.high, b.high)};
}

AVX2 static void
rows_avx2(const guint32 *top, const guint32 *bottom, int width, guint8 *y_top, guint8 *y_bottom,
          guint8 *u, guint8 *v)
{
    int x = 0;

    for (; x + 16 <= width; x += 16) {
        Wide a = widen(top + x), b = widen(top + x + 8);
        Wide c = widen(bottom + x), d = widen(bottom + x + 8);

        put_luma(a, b, y_top + x);
        put_luma(c, d, y_bottom + x);
        a = sum(a, c);
        b = sum(b, d);
        put_chroma(a, b, weights(U_R, U_G, U_B), u + x / 2);
        put_chroma(a, b, weights(V_R, V_G, V_B), v + x / 2);
    }
    rows_scalar(top + x, bottom + x, width - x, y_top + x, y_bottom + x, u + x / 2, v + x / 2);
}

#endif

static const I420Kernel kernels[] = {
    {CPU_SCALAR, rows_scalar},
#ifdef __x86_64__
    {CPU_AVX2, rows_avx2},
#endif
};

const I420Kernel *
i420_kernels(guint *n_kernels)
{
    *n_kernels = G_N_ELEMENTS(kernels);
    return kernels;
}

const I420Kernel *
i420_kernel_best(void)
{
    return CPU_BEST(kernels);
}
