/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "recording.h"
#include "viewer.h"

#include <jansson.h>

/*
 * Holds what a viewer shows against the recording: which of its frames came, how close they were
 * (PSNR over all three colours, SSIM of the luma in 8x8 windows; both within the extents of what
 * the frame changed), and how many pixels are wrong at the end. While frames come it only keeps a
 * picture of each as it looked at its best; the rest is done at the end.
 */
typedef struct Judge Judge;

/* Both stay the caller's. */
Judge *judge_new(const Recording *recording, const Viewer *viewer);
void judge_free(Judge *judge);
/* After every update. */
void judge_updated(Judge *judge);
json_t *judge_verdict(Judge *judge);
