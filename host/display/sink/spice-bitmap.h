/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Pixels of one rectangle for libspice-server, shared by the commands of all viewers that draw
 * them: x8r8g8b8, tight, top row first. Any thread.
 */

/* Memory of bitmaps that are gone, kept for the next ones: up to 48 MiB, which are six full frames
 * of 1920x1080. It lives until it is freed and the last bitmap is released. */
typedef struct BitmapPool BitmapPool;

BitmapPool *bitmap_pool_new(void);
void bitmap_pool_free(BitmapPool *pool);

typedef struct Bitmap {
    gatomicrefcount refs;
    BitmapPool *pool;
    struct Bitmap *next; /* the pool's, while nobody uses it */
    guint class;         /* of its size */
    int width, height;
    guint32 pixels[];
} Bitmap;

/* Copies the rectangle at x, y of pixels, whose rows are stride pixels apart. */
Bitmap *bitmap_new(BitmapPool *pool, const guint32 *pixels, int stride, int x, int y, int width,
                   int height);
Bitmap *bitmap_ref(Bitmap *bitmap);
void bitmap_unref(Bitmap *bitmap);
gsize bitmap_size(const Bitmap *bitmap); /* bytes; 0 for NULL */
