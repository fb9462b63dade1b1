/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../frame.h"
#include "../plan.h"

/*
 * The third stage: what to do with each part of a region. Solid areas become FILL, photographs
 * LOSSY, the rest RAW; cells are merged into few large rectangles, none wider than 2048 pixels
 * (Tight's limit) or larger than CLASSIFY_MAX_AREA (so that they encode in parallel).
 */

#define CLASSIFY_MAX_AREA (256 * 256)

typedef struct Classifier Classifier;

Classifier *classifier_new(void);
void classifier_free(Classifier *classifier);

/* Appends the operations that cover region (inside the frame) to plan, without overlap. */
void classify(Classifier *classifier, const Frame *frame, const pixman_region32_t *region,
              Plan *plan);
