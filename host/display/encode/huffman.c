/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "huffman.h"

#include <string.h>

/* RFC 1951's numbers. */
#define END_OF_BLOCK 256
#define LITERALS     257 /* with END_OF_BLOCK; lengths of matches come after and are not used */
#define DISTANCES    2   /* none is used, but some decoders want a whole code */
#define LENGTH_CODES 19
#define TYPE_STORED  0
#define TYPE_DYNAMIC 2

#define LITERAL_LIMIT                                                                              \
    12                 /* bits: four literals and 7 bits before them fit 64; what it costs is      \
                          nothing that could be measured */
#define LENGTH_LIMIT 7 /* the format's */

typedef struct {
    guint8 *to;
    guint64 bits;
    guint n_bits; /* under 8 between calls */
} BitWriter;

/* What stands for a symbol: its code (first bit lowest), and its length above bit 16. */
typedef struct {
    guint32 literals[LITERALS];
    guint8 lengths[LITERALS + DISTANCES];
} BlockCode;

static inline void
flush(BitWriter *writer)
{
    guint64 wire = GUINT64_TO_LE(writer->bits);

    memcpy(writer->to, &wire, sizeof wire);
    writer->to += writer->n_bits / 8;
    writer->bits >>= writer->n_bits & ~7u;
    writer->n_bits &= 7;
}

static inline void
put_bits(BitWriter *writer, guint value, guint n_bits)
{
    writer->bits |= (guint64)value << writer->n_bits;
    writer->n_bits += n_bits;
    flush(writer);
}

/* Fills up to a whole byte. */
static void
align(BitWriter *writer)
{
    put_bits(writer, 0, (8 - writer->n_bits) & 7);
}

static void
put_stored(BitWriter *writer, const guint8 *from, gsize size)
{
    put_bits(writer, TYPE_STORED << 1, 3);
    align(writer);
    put_bits(writer, (guint)size, 16);
    put_bits(writer, (guint)size ^ 0xffff, 16);
    if (size)
        memcpy(writer->to, from, size);
    writer->to += size;
}

/* Four tables, because the same value often comes again before its count is stored. */
static void
count(const guint8 *from, gsize size, guint32 *counts)
{
    guint32 tables[4][256] = {{0}};
    gsize i = 0;

    for (; i + 4 <= size; i += 4) {
        tables[0][from[i]]++;
        tables[1][from[i + 1]]++;
        tables[2][from[i + 2]]++;
        tables[3][from[i + 3]]++;
    }
    for (; i < size; i++)
        tables[0][from[i]]++;
    for (int value = 0; value < 256; value++)
        counts[value] = tables[0][value] + tables[1][value] + tables[2][value] + tables[3][value];
    counts[END_OF_BLOCK] = 1;
}

/* Ascending. What comes is some hundred keys, in two or three runs that are nearly in order. */
static void
sort(guint64 *keys, int n)
{
    static const int gaps[] = {132, 57, 23, 10, 4, 1};

    for (guint g = 0; g < G_N_ELEMENTS(gaps); g++)
        for (int i = gaps[g]; i < n; i++) {
            guint64 key = keys[i];
            int at = i;

            for (; at >= gaps[g] && keys[at - gaps[g]] > key; at -= gaps[g])
                keys[at] = keys[at - gaps[g]];
            keys[at] = key;
        }
}

/* How deep each of n leaves lies in Huffman's tree: weights ascending, at least two. Leaves and
 * inner nodes are two queues that are each in order, so the two lightest are always at their heads.
 * depths[i] counts leaves at depth i. */
static void
tree_depths(const guint64 *weights, int n, int *depths)
{
    guint64 inner[LITERALS];
    gint16 leaf_parent[LITERALS], inner_parent[LITERALS];
    guint8 inner_depth[LITERALS];
    int leaf = 0, taken = 0;

    for (int node = 0; node < n - 1; node++) {
        guint64 sum = 0;

        for (int child = 0; child < 2; child++)
            if (taken == node || (leaf < n && weights[leaf] <= inner[taken])) {
                sum += weights[leaf];
                leaf_parent[leaf++] = (gint16)node;
            } else {
                sum += inner[taken];
                inner_parent[taken++] = (gint16)node;
            }
        inner[node] = sum;
    }
    memset(inner_depth, 0, sizeof inner_depth); /* the root's is 0 */
    for (int node = n - 3; node >= 0; node--)
        inner_depth[node] = (guint8)(inner_depth[inner_parent[node]] + 1);
    for (int i = 0; i < n; i++)
        depths[inner_depth[leaf_parent[i]] + 1]++;
}

/* Makes every code at most limit bits long. Leaves that lie deeper come up to the limit, which is
 * more than the code space has; for each that is too many, a shorter code is made one longer. */
static void
limit_depths(int *depths, int most, int limit)
{
    int space = 0;

    for (int i = limit + 1; i <= most; i++)
        depths[limit] += depths[i];
    for (int i = 1; i <= limit; i++)
        space += depths[i] << (limit - i);
    for (; space > 1 << limit; space--) {
        int i = limit - 1;

        while (!depths[i])
            i--;
        depths[limit]--;
        depths[i]--;
        depths[i + 1] += 2;
    }
}

/* Lengths in bits of the symbols' codes; 0 for what does not occur. At least two symbols must. */
static void
code_lengths(const guint32 *counts, int n_symbols, int limit, guint8 *lengths)
{
    guint64 keys[LITERALS], weights[LITERALS] = {0};
    int depths[LITERALS + 1] = {0}, n = 0, at = 0;

    for (int i = 0; i < n_symbols; i++) {
        lengths[i] = 0;
        if (counts[i])
            keys[n++] = (guint64)counts[i] << 16 | (guint)i;
    }
    sort(keys, n);
    for (int i = 0; i < n; i++)
        weights[i] = keys[i] >> 16;
    tree_depths(weights, n, depths);
    limit_depths(depths, n, limit);
    for (int length = limit; length > 0; length--)
        for (int i = 0; i < depths[length]; i++)
            lengths[keys[at++] & 0xffff] = (guint8)length;
}

/* The canonical code of these lengths; its bits reversed, as the first goes lowest. */
static void
make_code(const guint8 *lengths, int n_symbols, guint32 *code)
{
    guint next[16] = {0}, counts[16] = {0};

    for (int i = 0; i < n_symbols; i++)
        counts[lengths[i]]++;
    counts[0] = 0;
    for (int i = 1; i < 16; i++)
        next[i] = (next[i - 1] + counts[i - 1]) << 1;
    for (int i = 0; i < n_symbols; i++) {
        guint value = lengths[i] ? next[lengths[i]]++ : 0, reversed = 0;

        for (int bit = 0; bit < lengths[i]; bit++)
            reversed |= (value >> bit & 1) << (lengths[i] - 1 - bit);
        code[i] = reversed | (guint32)lengths[i] << 16;
    }
}

typedef struct {
    guint8 symbols[LITERALS + DISTANCES], extra[LITERALS + DISTANCES];
    int n;
} LengthRuns;

/* The code's lengths as the format tells them: runs of zeros (17, 18) or of the last (16). */
static void
find_runs(const guint8 *lengths, int n, LengthRuns *runs)
{
    runs->n = 0;
    for (int i = 0; i < n;) {
        int run = 1, symbol = lengths[i], extra = 0;

        while (i + run < n && run < 138 && lengths[i + run] == lengths[i])
            run++;
        if (!lengths[i] && run >= 3) {
            symbol = run > 10 ? 18 : 17;
            extra = run - (run > 10 ? 11 : 3);
        } else if (i > 0 && lengths[i] == lengths[i - 1] && run >= 3) {
            run = MIN(run, 6);
            symbol = 16;
            extra = run - 3;
        } else {
            run = 1;
        }
        runs->symbols[runs->n] = (guint8)symbol;
        runs->extra[runs->n++] = (guint8)extra;
        i += run;
    }
}

static void
put_head(BitWriter *writer, const guint8 *lengths)
{
    static const guint8 order[LENGTH_CODES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                               11, 4,  12, 3, 13, 2, 14, 1, 15};
    static const guint8 extra_bits[LENGTH_CODES] = {[16] = 2, [17] = 3, [18] = 7};
    LengthRuns runs;
    guint32 counts[LENGTH_CODES] = {0}, code[LENGTH_CODES];
    guint8 length_lengths[LENGTH_CODES];
    guint n = LENGTH_CODES;

    find_runs(lengths, LITERALS + DISTANCES, &runs);
    for (int i = 0; i < runs.n; i++)
        counts[runs.symbols[i]]++;
    code_lengths(counts, LENGTH_CODES, LENGTH_LIMIT, length_lengths);
    make_code(length_lengths, LENGTH_CODES, code);
    while (n > 4 && !length_lengths[order[n - 1]])
        n--;
    put_bits(writer, TYPE_DYNAMIC << 1, 3);
    put_bits(writer, LITERALS - 257, 5);
    put_bits(writer, DISTANCES - 1, 5);
    put_bits(writer, n - 4, 4);
    for (guint i = 0; i < n; i++)
        put_bits(writer, length_lengths[order[i]], 3);
    for (int i = 0; i < runs.n; i++) {
        put_bits(writer, code[runs.symbols[i]] & 0xffff, code[runs.symbols[i]] >> 16);
        put_bits(writer, runs.extra[i], extra_bits[runs.symbols[i]]);
    }
}

/* Two and two literals are put together first, so that only one addition in four waits for the one
 * before. */
static inline __attribute__((always_inline)) void
put_all(BitWriter *out, const guint8 *from, gsize size, const guint32 *code)
{
    BitWriter writer = *out; /* a copy stays in registers */
    gsize i = 0;

    for (; i + 4 <= size; i += 4) {
        guint32 a = code[from[i]], b = code[from[i + 1]], c = code[from[i + 2]],
                d = code[from[i + 3]];
        guint64 ab = (a & 0xffff) | (guint64)(b & 0xffff) << (a >> 16),
                cd = (c & 0xffff) | (guint64)(d & 0xffff) << (c >> 16);
        guint ab_bits = (a >> 16) + (b >> 16), cd_bits = (c >> 16) + (d >> 16);

        writer.bits |= (ab | cd << ab_bits) << writer.n_bits;
        writer.n_bits += ab_bits + cd_bits;
        flush(&writer);
    }
    for (; i < size; i++)
        put_bits(&writer, code[from[i]] & 0xffff, code[from[i]] >> 16);
    *out = writer;
}

static void
put_literals_plain(BitWriter *writer, const guint8 *from, gsize size, const guint32 *code)
{
    put_all(writer, from, size, code);
}

#ifdef __x86_64__
/* The same in the processor's better shifts. */
__attribute__((target("bmi,bmi2"))) static void
put_literals_bmi2(BitWriter *writer, const guint8 *from, gsize size, const guint32 *code)
{
    put_all(writer, from, size, code);
}
#endif

static void
put_literals(BitWriter *writer, const guint8 *from, gsize size, const guint32 *code)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("bmi2")) {
        put_literals_bmi2(writer, from, size, code);
        return;
    }
#endif
    put_literals_plain(writer, from, size, code);
}

static void
put_block(BitWriter *writer, const guint8 *from, gsize size)
{
    BlockCode code;
    guint32 counts[LITERALS];
    guint64 bits = 0;

    count(from, size, counts);
    code_lengths(counts, LITERALS, LITERAL_LIMIT, code.lengths);
    for (int i = 0; i < 256; i++)
        bits += (guint64)counts[i] * code.lengths[i];
    if (bits / 8 + 8 >= size) { /* noise */
        put_stored(writer, from, size);
        return;
    }
    make_code(code.lengths, LITERALS, code.literals);
    memset(code.lengths + LITERALS, 1, DISTANCES);
    put_head(writer, code.lengths);
    put_literals(writer, from, size, code.literals);
    put_bits(writer, code.literals[END_OF_BLOCK] & 0xffff, code.literals[END_OF_BLOCK] >> 16);
}

gsize
huffman_bound(gsize size)
{
    /* A block's head is at most 17 + 57 + 259 * 14 bits, what follows at most the data; flush()
     * writes 8 bytes at once. */
    return size + (size / HUFFMAN_BLOCK + 1) * 512 + 16;
}

gsize
huffman_blocks(const guint8 *from, gsize size, guint8 *to)
{
    BitWriter writer = {.to = to};

    while (size) {
        gsize n = MIN(size, HUFFMAN_BLOCK);

        put_block(&writer, from, n);
        from += n;
        size -= n;
    }
    put_stored(&writer, NULL, 0); /* ends on a byte */
    return (gsize)(writer.to - to);
}
