/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../frame.h"
#include "../plan.h"
#include <spice.h>

/*
 * QXL commands: what libspice-server's worker is told to draw. A command owns what it points to and
 * lives until the worker releases it; pixels are shared by the commands of all viewers that draw
 * them.
 */

/* Pixels of one rectangle: x8r8g8b8, tight, top row first. Any thread. */
typedef struct {
    gatomicrefcount refs;
    int width, height;
    guint32 pixels[];
} Bitmap;

Bitmap *bitmap_new(const guint32 *pixels, int stride, int x, int y, int width, int height);
Bitmap *bitmap_ref(Bitmap *bitmap);
void bitmap_unref(Bitmap *bitmap);
gsize bitmap_size(const Bitmap *bitmap); /* bytes; 0 for NULL */

typedef struct QxlCommand QxlCommand;

/* One operation. bitmap (taken a reference of) holds its pixels; NULL for COPY and FILL. */
QxlCommand *qxl_command_draw(const PlanOp *op, Bitmap *bitmap);
QxlCommand *qxl_command_cursor(const Cursor *cursor); /* NULL hides it */
void qxl_command_free(QxlCommand *command);
gsize qxl_command_size(const QxlCommand *command); /* bytes that it keeps alive */

/* The worker's two ends: fill in what get_command answers, find the command again from what is
 * released (NULL: none). */
void qxl_command_fetch(QxlCommand *command, QXLCommandExt *ext);
QxlCommand *qxl_command_released(QXLReleaseInfoExt info);
