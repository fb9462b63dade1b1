/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * One row of the damage walk: compares the source with the frame and copies what differs into the
 * frame. The top byte of a source pixel means nothing; in the frame it is 0.
 */

#define COMPARE_CELL 16 /* pixels a flag stands for */

/* changed has one byte for each COMPARE_CELL pixels (the last may be partial); it is set to 1 where
 * a pixel differs, and else left. */
typedef void (*CompareRow)(const guint32 *source, guint32 *frame, int pixels, guint8 *changed);

typedef struct {
    const char *name; /* "scalar", "sse2", "avx2", "avx512" */
    CompareRow row;
    gboolean (*supported)(void); /* by this processor */
} CompareKernel;

/* All of them, slowest first; the first is the scalar reference. */
const CompareKernel *compare_kernels(guint *n_kernels);
const CompareKernel *compare_kernel_best(void);
