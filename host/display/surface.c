/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "surface.h"
#include "region.h"

#include <pthread.h> /* rather than GLib's locks: ThreadSanitizer follows these */
#include <stdlib.h>
#include <string.h>

#define ROW_ALIGN 16 /* pixels: every row starts on a cache line */
#define MAX_DAMAGE                                                                                 \
    128 /* rectangles kept; a guest that scatters more pays with a coarser region                  \
         */

struct Surface {
    void (*changed)(gpointer user);
    gpointer user;
    pthread_mutex_t mutex;
    /* under mutex */
    const guint32 *pixels; /* what is shown: own, or borrowed */
    guint32 *own;          /* NULL while the pixels are borrowed */
    int width, height, stride;
    pixman_region32_t damage;
};

Surface *
surface_new(void (*changed)(gpointer user), gpointer user)
{
    Surface *surface = g_new0(Surface, 1);

    surface->changed = changed;
    surface->user = user;
    pthread_mutex_init(&surface->mutex, NULL);
    pixman_region32_init(&surface->damage);
    return surface;
}

void
surface_free(Surface *surface)
{
    if (!surface)
        return;
    pixman_region32_fini(&surface->damage);
    pthread_mutex_destroy(&surface->mutex);
    free(surface->own);
    g_free(surface);
}

gboolean
surface_resize(Surface *surface, int width, int height)
{
    int stride;
    guint32 *pixels;
    void *old;

    if (width < 1 || height < 1 || width > SURFACE_MAX_SIDE || height > SURFACE_MAX_SIDE)
        return FALSE;
    stride = (width + ROW_ALIGN - 1) / ROW_ALIGN * ROW_ALIGN;
    pixels = aligned_alloc(64, (gsize)stride * (gsize)height * sizeof *pixels);
    if (!pixels)
        return FALSE;
    memset(pixels, 0, (gsize)stride * (gsize)height * sizeof *pixels);

    pthread_mutex_lock(&surface->mutex);
    old = surface->own;
    surface->pixels = surface->own = pixels;
    surface->width = width;
    surface->height = height;
    surface->stride = stride;
    pixman_region32_fini(&surface->damage);
    pixman_region32_init_rect(&surface->damage, 0, 0, (unsigned)width, (unsigned)height);
    pthread_mutex_unlock(&surface->mutex);
    free(old);
    if (surface->changed)
        surface->changed(surface->user);
    return TRUE;
}

/* Clips to the surface; FALSE when nothing is left. 64-bit sums, for any int a guest can bring. */
static gboolean
clip_locked(const Surface *surface, int *x, int *y, int *w, int *h)
{
    gint64 x2 = MIN((gint64)*x + *w, surface->width), y2 = MIN((gint64)*y + *h, surface->height);

    *x = MAX(*x, 0);
    *y = MAX(*y, 0);
    if (*w <= 0 || *h <= 0 || x2 <= *x || y2 <= *y)
        return FALSE;
    *w = (int)(x2 - *x);
    *h = (int)(y2 - *y);
    return TRUE;
}

/* TRUE when there was no damage before. */
static gboolean
damage_locked(Surface *surface, int x, int y, int w, int h)
{
    gboolean first = region_is_empty(&surface->damage);

    region_add(&surface->damage, x, y, w, h);
    region_bound(&surface->damage, MAX_DAMAGE);
    return first;
}

gboolean
surface_write(Surface *surface, int x, int y, int w, int h, const guint8 *data, gsize stride,
              gsize size)
{
    int left = x, top = y;
    gsize needed;
    gboolean first = FALSE;

    if (w <= 0 || h <= 0)
        return TRUE;
    if (stride / sizeof(guint32) < (gsize)w || !g_size_checked_mul(&needed, stride, (gsize)h - 1) ||
        !g_size_checked_add(&needed, needed, (gsize)w * sizeof(guint32)) || needed > size)
        return FALSE;

    pthread_mutex_lock(&surface->mutex);
    if (!surface->own && surface->pixels) {
        pthread_mutex_unlock(&surface->mutex);
        return FALSE;
    }
    if (clip_locked(surface, &x, &y, &w, &h)) {
        const guint8 *from =
            data + (gsize)((gint64)y - top) * stride + (gsize)((gint64)x - left) * sizeof(guint32);

        for (int row = 0; row < h; row++, from += stride)
            memcpy(surface->own + (gsize)(y + row) * (gsize)surface->stride + x, from,
                   (gsize)w * sizeof(guint32));
        first = damage_locked(surface, x, y, w, h);
    }
    pthread_mutex_unlock(&surface->mutex);
    if (first && surface->changed)
        surface->changed(surface->user);
    return TRUE;
}

/* What show() adds to the damage; TRUE when there was none before, and now is. */
static gboolean
damage_shown_locked(Surface *surface, int width, int height, const pixman_region32_t *damage)
{
    gboolean first = region_is_empty(&surface->damage);

    if (!damage || width != surface->width || height != surface->height) {
        pixman_region32_fini(&surface->damage);
        pixman_region32_init_rect(&surface->damage, 0, 0, (unsigned)width, (unsigned)height);
        return first;
    }
    pixman_region32_union(&surface->damage, &surface->damage, (pixman_region32_t *)damage);
    pixman_region32_intersect_rect(&surface->damage, &surface->damage, 0, 0, (unsigned)width,
                                   (unsigned)height);
    region_bound(&surface->damage, MAX_DAMAGE);
    return first && !region_is_empty(&surface->damage);
}

gboolean
surface_show(Surface *surface, const guint32 *pixels, int width, int height, gsize stride,
             const pixman_region32_t *damage)
{
    gboolean first;
    void *old;

    if (width < 1 || height < 1 || width > SURFACE_MAX_SIDE || height > SURFACE_MAX_SIDE ||
        stride % sizeof *pixels || stride / sizeof *pixels < (gsize)width || stride > G_MAXINT)
        return FALSE;
    pthread_mutex_lock(&surface->mutex);
    old = surface->own;
    first = damage_shown_locked(surface, width, height, damage);
    surface->own = NULL;
    surface->pixels = pixels;
    surface->width = width;
    surface->height = height;
    surface->stride = (int)(stride / sizeof *pixels);
    pthread_mutex_unlock(&surface->mutex);
    free(old);
    if (first && surface->changed)
        surface->changed(surface->user);
    return TRUE;
}

gboolean
surface_size(Surface *surface, int *width, int *height)
{
    pthread_mutex_lock(&surface->mutex);
    *width = surface->width;
    *height = surface->height;
    pthread_mutex_unlock(&surface->mutex);
    return *width > 0;
}

gboolean
surface_is_damaged(Surface *surface)
{
    pthread_mutex_lock(&surface->mutex);
    gboolean damaged = !region_is_empty(&surface->damage);
    pthread_mutex_unlock(&surface->mutex);
    return damaged;
}

const guint32 *
surface_lock(Surface *surface, int *width, int *height, int *stride, pixman_region32_t *damage)
{
    pthread_mutex_lock(&surface->mutex);
    *width = surface->width;
    *height = surface->height;
    *stride = surface->stride;
    pixman_region32_copy(damage, &surface->damage);
    pixman_region32_clear(&surface->damage);
    return surface->pixels;
}

void
surface_unlock(Surface *surface)
{
    pthread_mutex_unlock(&surface->mutex);
}
