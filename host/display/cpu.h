/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * What kernels, the frame path's inner loops, may need of the processor. A loop's kernels stand in
 * a table, slowest first; the first is the scalar reference.
 */
typedef enum {
    CPU_SCALAR, /* nothing: every processor has it */
    CPU_SSE2,
    CPU_SSSE3,
    CPU_AVX2,
    CPU_AVX512, /* F and BW */
} Cpu;

const char *cpu_name(Cpu cpu); /* "scalar", "sse2", … */
/* Whether this processor has it. */
gboolean cpu_has(Cpu cpu);

/* The last kernel of the array that this processor can run; each names its need in a field cpu. */
#define CPU_BEST(kernels)                                                                          \
    (&(kernels)[cpu_best(&(kernels)[0].cpu, sizeof (kernels)[0], G_N_ELEMENTS(kernels))])
/* needs: the first of n, size bytes apart. Returns a place. */
guint cpu_best(const Cpu *needs, gsize size, guint n);
