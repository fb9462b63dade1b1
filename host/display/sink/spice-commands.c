/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-commands.h"

#include <string.h>

Bitmap *
bitmap_new(const guint32 *pixels, int stride, int x, int y, int width, int height)
{
    Bitmap *bitmap = g_malloc(sizeof *bitmap + (gsize)width * height * sizeof(guint32));
    g_atomic_ref_count_init(&bitmap->refs);
    bitmap->width = width;
    bitmap->height = height;
    for (int row = 0; row < height; row++)
        memcpy(bitmap->pixels + (gsize)row * width, pixels + (gsize)(y + row) * stride + x,
               (gsize)width * sizeof(guint32));
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
        g_free(bitmap);
}

gsize
bitmap_size(const Bitmap *bitmap)
{
    return bitmap ? (gsize)bitmap->width * bitmap->height * sizeof(guint32) : 0;
}

/* The release info's id is the command's address, so it stands first in both variants. */
struct QxlCommand {
    gboolean is_cursor;
    Bitmap *bitmap;
    gsize extra; /* bytes after the struct */
    QXLImage image;
    union {
        QXLDrawable drawable;
        QXLCursorCmd cursor;
    };
    QXLCursor shape; /* ends in a flexible array: stays last */
};

static QXLRect
rect(int x, int y, int width, int height)
{
    return (QXLRect){.left = x, .top = y, .right = x + width, .bottom = y + height};
}

static void
draw_bitmap(QxlCommand *command, Bitmap *bitmap)
{
    command->bitmap = bitmap_ref(bitmap);

    QXLDrawable *drawable = &command->drawable;
    drawable->type = QXL_DRAW_COPY;
    drawable->u.copy.src_bitmap = (uintptr_t)&command->image;
    drawable->u.copy.src_area = rect(0, 0, bitmap->width, bitmap->height);
    drawable->u.copy.rop_descriptor = SPICE_ROPD_OP_PUT;

    /* Not kept in the client's cache: the content rarely comes back, and no id has to be unique
     * then. */
    QXLImage *image = &command->image;
    image->descriptor.type = SPICE_IMAGE_TYPE_BITMAP;
    image->descriptor.width = bitmap->width;
    image->descriptor.height = bitmap->height;
    image->bitmap.format = SPICE_BITMAP_FMT_32BIT;
    image->bitmap.flags = SPICE_BITMAP_FLAGS_TOP_DOWN | QXL_BITMAP_DIRECT;
    image->bitmap.x = bitmap->width;
    image->bitmap.y = bitmap->height;
    image->bitmap.stride = bitmap->width * sizeof(guint32);
    image->bitmap.data = (uintptr_t)bitmap->pixels;
}

QxlCommand *
qxl_command_draw(const PlanOp *op, Bitmap *bitmap)
{
    QxlCommand *command = g_new0(QxlCommand, 1);
    QXLDrawable *drawable = &command->drawable;
    drawable->release_info.id = (uintptr_t)command;
    drawable->effect = QXL_EFFECT_OPAQUE;
    drawable->clip.type = SPICE_CLIP_TYPE_NONE;
    drawable->bbox = rect(op->x, op->y, op->width, op->height);
    drawable->mm_time = (guint32)(g_get_monotonic_time() / 1000);
    for (guint i = 0; i < G_N_ELEMENTS(drawable->surfaces_dest); i++)
        drawable->surfaces_dest[i] = -1;

    switch (op->kind) {
    case PLAN_COPY:
        drawable->type = QXL_COPY_BITS;
        drawable->u.copy_bits.src_pos.x = op->copy.src_x;
        drawable->u.copy_bits.src_pos.y = op->copy.src_y;
        break;
    case PLAN_FILL:
        drawable->type = QXL_DRAW_FILL;
        drawable->u.fill.brush.type = SPICE_BRUSH_TYPE_SOLID;
        drawable->u.fill.brush.u.color = op->colour;
        drawable->u.fill.rop_descriptor = SPICE_ROPD_OP_PUT;
        break;
    default:
        draw_bitmap(command, bitmap);
    }
    return command;
}

QxlCommand *
qxl_command_cursor(const Cursor *cursor)
{
    gsize bytes = cursor ? (gsize)cursor->width * cursor->height * sizeof(guint32) : 0;
    QxlCommand *command = g_malloc0(sizeof *command + bytes);
    command->is_cursor = TRUE;
    command->extra = bytes;
    command->cursor.release_info.id = (uintptr_t)command;
    if (!cursor) {
        command->cursor.type = QXL_CURSOR_HIDE;
        return command;
    }
    command->cursor.type = QXL_CURSOR_SET;
    command->cursor.u.set.visible = 1;
    command->cursor.u.set.shape = (uintptr_t)&command->shape;
    QXLCursor *shape = &command->shape;
    shape->header.type = SPICE_CURSOR_TYPE_ALPHA;
    shape->header.width = cursor->width;
    shape->header.height = cursor->height;
    shape->header.hot_spot_x = cursor->hot_x;
    shape->header.hot_spot_y = cursor->hot_y;
    shape->data_size = bytes;
    shape->chunk.data_size = bytes;
    memcpy(shape->chunk.data, cursor->pixels, bytes);
    return command;
}

void
qxl_command_free(QxlCommand *command)
{
    if (!command)
        return;
    bitmap_unref(command->bitmap);
    g_free(command);
}

gsize
qxl_command_size(const QxlCommand *command)
{
    return sizeof *command + command->extra + bitmap_size(command->bitmap);
}

void
qxl_command_fetch(QxlCommand *command, QXLCommandExt *ext)
{
    *ext = (QXLCommandExt){0};
    if (command->is_cursor) {
        ext->cmd.type = QXL_CMD_CURSOR;
        ext->cmd.data = (uintptr_t)&command->cursor;
    } else {
        ext->cmd.type = QXL_CMD_DRAW;
        ext->cmd.data = (uintptr_t)&command->drawable;
    }
}

QxlCommand *
qxl_command_released(QXLReleaseInfoExt info)
{
    return info.info ? (QxlCommand *)(uintptr_t)info.info->id : NULL;
}
