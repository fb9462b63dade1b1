/* SPDX-License-Identifier: GPL-3.0-or-later */

/* How fast the inner loops of the frame path are, each against memcpy of the same pixels in the
 * same run: machines and their neighbours differ, ratios hardly. Medians of many rounds, on a
 * screen of 1920 x 1080 that lies in memory as frames do. */

#include "classify/cell-stats.h"
#include "classify/classify.h"
#include "damage/compare.h"
#include "damage/motion-cells.h"
#include "damage/motion-features.h"
#include "encode/encoder.h"
#include "encode/huffman.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WIDTH  1920
#define HEIGHT 1080
#define CELLS  (WIDTH / CELL_SIZE)
#define ROUNDS 21

typedef struct {
    guint32 *photo, *text; /* pixels */
    guint32 *last, *next;  /* the compare's: last is equal to text */
    guint8 *bytes, *packed;
    gsize n_bytes, n_packed;
    guint8 flags[CELLS], stale[CELLS];
    guint32 scratch[MOTION_MAX_ROW + 16], hashes[MOTION_MAX_ROW + 16];
    guint16 xs[MOTION_MAX_ROW + 16];
    EncodeScratch *encode;
    Classifier *classifier;
    Plan *plan;
    double memcpy_ms;
} Bench;

typedef void (*Work)(Bench *bench, gconstpointer kernel);

static double
now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int
by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double
median_ms(Bench *bench, Work work, gconstpointer kernel)
{
    double times[ROUNDS];

    work(bench, kernel);
    for (int i = 0; i < ROUNDS; i++) {
        double begin = now_ms();

        work(bench, kernel);
        times[i] = now_ms() - begin;
    }
    qsort(times, ROUNDS, sizeof *times, by_value);
    return times[ROUNDS / 2];
}

static void
measure(Bench *bench, const char *what, const char *name, Work work, gconstpointer kernel)
{
    double ms = median_ms(bench, work, kernel);
    double size = (double)WIDTH * HEIGHT * 4;

    if (bench->memcpy_ms <= 0)
        bench->memcpy_ms = ms;
    g_print("%-28s %-8s %8.3f ms %8.2f GB/s %8.2f x memcpy's time\n", what, name, ms,
            size / ms / 1e6, ms / bench->memcpy_ms);
}

/* The pictures -----------------------------------------------------------------------------------
 */

static guint32
photo_at(int x, int y, GRand *rand)
{
    guint grain = g_rand_int(rand);

    return ((guint)(x * 3 + y) / 31 % 200 + (grain & 7)) << 16 |
           ((guint)(x + y * 5) / 43 % 220 + (grain >> 8 & 7)) << 8 |
           ((guint)(x * y) / 9001 % 240 + (grain >> 16 & 7));
}

/* Black on white with grey in between, most of a row is ground. */
static guint32
text_at(int x, int y)
{
    guint glyph = (guint)(x / 9 * 31 + y / 18 * 17) % 61;
    guint stroke = (guint)(x % 9 * 5 + y % 18 * 3 + (int)glyph) % 13;

    if (y % 18 > 13 || glyph < 11 || x % 640 > 500)
        return 0xf8f8f8;
    return stroke < 3 ? 0x181818 : stroke == 3 ? 0x707070 : 0xf8f8f8;
}

static guint32 *
pixels_new(void)
{
    guint32 *pixels = aligned_alloc(64, (gsize)WIDTH * HEIGHT * sizeof *pixels);

    if (!pixels)
        g_error("out of memory");
    memset(pixels, 0, (gsize)WIDTH * HEIGHT * sizeof *pixels);
    return pixels;
}

static void
paint(Bench *bench)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);

    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            bench->photo[y * WIDTH + x] = photo_at(x, y, rand);
            bench->text[y * WIDTH + x] = text_at(x, y);
        }
    memcpy(bench->last, bench->text, (gsize)WIDTH * HEIGHT * sizeof *bench->text);
}

/* The work: always a whole screen
 * ------------------------------------------------------------------ */

static void
do_memcpy(Bench *bench, gconstpointer kernel)
{
    memcpy(bench->next, bench->photo, (gsize)WIDTH * HEIGHT * sizeof *bench->photo);
}

static void
compare(Bench *bench, const guint32 *source, const CompareKernel *kernel)
{
    for (int y = 0; y < HEIGHT; y++) {
        if (y % COMPARE_CELL == 0) /* as the damage walk has it */
            memset(bench->flags, 0, sizeof bench->flags);
        kernel->row(source + y * WIDTH, WIDTH, bench->last + y * WIDTH, bench->next + y * WIDTH,
                    WIDTH, WIDTH, bench->stale, bench->flags);
    }
}

static void
do_compare_equal(Bench *bench, gconstpointer kernel)
{
    compare(bench, bench->text, kernel);
}

static void
do_compare_changed(Bench *bench, gconstpointer kernel)
{
    compare(bench, bench->photo, kernel);
}

static void
do_motion_hash(Bench *bench, gconstpointer user)
{
    const MotionHashKernel *kernel = user;

    for (int y = 0; y < HEIGHT; y++)
        kernel->row(bench->photo + y * WIDTH, WIDTH - MOTION_FEATURE_WIDTH, bench->scratch,
                    bench->xs, bench->hashes);
}

static void
do_motion_match(Bench *bench, gconstpointer user)
{
    const MotionMatchKernel *kernel = user;

    for (int y = 0; y < HEIGHT; y++) {
        memset(bench->flags, 1, sizeof bench->flags);
        kernel->row(bench->text + y * WIDTH, bench->last + y * WIDTH, WIDTH, WIDTH, bench->flags,
                    bench->stale);
    }
    memset(bench->stale, 0, sizeof bench->stale);
}

static void
look(const guint32 *pixels, const CellKernel *kernel)
{
    CellStats stats;

    for (int y = 0; y < HEIGHT; y += CELL_SIZE)
        for (int x = 0; x < WIDTH; x += CELL_SIZE)
            kernel->look(pixels + y * WIDTH + x, WIDTH, CELL_SIZE, MIN(CELL_SIZE, HEIGHT - y),
                         &stats);
}

static void
do_look_photo(Bench *bench, gconstpointer kernel)
{
    look(bench->photo, kernel);
}

static void
do_look_text(Bench *bench, gconstpointer kernel)
{
    look(bench->text, kernel);
}

static void
do_classify(Bench *bench, gconstpointer pixels)
{
    Frame frame = {.pixels = pixels, .width = WIDTH, .height = HEIGHT, .stride = WIDTH};
    pixman_region32_t all;

    pixman_region32_init_rect(&all, 0, 0, WIDTH, HEIGHT);
    plan_clear(bench->plan);
    classify_still(bench->classifier, &frame, &all, bench->plan);
    pixman_region32_fini(&all);
}

/* Row by row in pieces that fit the table of indices. */
static void
do_palette(Bench *bench, gconstpointer kernel)
{
    palette_set_kernel(bench->encode->palette, kernel);
    for (int y = 0; y < HEIGHT; y += 40)
        palette_build(bench->encode->palette, bench->text + y * WIDTH, WIDTH, WIDTH, 40,
                      PALETTE_MAX, bench->encode->indices);
}

static void
do_pack(Bench *bench, gconstpointer user)
{
    const RgbKernel *kernel = user;

    for (int y = 0; y < HEIGHT; y++)
        kernel->pack(bench->photo + y * WIDTH, WIDTH, bench->bytes + (gsize)y * WIDTH * 3);
}

static void
do_gradient(Bench *bench, gconstpointer user)
{
    const RgbKernel *kernel = user;

    for (int y = 1; y < HEIGHT; y++)
        kernel->gradient(bench->photo + y * WIDTH, bench->photo + (y - 1) * WIDTH, WIDTH,
                         bench->bytes + (gsize)y * WIDTH * 3);
}

static void
do_huffman(Bench *bench, gconstpointer kernel)
{
    bench->n_packed = huffman_blocks(bench->bytes, bench->n_bytes, bench->packed);
}

static void
do_deflate(Bench *bench, gconstpointer kernel)
{
    bench->n_packed =
        deflate_blocks(bench->encode->deflate, bench->bytes, bench->n_bytes, bench->packed);
}

typedef struct {
    EncodeSettings settings;
    const guint32 *pixels;
    PlanKind kind;
    int width, height; /* of a rectangle */
} EncodeWork;

static void
do_encode(Bench *bench, gconstpointer user)
{
    const EncodeWork *work = user;
    Frame frame = {.pixels = work->pixels, .width = WIDTH, .height = HEIGHT, .stride = WIDTH};

    bench->n_packed = 0;
    for (int y = 0; y < HEIGHT; y += work->height)
        for (int x = 0; x < WIDTH; x += work->width) {
            PlanOp op = {.kind = work->kind,
                         .x = x,
                         .y = y,
                         .width = MIN(work->width, WIDTH - x),
                         .height = MIN(work->height, HEIGHT - y)};
            Packet *packet = encode_op(bench->encode, &work->settings, &frame, &op);

            bench->n_packed += packet->size;
            packet_unref(packet);
        }
}

/* --------------------------------------------------------------------------------------------------
 */

#define MEASURE_KERNELS(bench, what, Kernel, list, work)                                           \
    do {                                                                                           \
        guint n_;                                                                                  \
        const Kernel *k_ = list(&n_);                                                              \
        for (guint i_ = 0; i_ < n_; i_++)                                                          \
            if (cpu_has(k_[i_].cpu))                                                                \
                measure(bench, what, cpu_name(k_[i_].cpu), work, &k_[i_]);                                  \
    } while (0)

static void
measure_encode(Bench *bench, const char *what, const Encoder *encoder, int quality, PlanKind kind,
               int width, int height)
{
    EncodeWork work = {.settings = {.encoder = encoder, .quality = quality},
                       .pixels = kind == PLAN_INDEXED ? bench->text : bench->photo,
                       .kind = kind,
                       .width = width,
                       .height = height};

    pixel_format_init_native(&work.settings.format);
    measure(bench, what, "", do_encode, &work);
    g_print("%28s %.1f times smaller\n", "",
            (double)WIDTH * HEIGHT * 4 / (double)MAX(bench->n_packed, 1));
}

static void
measure_all(Bench *bench)
{
    gsize screen = (gsize)WIDTH * HEIGHT;

    measure(bench, "memcpy", "libc", do_memcpy, NULL);
    MEASURE_KERNELS(bench, "compare, equal", CompareKernel, compare_kernels, do_compare_equal);
    MEASURE_KERNELS(bench, "compare, all changed", CompareKernel, compare_kernels,
                    do_compare_changed);
    MEASURE_KERNELS(bench, "motion, hash", MotionHashKernel, motion_hash_kernels, do_motion_hash);
    MEASURE_KERNELS(bench, "motion, match", MotionMatchKernel, motion_match_kernels,
                    do_motion_match);
    MEASURE_KERNELS(bench, "cell figures, photograph", CellKernel, cell_kernels, do_look_photo);
    MEASURE_KERNELS(bench, "cell figures, text", CellKernel, cell_kernels, do_look_text);
    measure(bench, "classify, photograph", "best", do_classify, bench->photo);
    measure(bench, "classify, text", "best", do_classify, bench->text);
    MEASURE_KERNELS(bench, "palette, text", PaletteKernel, palette_kernels, do_palette);
    MEASURE_KERNELS(bench, "to RGB", RgbKernel, rgb_kernels, do_pack);
    MEASURE_KERNELS(bench, "gradient", RgbKernel, rgb_kernels, do_gradient);
    bench->n_bytes = screen * 3;
    measure(bench, "literals of the gradient", "best", do_huffman, NULL);
    do_pack(bench, rgb_kernel_best());
    measure(bench, "igzip of RGB, photograph", "libisal", do_deflate, NULL);
    measure_encode(bench, "Tight JPEG 6, 1920x64", &encoder_tight, 6, PLAN_LOSSY, 1920, 64);
    measure_encode(bench, "Tight JPEG 6, 64x64", &encoder_tight, 6, PLAN_LOSSY, 64, 64);
    measure_encode(bench, "Tight exact, photograph", &encoder_tight, -1, PLAN_LOSSY, 1920, 64);
    measure_encode(bench, "Tight exact, text", &encoder_tight, -1, PLAN_INDEXED, 512, 128);
    measure_encode(bench, "ZRLE, text", &encoder_zrle, -1, PLAN_INDEXED, 512, 128);
    measure_encode(bench, "hextile, text", &encoder_hextile, -1, PLAN_INDEXED, 512, 128);
}

int
main(int argc, char **argv)
{
    Bench *bench = g_new0(Bench, 1);

    bench->photo = pixels_new();
    bench->text = pixels_new();
    bench->last = pixels_new();
    bench->next = pixels_new();
    bench->bytes = g_malloc0((gsize)WIDTH * HEIGHT * 3 + RGB_SLACK);
    bench->packed = g_malloc0(deflate_bound((gsize)WIDTH * HEIGHT * 3));
    bench->encode = encode_scratch_new();
    bench->classifier = classifier_new();
    bench->plan = plan_new();
    paint(bench);
    measure_all(bench);
    plan_free(bench->plan);
    classifier_free(bench->classifier);
    encode_scratch_free(bench->encode);
    g_free(bench->packed);
    g_free(bench->bytes);
    free(bench->next);
    free(bench->last);
    free(bench->text);
    free(bench->photo);
    g_free(bench);
    return 0;
}
