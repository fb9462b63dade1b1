/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frame.h"

#include <string.h>

#define CURSOR_MAX_SIDE 256

Cursor *
cursor_new(int width, int height, int hot_x, int hot_y, const guint8 *argb, gsize size)
{
    Cursor *cursor;
    gsize bytes;

    if (width < 1 || height < 1 || width > CURSOR_MAX_SIDE || height > CURSOR_MAX_SIDE)
        return NULL;
    bytes = (gsize)width * (gsize)height * sizeof(guint32);
    if (size < bytes)
        return NULL;
    cursor = g_malloc(sizeof *cursor + bytes);
    g_atomic_ref_count_init(&cursor->refs);
    cursor->width = width;
    cursor->height = height;
    cursor->hot_x = CLAMP(hot_x, 0, width - 1);
    cursor->hot_y = CLAMP(hot_y, 0, height - 1);
    memcpy(cursor->pixels, argb, bytes);
    return cursor;
}

Cursor *
cursor_ref(Cursor *cursor)
{
    g_atomic_ref_count_inc(&cursor->refs);
    return cursor;
}

void
cursor_unref(Cursor *cursor)
{
    if (cursor && g_atomic_ref_count_dec(&cursor->refs))
        g_free(cursor);
}
