/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cpu.h"

const char *
cpu_name(Cpu cpu)
{
    static const char *const names[] = {
        [CPU_SCALAR] = "scalar", [CPU_SSE2] = "sse2",     [CPU_SSSE3] = "ssse3",
        [CPU_AVX2] = "avx2",     [CPU_AVX512] = "avx512",
    };

    return names[cpu];
}

gboolean
cpu_has(Cpu cpu)
{
#ifdef __x86_64__
    switch (cpu) {
    case CPU_SCALAR:
    case CPU_SSE2: /* x86-64 always has it */
        return TRUE;
    case CPU_SSSE3:
        return __builtin_cpu_supports("ssse3");
    case CPU_AVX2:
        return __builtin_cpu_supports("avx2");
    case CPU_AVX512:
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
    }
#endif
    return cpu == CPU_SCALAR;
}

guint
cpu_best(const Cpu *needs, gsize size, guint n)
{
    guint best = n - 1;

    while (best > 0 && !cpu_has(G_STRUCT_MEMBER(Cpu, needs, best * size)))
        best--;
    return best;
}
