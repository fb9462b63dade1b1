/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../frame.h"
#include "../plan.h"

/*
 * The third stage: what to do with each part of a region. Large solid areas become FILL, text and
 * widgets INDEXED, photographs LOSSY, what keeps changing VIDEO, the rest RAW. Cells are merged
 * into few large rectangles, none wider than 2048 pixels (Tight's limit), and cut into pieces that
 * several threads can share: of at most CLASSIFY_MAX_AREA pixels, photographs of
 * CLASSIFY_MAX_PHOTO. Only a VIDEO rectangle may have any size: it is one stream to who can decode
 * that, and video-plan.h has what all others are sent in its place.
 */

#define CLASSIFY_MAX_WIDTH 2048
#define CLASSIFY_MAX_AREA  (256 * 256)
#define CLASSIFY_MAX_PHOTO (512 * 256)

typedef struct Classifier Classifier;

Classifier *classifier_new(void);
void classifier_free(Classifier *classifier);

/* Appends the operations that cover region (inside the frame; cells it touches are judged whole,
 * but operations end where their part of it does) to plan, without overlap. Those of the frame's
 * video rectangles that region touches become VIDEO, each as a whole. */
void classify(Classifier *classifier, const Frame *frame, const pixman_region32_t *region,
              Plan *plan);
/* The same without VIDEO. */
void classify_still(Classifier *classifier, const Frame *frame, const pixman_region32_t *region,
                    Plan *plan);
