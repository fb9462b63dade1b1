/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-bitmap.h"

#include <pthread.h> /* rather than GLib's locks: ThreadSanitizer follows these */
#include <string.h>

#define MAX_SPARE (48u << 20) /* bytes */
#define MIN_SHIFT 12          /* the smallest class: 4 KiB */
#define STEPS     4           /* classes to each power of two: at most a quarter is wasted */
#define N_CLASSES (STEPS * 24)

struct BitmapPool {
    pthread_mutex_t lock; /* a leaf lock; guards the rest */
    Bitmap *spare[N_CLASSES];
    gsize spare_bytes;
    guint refs; /* the owner, and each bitmap in use */
};

BitmapPool *
bitmap_pool_new(void)
{
    BitmapPool *pool = g_new0(BitmapPool, 1);
    pthread_mutex_init(&pool->lock, NULL);
    pool->refs = 1;
    return pool;
}

static gsize
class_bytes(guint class)
{
    gsize base = (gsize)1 << (MIN_SHIFT + class / STEPS);
    return base + base / STEPS * (class % STEPS);
}

static guint
class_for(gsize bytes)
{
    guint class = 0;
    while (class_bytes(class) < bytes)
        class ++;
    return class;
}

static void
pool_unref(BitmapPool *pool)
{
    pthread_mutex_lock(&pool->lock);
    gboolean last = --pool->refs == 0;
    pthread_mutex_unlock(&pool->lock);
    if (!last)
        return;
    for (guint i = 0; i < N_CLASSES; i++) {
        for (Bitmap *bitmap; (bitmap = pool->spare[i]);) {
            pool->spare[i] = bitmap->next;
            g_free(bitmap);
        }
    }
    pthread_mutex_destroy(&pool->lock);
    g_free(pool);
}

void
bitmap_pool_free(BitmapPool *pool)
{
    if (pool)
        pool_unref(pool);
}

static Bitmap *
take(BitmapPool *pool, guint class)
{
    pthread_mutex_lock(&pool->lock);
    pool->refs++;
    Bitmap *bitmap = pool->spare[class];
    if (bitmap) {
        pool->spare[class] = bitmap->next;
        pool->spare_bytes -= class_bytes(class);
    }
    pthread_mutex_unlock(&pool->lock);
    if (!bitmap)
        bitmap = g_malloc(class_bytes(class));
    bitmap->pool = pool;
    bitmap->class = class;
    g_atomic_ref_count_init(&bitmap->refs);
    return bitmap;
}

static void
give_back(Bitmap *bitmap)
{
    BitmapPool *pool = bitmap->pool;
    gsize bytes = class_bytes(bitmap->class);
    pthread_mutex_lock(&pool->lock);
    gboolean keep = pool->spare_bytes + bytes <= MAX_SPARE;
    if (keep) {
        bitmap->next = pool->spare[bitmap->class];
        pool->spare[bitmap->class] = bitmap;
        pool->spare_bytes += bytes;
    }
    pthread_mutex_unlock(&pool->lock);
    if (!keep)
        g_free(bitmap);
    pool_unref(pool);
}

Bitmap *
bitmap_new(BitmapPool *pool, const guint32 *pixels, int stride, int x, int y, int width, int height)
{
    gsize row_bytes = (gsize)width * sizeof(guint32);
    Bitmap *bitmap = take(pool, class_for(sizeof *bitmap + row_bytes * (gsize)height));
    bitmap->width = width;
    bitmap->height = height;
    for (int row = 0; row < height; row++)
        memcpy(bitmap->pixels + (gsize)row * width, pixels + (gsize)(y + row) * stride + x,
               row_bytes);
    return bitmap;
}

Bitmap *
bitmap_ref(Bitmap *bitmap)
{
    g_atomic_ref_count_inc(&bitmap->refs);
    return bitmap;
}

void
bitmap_unref(Bitmap *bitmap)
{
    if (bitmap && g_atomic_ref_count_dec(&bitmap->refs))
        give_back(bitmap);
}

gsize
bitmap_size(const Bitmap *bitmap)
{
    return bitmap ? (gsize)bitmap->width * bitmap->height * sizeof(guint32) : 0;
}
