/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "jpeg.h"

#include <string.h>
#include <turbojpeg.h>

#define CONTROL_JPEG 0x90
#define MAX_HEAD     4 /* control byte and length */

/* The protocol's quality levels, 0 to 9, as JPEG's: from the middle on what other servers make of
 * them, so that people find the sharpness they know. What stands still is sent again without loss;
 * so motion does with colours at half the resolution, in all but the best. */
static const int qualities[] = {25, 35, 45, 55, 62, 77, 79, 86, 92, 96};
#define FULL_COLOUR_LEVEL 9

gboolean
jpeg_append(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
            const PlanOp *op)
{
    int level = CLAMP(settings->quality, 0, 9);
    int subsampling = level < FULL_COLOUR_LEVEL ? TJSAMP_420 : TJSAMP_444;
    unsigned long size = tjBufSize(op->width, op->height, subsampling);
    guint start = scratch->out->len;
    guint8 *to = encode_reserve(scratch->out, MAX_HEAD + size), length[3];
    unsigned char *picture = to + MAX_HEAD;
    gsize n;

    if (!scratch->jpeg ||
        tjCompress2(scratch->jpeg, (const unsigned char *)encode_pixels(frame, op), op->width,
                    frame->stride * 4, op->height,
                    G_BYTE_ORDER == G_LITTLE_ENDIAN ? TJPF_BGRX : TJPF_XRGB, &picture, &size,
                    subsampling, qualities[level], TJFLAG_FASTDCT | TJFLAG_NOREALLOC) != 0) {
        g_byte_array_set_size(scratch->out, start);
        return FALSE;
    }
    *to = CONTROL_JPEG;
    n = encode_compact_length(length, size);
    memcpy(to + 1, length, n);
    if (1 + n < MAX_HEAD)
        memmove(to + 1 + n, picture, size);
    g_byte_array_set_size(scratch->out, start + 1 + (guint)(n + size));
    return TRUE;
}
