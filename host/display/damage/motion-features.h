/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "motion-cells.h"

/*
 * Guesses steps: places of the frame are recognised in the frame before. A place is a feature when
 * the hash of the 16 pixels from it on has its low bits zero, so both frames choose the same places
 * whatever surrounds them; a flat row of pixels is none. A feature is told by the pixels around it
 * (32 x 4); those that stand out of one place only vote for the step between.
 */

typedef struct MotionFeatures MotionFeatures;

MotionFeatures *motion_features_new(void);
void motion_features_free(MotionFeatures *features);

/* The steps with most votes first, never (0, 0). Looks at the changed cells of both frames. Returns
 * how many, at most max. */
guint motion_features_vote(MotionFeatures *features, const MotionCells *cells, const Frame *frame,
                           MotionStep *steps, guint max);

#define MOTION_FEATURE_WIDTH 16 /* pixels that a hash reads */
#define MOTION_MAX_ROW       8192

/* Finds the features among the first n places of a row: writes their x and hash, returns how many.
 * Reads n + MOTION_FEATURE_WIDTH - 1 pixels. scratch, xs and hashes hold MOTION_MAX_ROW + 16. */
typedef guint (*MotionHashRow)(const guint32 *row, int n, guint32 *scratch, guint16 *xs,
                               guint32 *hashes);

typedef struct {
    Cpu cpu; /* what it needs */
    MotionHashRow row;
} MotionHashKernel;

/* All of them: see cpu.h. */
const MotionHashKernel *motion_hash_kernels(guint *n_kernels);
const MotionHashKernel *motion_hash_kernel_best(void);
