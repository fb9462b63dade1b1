/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../cpu.h"

/*
 * Pixels to what video codecs take: a plane of luma, and two of chroma with one sample for each two
 * by two pixels, by BT.601 with limited range (16 to 235; decoders that ignore what a stream says
 * of its colours take it for that).
 */

/* Two rows of pixels (x8r8g8b8) to two of luma and one of each chroma. width: even, at least 2. */
typedef void (*I420Rows)(const guint32 *top, const guint32 *bottom, int width, guint8 *y_top,
                         guint8 *y_bottom, guint8 *u, guint8 *v);

typedef struct {
    Cpu cpu; /* what it needs */
    I420Rows rows;
} I420Kernel;

/* All of them: see cpu.h. */
const I420Kernel *i420_kernels(guint *n_kernels);
const I420Kernel *i420_kernel_best(void);
