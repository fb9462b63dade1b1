/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../cpu.h"

/*
 * One row of the damage walk: compares the source with the last frame and writes the new one. The
 * top byte of a source pixel means nothing; in frames it is 0.
 */

#define COMPARE_CELL 16 /* pixels a flag stands for */

/* last and into are the same row of the last frame and of the next, which holds the last frame's
 * pixels already, but where stale says so. stale and changed have one byte for each COMPARE_CELL
 * pixels (the last may be partial). changed is set to 1 where a pixel differs from the last frame,
 * and else left. The source is written to into, the top byte cleared, where a cell differs, is
 * stale, or was changed already: in such a cell the other rows most likely differ too, and are
 * written without reading the last frame. The strides, in pixels, lead to the row below: memory is
 * asked for it already, whether there is one or not. */
typedef void (*CompareRow)(const guint32 *source, int source_stride, const guint32 *last,
                           guint32 *into, int stride, int pixels, const guint8 *stale,
                           guint8 *changed);

typedef struct {
    Cpu cpu; /* what it needs */
    CompareRow row;
} CompareKernel;

/* All of them: see cpu.h. */
const CompareKernel *compare_kernels(guint *n_kernels);
const CompareKernel *compare_kernel_best(void);
