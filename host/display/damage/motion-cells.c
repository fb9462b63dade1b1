/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "motion-cells.h"
#include "../region.h"

#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define CELL MOTION_CELL

void
motion_cells_clear(MotionCells *cells)
{
    g_clear_pointer(&cells->changed, g_free);
    g_clear_pointer(&cells->claimed, g_free);
    g_clear_pointer(&cells->now, g_free);
    g_clear_pointer(&cells->before, g_free);
    cells->capacity = 0;
}

static void
prepare(MotionCells *cells, const Frame *frame)
{
    int columns = (frame->width + CELL - 1) / CELL, rows = (frame->height + CELL - 1) / CELL;
    gsize n = (gsize)columns * (gsize)rows;

    if (n > cells->capacity) {
        motion_cells_clear(cells);
        cells->changed = g_malloc(n);
        cells->claimed = g_malloc(n);
        cells->now = g_new(MotionPaint, n);
        cells->before = g_new(MotionPaint, n);
        cells->capacity = n;
    }
    if (frame->generation != cells->generation || columns != cells->columns || rows != cells->rows)
        memset(cells->now, MOTION_UNKNOWN, n * sizeof *cells->now);
    cells->generation = frame->generation;
    cells->columns = columns;
    cells->rows = rows;
    memset(cells->changed, 0, n);
    memset(cells->claimed, 0, n);
    memcpy(cells->before, cells->now, n * sizeof *cells->now);
}

void
motion_cells_load(MotionCells *cells, const Frame *frame)
{
    int n = 0;
    const pixman_box32_t *box = region_boxes(&frame->damage, &n);
    gsize all;

    prepare(cells, frame);
    for (int i = 0; i < n; i++) {
        int left = box[i].x1 / CELL, right = (box[i].x2 + CELL - 1) / CELL;

        for (int row = box[i].y1 / CELL; row * CELL < box[i].y2; row++)
            memset(cells->changed + (gsize)row * (gsize)cells->columns + left, 1,
                   (gsize)(right - left));
    }
    all = (gsize)cells->columns * (gsize)cells->rows;
    cells->n_changed = 0;
    for (gsize i = 0; i < all; i++) {
        cells->n_changed += cells->changed[i];
        if (cells->changed[i])
            cells->now[i].kind = MOTION_UNKNOWN;
    }
}

void
motion_cells_claim(MotionCells *cells, const Frame *frame, const pixman_box32_t *box)
{
    for (int row = box->y1 / CELL; row * CELL < box->y2; row++)
        for (int column = box->x1 / CELL; column * CELL < box->x2; column++) {
            gsize i = (gsize)row * (gsize)cells->columns + (gsize)column;
            gboolean whole = column * CELL >= box->x1 && row * CELL >= box->y1 &&
                             MIN((column + 1) * CELL, frame->width) <= box->x2 &&
                             MIN((row + 1) * CELL, frame->height) <= box->y2;

            cells->claimed[i] = 1;
            if (whole && cells->changed[i]) {
                cells->changed[i] = 0;
                cells->n_changed--;
            }
        }
}

static void
look(MotionPaint *paint, const Frame *frame, const guint32 *pixels, int column, int row)
{
    int width = MIN(CELL, frame->width - column * CELL);
    int height = MIN(CELL, frame->height - row * CELL);
    const guint32 *line = pixels + (gsize)row * CELL * (gsize)frame->stride + (gsize)column * CELL;
    guint32 differs = 0;

    paint->colour = line[0];
    for (int y = 0; y < height && !differs; y++, line += frame->stride)
        for (int x = 0; x < width; x++)
            differs |= line[x] ^ paint->colour;
    paint->kind = differs ? MOTION_MIXED : MOTION_SOLID;
}

gboolean
motion_cells_plain(MotionCells *cells, const Frame *frame, int column, int row, MotionStep step)
{
    MotionPaint *now = &cells->now[(gsize)row * (gsize)cells->columns + (gsize)column];
    int left = column * CELL - step.dx, top = row * CELL - step.dy, right, bottom;

    if (now->kind == MOTION_UNKNOWN)
        look(now, frame, frame->pixels, column, row);
    if (now->kind != MOTION_SOLID)
        return FALSE;
    right = MIN((column + 1) * CELL, frame->width) - step.dx;
    bottom = MIN((row + 1) * CELL, frame->height) - step.dy;
    for (int y = top / CELL; y * CELL < bottom; y++)
        for (int x = left / CELL; x * CELL < right; x++) {
            const MotionPaint *before = &cells->before[(gsize)y * (gsize)cells->columns + (gsize)x];

            if (before->kind != MOTION_SOLID || before->colour != now->colour)
                return FALSE;
        }
    return TRUE;
}

/* Kernels ----------------------------------------------------------------------------------------
 */

static void
row_scalar(const guint32 *now, const guint32 *before, int stride, int pixels, guint8 *alive,
           guint8 *varied)
{
    for (int cell = 0; cell * CELL < pixels; cell++) {
        int begin = cell * CELL, end = MIN(begin + CELL, pixels);
        guint32 differs = 0, varies = 0;

        for (int x = begin; x < end && alive[cell]; x++) {
            differs |= now[x] ^ before[x];
            varies |= now[x] ^ now[begin];
        }
        if (differs)
            alive[cell] = 0;
        else if (varies)
            varied[cell] = 1;
    }
}

#ifdef __x86_64__

static void
row_sse2(const guint32 *now, const guint32 *before, int stride, int pixels, guint8 *alive,
         guint8 *varied)
{
    int cells = pixels / CELL, done = cells * CELL;

    for (int cell = 0; cell < cells; cell++) {
        const __m128i *a = (const __m128i *)(now + cell * CELL),
                      *b = (const __m128i *)(before + cell * CELL);
        __m128i first = _mm_set1_epi32((int)now[cell * CELL]), same = _mm_set1_epi32(-1),
                flat = same;

        if (!alive[cell])
            continue;
        __builtin_prefetch(now + cell * CELL + stride);
        __builtin_prefetch(before + cell * CELL + stride);
        for (int i = 0; i < CELL / 4; i++) {
            __m128i pixel = _mm_loadu_si128(a + i);

            same = _mm_and_si128(same, _mm_cmpeq_epi32(pixel, _mm_loadu_si128(b + i)));
            flat = _mm_and_si128(flat, _mm_cmpeq_epi32(pixel, first));
        }
        if (_mm_movemask_epi8(same) != 0xffff)
            alive[cell] = 0;
        else if (_mm_movemask_epi8(flat) != 0xffff)
            varied[cell] = 1;
    }
    row_scalar(now + done, before + done, stride, pixels - done, alive + cells, varied + cells);
}

__attribute__((target("avx2"))) static void
row_avx2(const guint32 *now, const guint32 *before, int stride, int pixels, guint8 *alive,
         guint8 *varied)
{
    int cells = pixels / CELL, done = cells * CELL;

    for (int cell = 0; cell < cells; cell++) {
        const __m256i *a = (const __m256i *)(now + cell * CELL),
                      *b = (const __m256i *)(before + cell * CELL);
        __m256i left, right, first, differ, vary;

        if (!alive[cell])
            continue;
        __builtin_prefetch(now + cell * CELL + stride);
        __builtin_prefetch(before + cell * CELL + stride);
        left = _mm256_loadu_si256(a);
        right = _mm256_loadu_si256(a + 1);
        first = _mm256_set1_epi32((int)now[cell * CELL]);
        differ = _mm256_or_si256(_mm256_xor_si256(left, _mm256_loadu_si256(b)),
                                 _mm256_xor_si256(right, _mm256_loadu_si256(b + 1)));
        vary = _mm256_or_si256(_mm256_xor_si256(left, first), _mm256_xor_si256(right, first));
        if (!_mm256_testz_si256(differ, differ))
            alive[cell] = 0;
        else /* no branch: text is as often varied as not */
            varied[cell] |= !_mm256_testz_si256(vary, vary);
    }
    row_scalar(now + done, before + done, stride, pixels - done, alive + cells, varied + cells);
}

__attribute__((target("avx512f"))) static void
row_avx512(const guint32 *now, const guint32 *before, int stride, int pixels, guint8 *alive,
           guint8 *varied)
{
    int cells = pixels / CELL, done = cells * CELL;

    for (int cell = 0; cell < cells; cell++) {
        __m512i pixel;

        if (!alive[cell])
            continue;
        __builtin_prefetch(now + cell * CELL + stride);
        __builtin_prefetch(before + cell * CELL + stride);
        pixel = _mm512_loadu_si512(now + cell * CELL);
        if (_mm512_cmpneq_epi32_mask(pixel, _mm512_loadu_si512(before + cell * CELL)))
            alive[cell] = 0;
        else /* no branch: text is as often varied as not */
            varied[cell] |=
                _mm512_cmpneq_epi32_mask(pixel, _mm512_set1_epi32((int)now[cell * CELL])) != 0;
    }
    row_scalar(now + done, before + done, stride, pixels - done, alive + cells, varied + cells);
}

#endif

static const MotionMatchKernel kernels[] = {
    {CPU_SCALAR, row_scalar},
#ifdef __x86_64__
    {CPU_SSE2, row_sse2},
    {CPU_AVX2, row_avx2},
    {CPU_AVX512, row_avx512},
#endif
};

const MotionMatchKernel *
motion_match_kernels(guint *n_kernels)
{
    *n_kernels = G_N_ELEMENTS(kernels);
    return kernels;
}

const MotionMatchKernel *
motion_match_kernel_best(void)
{
    return CPU_BEST(kernels);
}
