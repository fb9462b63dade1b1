/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../cpu.h"
#include "../frame.h"

/*
 * What the motion search knows of each 16 x 16 cell of a frame, and the kernel that compares moved
 * cells. A step is the way content went: what is at (x, y) now was at (x - dx, y - dy) before.
 */

#define MOTION_CELL 16 /* pixels */

typedef struct {
    int dx, dy;
} MotionStep;

/* A rectangle of the frame whose pixels all are those of the frame before, a step away. */
typedef struct {
    pixman_box32_t to;
    MotionStep step;
} MotionCopy;

/* What is known of a cell. Most of a screen is plain and stays so: it is looked at once, when it
 * is needed; not when it changed just now, for that is most likely no plain one. */
typedef struct {
    enum { MOTION_UNKNOWN, MOTION_MIXED, MOTION_SOLID } kind;
    guint32 colour; /* of a solid one */
} MotionPaint;

typedef struct {
    int columns, rows;
    guint32 generation; /* of the frame */
    gsize capacity;     /* cells that the maps hold */
    guint8 *changed;    /* 1: in the damage, and no copy covers it yet */
    guint8 *claimed;    /* 1: some copy touches it */
    guint n_changed;
    MotionPaint *now, *before; /* of the frame, and of the one before it */
} MotionCells;

void motion_cells_clear(MotionCells *cells); /* frees the maps */
/* Once for each frame that has damage: what is known of cells is kept where they did not change. */
void motion_cells_load(MotionCells *cells, const Frame *frame);
/* Is a cell of the frame of one colour, and was all that stood there before it came by step? By
 * what is known of the cells; FALSE says nothing. The step's source is inside the frame. */
gboolean motion_cells_plain(MotionCells *cells, const Frame *frame, int column, int row,
                            MotionStep step);
/* A copy covers box. */
void motion_cells_claim(MotionCells *cells, const Frame *frame, const pixman_box32_t *box);

/* One row of cells' pixels now and before. Of the cells that are alive (a byte each), those that
 * differ die, and those with more than one colour in the row become varied. stride, in pixels, is
 * that of both: memory is asked for the rows below already, whether there are any or not. */
typedef void (*MotionMatchRow)(const guint32 *now, const guint32 *before, int stride, int pixels,
                               guint8 *alive, guint8 *varied);

typedef struct {
    Cpu cpu; /* what it needs */
    MotionMatchRow row;
} MotionMatchKernel;

/* All of them: see cpu.h. */
const MotionMatchKernel *motion_match_kernels(guint *n_kernels);
const MotionMatchKernel *motion_match_kernel_best(void);
