/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "judge.h"

#include <math.h>
#include <string.h>

#define WINDOW 8 /* pixels, each way */
#define AHEAD  3 /* frames that an update may have left out */
#define SAMPLE 4 /* rows from one looked at to the next, to tell frames apart */
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

/* A frame that differs from the one before it: where, and how it looked. */
typedef struct {
    guint number;
    pixman_box32_t box;
    guint32 *shown; /* NULL: it has not come */
    double error;   /* of shown, by sample */
} Distinct;

struct Judge {
    const Recording *recording;
    const Viewer *viewer;
    GArray *distinct;
    guint now; /* of distinct: what was shown last */
    gboolean begun;
};

static void
clear_distinct(gpointer user)
{
    g_free(((Distinct *)user)->shown);
}

Judge *
judge_new(const Recording *recording, const Viewer *viewer)
{
    Judge *judge = g_new0(Judge, 1);
    pixman_region32_t damage;
    judge->recording = recording;
    judge->viewer = viewer;
    judge->distinct = g_array_new(FALSE, FALSE, sizeof(Distinct));
    g_array_set_clear_func(judge->distinct, clear_distinct);
    pixman_region32_init(&damage);
    for (guint i = 0; i < recording_frames(recording); i++) {
        recording_damage(recording, i, 16, &damage);
        Distinct distinct = {i, *pixman_region32_extents(&damage), NULL, INFINITY};
        if (pixman_region32_not_empty(&damage))
            g_array_append_val(judge->distinct, distinct);
    }
    pixman_region32_fini(&damage);
    return judge;
}

void
judge_free(Judge *judge)
{
    if (!judge)
        return;
    g_array_unref(judge->distinct);
    g_free(judge);
}

static Distinct *
distinct_of(const Judge *judge, guint index)
{
    return &g_array_index(judge->distinct, Distinct, index);
}

static Picture
picture_of(const Judge *judge, guint number)
{
    return (Picture){recording_frame(judge->recording, number), recording_width(judge->recording)};
}

static gboolean
has_size(const Judge *judge)
{
    return viewer_width(judge->viewer) == recording_width(judge->recording) &&
           viewer_height(judge->viewer) == recording_height(judge->recording);
}

static gboolean
is_empty(Picture picture, int height)
{
    for (gsize i = 0; i < (gsize)picture.stride * (gsize)height; i++)
        if (picture.pixels[i] & COLOUR)
            return FALSE;
    return TRUE;
}

/* The picture shows the frame that it is closest to, of those not long after the one before it. One
 * frame may come in several updates; it counts as it was at its best. */
void
judge_updated(Judge *judge)
{
    int width = recording_width(judge->recording), height = recording_height(judge->recording);
    const pixman_box32_t all = {0, 0, width, height};
    Picture picture = {viewer_pixels(judge->viewer), width};
    double best = INFINITY;
    guint nearest = judge->now;
    if (!has_size(judge))
        return;
    judge->begun = judge->begun || !is_empty(picture, height);
    if (!judge->begun) /* before the first frame there is an empty screen */
        return;
    for (guint i = judge->now; i < MIN(judge->now + AHEAD, judge->distinct->len); i++) {
        double error =
            squared_error(picture, picture_of(judge, distinct_of(judge, i)->number), &all, SAMPLE);
        if (error < best) {
            best = error;
            nearest = i;
        }
    }
    Distinct *distinct = distinct_of(judge, nearest);
    gsize size = (gsize)width * (gsize)height * sizeof *distinct->shown;
    judge->now = nearest;
    if (best > distinct->error)
        return;
    distinct->error = best;
    distinct->shown = distinct->shown ? distinct->shown : g_malloc(size);
    memcpy(distinct->shown, picture.pixels, size);
}

static void
judge_moving(const Judge *judge, json_t *object)
{
    double error = 0, area = 0, similar = 0;
    guint n = 0, delivered = 0;
    for (guint i = 0; i < judge->distinct->len; i++) {
        const Distinct *frame = distinct_of(judge, i);
        delivered += frame->shown != NULL;
        /* The last frame is there as long as it becomes sharp. */
        if (!frame->shown || (i + 1 == judge->distinct->len && i > 0))
            continue;
        Picture is = {frame->shown, recording_width(judge->recording)},
                wanted = picture_of(judge, frame->number);
        double wrong = squared_error(is, wanted, &frame->box, 1);
        error += wrong;
        area += (double)(frame->box.x2 - frame->box.x1) * (frame->box.y2 - frame->box.y1);
        similar += wrong > 0 ? ssim(is, wanted, &frame->box) : 1;
        n++;
    }
    double mean = area > 0 ? error / (area * 3) : 0;
    json_object_set_new(object, "frames_distinct", json_integer(judge->distinct->len));
    json_object_set_new(object, "frames_delivered", json_integer(delivered));
    /* Exact pictures have no finite one. */
    json_object_set_new(object, "psnr",
                        mean > 0 ? json_real(10 * log10(255 * 255 / mean)) : json_null());
    json_object_set_new(object, "ssim", json_real(n ? similar / n : 1));
}

json_t *
judge_verdict(Judge *judge)
{
    json_t *object = json_object();
    int width = recording_width(judge->recording), height = recording_height(judge->recording);
    const pixman_box32_t all = {0, 0, width, height};
    Picture is = {viewer_pixels(judge->viewer), width},
            wanted = picture_of(judge, recording_frames(judge->recording) - 1);
    guint64 wrong =
        has_size(judge) ? count_wrong(is, wanted, &all) : (guint64)width * (guint64)height;
    json_object_set_new(object, "wrong_pixels", json_integer((json_int_t)wrong));
    judge_moving(judge, object);
    return object;
}
