/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "judge.h"

#include <math.h>

#define WINDOW 8 /* pixels, each way */
#define AHEAD  3 /* frames that an update may have left out */
#define COLOUR 0x00ffffffu

typedef struct {
    const guint32 *pixels;
    int stride;
} Picture;

/* Squared error over the colours of every step-th row of a box. */
static double
squared_error(Picture a, Picture b, const pixman_box32_t *box, int step)
{
    double sum = 0;
    for (int y = box->y1; y < box->y2; y += step) {
        guint64 row = 0;
        for (int x = box->x1; x < box->x2; x++) {
            guint32 p = a.pixels[(gsize)y * (gsize)a.stride + (gsize)x],
                    q = b.pixels[(gsize)y * (gsize)b.stride + (gsize)x];
            int red = (int)(p >> 16 & 255) - (int)(q >> 16 & 255),
                green = (int)(p >> 8 & 255) - (int)(q >> 8 & 255),
                blue = (int)(p & 255) - (int)(q & 255);
            row += (guint64)(red * red + green * green + blue * blue);
        }
        sum += (double)row;
    }
    return sum;
}

static float
luma(guint32 p)
{
    return 0.299f * (float)(p >> 16 & 255) + 0.587f * (float)(p >> 8 & 255) +
           0.114f * (float)(p & 255);
}

static double
ssim_window(Picture a, Picture b, int x, int y)
{
    const double c1 = 6.5025, c2 = 58.5225, n = WINDOW * WINDOW; /* (0.01 · 255)², (0.03 · 255)² */
    float sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
    for (int j = y; j < y + WINDOW; j++)
        for (int i = x; i < x + WINDOW; i++) {
            float p = luma(a.pixels[(gsize)j * (gsize)a.stride + (gsize)i]),
                  q = luma(b.pixels[(gsize)j * (gsize)b.stride + (gsize)i]);
            sa += p;
            sb += q;
            saa += p * p;
            sbb += q * q;
            sab += p * q;
        }
    double ma = sa / n, mb = sb / n, va = saa / n - ma * ma, vb = sbb / n - mb * mb;
    return (2 * ma * mb + c1) * (2 * (sab / n - ma * mb) + c2) /
           ((ma * ma + mb * mb + c1) * (va + vb + c2));
}

static double
ssim(Picture a, Picture b, const pixman_box32_t *box)
{
    double sum = 0;
    guint n = 0;
    for (int y = box->y1; y + WINDOW <= box->y2; y += WINDOW)
        for (int x = box->x1; x + WINDOW <= box->x2; x += WINDOW, n++)
            sum += ssim_window(a, b, x, y);
    return n ? sum / n : 1;
}

static guint64
count_wrong(Picture a, Picture b, const pixman_box32_t *box)
{
    guint64 wrong = 0;
    for (int y = box->y1; y < box->y2; y++)
        for (int x = box->x1; x < box->x2; x++)
            wrong += ((a.pixels[(gsize)y * (gsize)a.stride + (gsize)x] ^
                       b.pixels[(gsize)y * (gsize)b.stride + (gsize)x]) &
                      COLOUR) != 0;
    return wrong;
}

/* Frames that differ from those before them, and where. */
typedef struct {
    guint number;
    pixman_box32_t box;
} Distinct;

static GArray *
find_distinct(const Recording *recording)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(Distinct));
    pixman_region32_t damage;
    pixman_region32_init(&damage);
    for (guint i = 0; i < recording_frames(recording); i++) {
        recording_damage(recording, i, 16, &damage);
        Distinct distinct = {i, *pixman_region32_extents(&damage)};
        if (pixman_region32_not_empty(&damage))
            g_array_append_val(list, distinct);
    }
    pixman_region32_fini(&damage);
    return list;
}

static gboolean
is_empty(Picture picture, const pixman_box32_t *all)
{
    for (gsize i = 0; i < (gsize)picture.stride * (gsize)all->y2; i++)
        if (picture.pixels[i] & COLOUR)
            return FALSE;
    return TRUE;
}

/* For each distinct frame, the last snapshot that shows it, or -1: a snapshot shows the frame it is
 * closest to, of those not long after the one before it. */
static int *
assign(const Recording *recording, const Viewer *viewer, const GArray *distinct)
{
    int width = recording_width(recording);
    const pixman_box32_t all = {0, 0, width, recording_height(recording)};
    int *shown = g_new(int, distinct->len);
    guint now = 0;
    gboolean begun = FALSE;
    for (guint i = 0; i < distinct->len; i++)
        shown[i] = -1;
    for (guint s = 0; s < viewer_n_snapshots(viewer); s++) {
        Picture picture = {viewer_snapshot(viewer, s), width};
        double best = INFINITY;
        guint nearest = now;
        begun = begun || !is_empty(picture, &all);
        if (!begun) /* before the first frame there is an empty screen */
            continue;
        for (guint f = now; f < MIN(now + AHEAD, distinct->len); f++) {
            guint number = g_array_index(distinct, Distinct, f).number;
            Picture frame = {recording_frame(recording, number), width};
            double error = squared_error(picture, frame, &all, 4);
            if (error < best) {
                best = error;
                nearest = f;
            }
        }
        now = nearest;
        shown[now] = (int)s;
    }
    return shown;
}

static void
judge_moving(const Recording *recording, const Viewer *viewer, json_t *object)
{
    g_autoptr(GArray) distinct = find_distinct(recording);
    g_autofree int *shown = assign(recording, viewer, distinct);
    int width = recording_width(recording);
    double error = 0, area = 0, similar = 0;
    guint n = 0, delivered = 0;
    for (guint i = 0; i < distinct->len; i++) {
        const Distinct *frame = &g_array_index(distinct, Distinct, i);
        delivered += shown[i] >= 0;
        /* The last frame is there as long as it becomes sharp. */
        if (shown[i] < 0 || (i + 1 == distinct->len && i > 0))
            continue;
        Picture is = {viewer_snapshot(viewer, (guint)shown[i]), width},
                wanted = {recording_frame(recording, frame->number), width};
        double wrong = squared_error(is, wanted, &frame->box, 1);
        error += wrong;
        area += (double)(frame->box.x2 - frame->box.x1) * (frame->box.y2 - frame->box.y1);
        similar += wrong > 0 ? ssim(is, wanted, &frame->box) : 1;
        n++;
    }
    double mean = area > 0 ? error / (area * 3) : 0;
    json_object_set_new(object, "frames_distinct", json_integer(distinct->len));
    json_object_set_new(object, "frames_delivered", json_integer(delivered));
    /* Exact pictures have no finite one. */
    json_object_set_new(object, "psnr",
                        mean > 0 ? json_real(10 * log10(255 * 255 / mean)) : json_null());
    json_object_set_new(object, "ssim", json_real(n ? similar / n : 1));
}

json_t *
judge(const Recording *recording, const Viewer *viewer)
{
    json_t *object = json_object();
    guint frames = recording_frames(recording);
    int width = recording_width(recording), height = recording_height(recording);
    const pixman_box32_t all = {0, 0, width, height};
    if (viewer_width(viewer) != width || viewer_height(viewer) != height) {
        json_object_set_new(object, "wrong_pixels", json_integer((json_int_t)width * height));
        return object;
    }
    Picture is = {viewer_pixels(viewer), width},
            wanted = {recording_frame(recording, frames - 1), width};
    json_object_set_new(object, "wrong_pixels",
                        json_integer((json_int_t)count_wrong(is, wanted, &all)));
    if (viewer_n_snapshots(viewer))
        judge_moving(recording, viewer, object);
    return object;
}
