/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../frame.h"
#include "../plan.h"
#include "spice-bitmap.h"
#include <spice.h>

/*
 * QXL commands: what libspice-server's worker is told to draw. A command owns what it points to and
 * lives until the worker releases it. Any thread; the queue is its owner's business.
 */

/* How the pixels of a command may reach the viewer. */
typedef enum {
    QXL_DRAW_ANYHOW, /* as an image; a JPEG where libspice-server compresses for a slow link */
    QXL_DRAW_EXACT,  /* as an image without loss */
    QXL_DRAW_STREAM, /* as a frame of a video stream, which begins with the 21st of the same size */
} QxlDrawMode;

/* Commands that are gone, for the next ones; it lives until it is freed and the last command is. */
typedef struct QxlCommandPool QxlCommandPool;

QxlCommandPool *qxl_command_pool_new(void);
void qxl_command_pool_free(QxlCommandPool *pool);

typedef struct QxlCommand QxlCommand;

/* One operation. bitmap (taken a reference of) holds its pixels; NULL for COPY and FILL. */
QxlCommand *qxl_command_draw(QxlCommandPool *pool, const PlanOp *op, Bitmap *bitmap,
                             QxlDrawMode mode);
QxlCommand *qxl_command_cursor(QxlCommandPool *pool, const Cursor *cursor); /* NULL hides it */
void qxl_command_free(QxlCommand *command);
gsize qxl_command_size(const QxlCommand *command); /* bytes that it keeps alive */

/* Commands in the order in which they are drawn; {0} is empty. */
typedef struct {
    QxlCommand *head, *tail;
    guint length;
} QxlQueue;

void qxl_queue_push(QxlQueue *queue, QxlCommand *command);
QxlCommand *qxl_queue_pop(QxlQueue *queue); /* NULL: empty */

const QxlCommand *qxl_command_next(const QxlCommand *command); /* in its queue */

/* The worker's two ends: fill in what get_command answers, find the command again from what is
 * released (NULL: none). */
void qxl_command_fetch(QxlCommand *command, QXLCommandExt *ext);
QxlCommand *qxl_command_released(QXLReleaseInfoExt info);
