/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../cpu.h"

/*
 * Rows of x8r8g8b8 pixels to bytes red, green, blue: as they are, or as what Tight's gradient
 * predicts wrong. It predicts a pixel from its left, upper and upper left neighbours (left + up -
 * upper left, each colour cut to a byte); all three are known beforehand, so this needs no loop
 * over its own results.
 */

#define RGB_SLACK 16 /* bytes behind the row that may be overwritten */

typedef struct {
    Cpu cpu; /* what it needs */
    /* Writes 3 * pixels bytes. */
    void (*pack)(const guint32 *row, int pixels, guint8 *to);
    /* above: the row before; zeros for the first. */
    void (*gradient)(const guint32 *row, const guint32 *above, int pixels, guint8 *to);
} RgbKernel;

/* All of them: see cpu.h. */
const RgbKernel *rgb_kernels(guint *n_kernels);
const RgbKernel *rgb_kernel_best(void);
