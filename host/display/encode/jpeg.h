/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "encoder.h"

/* Appends Tight's JPEG rectangle (what follows the header: control byte, length, picture) to
 * scratch->out, in the settings' quality, which is not -1. FALSE, and nothing is appended, when the
 * compressor refuses. */
gboolean jpeg_append(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
                     const PlanOp *op);
