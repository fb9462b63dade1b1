/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "recording.h"
#include "viewer.h"

#include <jansson.h>

/*
 * Holds what a viewer showed against the recording: which of its frames came, how close they were
 * (PSNR over all three colours, SSIM of the luma in 8x8 windows; both within the extents of what
 * the frame changed), and how many pixels are wrong at the end.
 */
json_t *judge(const Recording *recording, const Viewer *viewer);
