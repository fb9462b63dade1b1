/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-commands.h"

#include <pthread.h> /* rather than GLib's locks: ThreadSanitizer follows these */
#include <string.h>

#define MAX_SPARE 640 /* commands: what a viewer may have at once, and one more frame's */

/* The release info's id is the command's address, so it stands first in both variants. */
struct QxlCommand {
    QxlCommandPool *pool;
    QxlCommand *next; /* in a queue, or in the pool */
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

struct QxlCommandPool {
    pthread_mutex_t lock; /* a leaf lock; guards the rest */
    QxlCommand *spare;
    guint n_spare;
    guint refs; /* the owner, and each command in use */
};

QxlCommandPool *
qxl_command_pool_new(void)
{
    QxlCommandPool *pool = g_new0(QxlCommandPool, 1);
    pthread_mutex_init(&pool->lock, NULL);
    pool->refs = 1;
    return pool;
}

static void
pool_unref(QxlCommandPool *pool)
{
    pthread_mutex_lock(&pool->lock);
    gboolean last = --pool->refs == 0;
    pthread_mutex_unlock(&pool->lock);
    if (!last)
        return;
    for (QxlCommand *command; (command = pool->spare);) {
        pool->spare = command->next;
        g_free(command);
    }
    pthread_mutex_destroy(&pool->lock);
    g_free(pool);
}

void
qxl_command_pool_free(QxlCommandPool *pool)
{
    if (pool)
        pool_unref(pool);
}

/* With extra bytes behind it; those are no pool's. */
static QxlCommand *
take(QxlCommandPool *pool, gsize extra)
{
    QxlCommand *command = NULL;
    pthread_mutex_lock(&pool->lock);
    pool->refs++;
    if (!extra && pool->spare) {
        command = pool->spare;
        pool->spare = command->next;
        pool->n_spare--;
    }
    pthread_mutex_unlock(&pool->lock);
    if (command)
        memset(command, 0, sizeof *command);
    else
        command = g_malloc0(sizeof *command + extra);
    command->pool = pool;
    command->extra = extra;
    return command;
}

void
qxl_command_free(QxlCommand *command)
{
    if (!command)
        return;
    QxlCommandPool *pool = command->pool;
    bitmap_unref(command->bitmap);
    pthread_mutex_lock(&pool->lock);
    gboolean keep = !command->extra && pool->n_spare < MAX_SPARE;
    if (keep) {
        command->next = pool->spare;
        pool->spare = command;
        pool->n_spare++;
    }
    pthread_mutex_unlock(&pool->lock);
    if (!keep)
        g_free(command);
    pool_unref(pool);
}

void
qxl_queue_push(QxlQueue *queue, QxlCommand *command)
{
    command->next = NULL;
    if (queue->tail)
        queue->tail->next = command;
    else
        queue->head = command;
    queue->tail = command;
    queue->length++;
}

QxlCommand *
qxl_queue_pop(QxlQueue *queue)
{
    QxlCommand *command = queue->head;
    if (!command)
        return NULL;
    queue->head = command->next;
    if (!queue->head)
        queue->tail = NULL;
    queue->length--;
    return command;
}

static QXLRect
rect(int x, int y, int width, int height)
{
    return (QXLRect){.left = x, .top = y, .right = x + width, .bottom = y + height};
}

/* libspice-server makes a stream of what is copied by the plain PUT, and so of nothing else: a bit
 * that PUT has no use for keeps an image out of it. It compresses what goes through a brush, too,
 * without loss; where that is needed, an OR with a black one changes no pixel. */
static void
draw_bitmap(QxlCommand *command, Bitmap *bitmap, QxlDrawMode mode)
{
    command->bitmap = bitmap_ref(bitmap);

    QXLDrawable *drawable = &command->drawable;
    if (mode == QXL_DRAW_EXACT) {
        drawable->type = QXL_DRAW_OPAQUE;
        drawable->u.opaque.src_bitmap = (uintptr_t)&command->image;
        drawable->u.opaque.src_area = rect(0, 0, bitmap->width, bitmap->height);
        drawable->u.opaque.brush.type = SPICE_BRUSH_TYPE_SOLID;
        drawable->u.opaque.rop_descriptor = SPICE_ROPD_OP_OR;
    } else {
        drawable->type = QXL_DRAW_COPY;
        drawable->u.copy.src_bitmap = (uintptr_t)&command->image;
        drawable->u.copy.src_area = rect(0, 0, bitmap->width, bitmap->height);
        drawable->u.copy.rop_descriptor =
            SPICE_ROPD_OP_PUT | (mode == QXL_DRAW_STREAM ? 0 : SPICE_ROPD_INVERS_BRUSH);
    }

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
qxl_command_draw(QxlCommandPool *pool, const PlanOp *op, Bitmap *bitmap, QxlDrawMode mode)
{
    QxlCommand *command = take(pool, 0);
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
        draw_bitmap(command, bitmap, mode);
    }
    return command;
}

QxlCommand *
qxl_command_cursor(QxlCommandPool *pool, const Cursor *cursor)
{
    gsize bytes = cursor ? (gsize)cursor->width * cursor->height * sizeof(guint32) : 0;
    QxlCommand *command = take(pool, bytes);
    command->is_cursor = TRUE;
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

gsize
qxl_command_size(const QxlCommand *command)
{
    return sizeof *command + command->extra + bitmap_size(command->bitmap);
}

const QxlCommand *
qxl_command_next(const QxlCommand *command)
{
    return command->next;
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
