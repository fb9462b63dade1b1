/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../frame.h"
#include "../packet.h"
#include "../plan.h"
#include "deflate.h"
#include "palette.h"
#include "pixel-format.h"
#include "rgb.h"

/*
 * A codec is one file with one Encoder in it, and one line in encoder.c. Encoders have no state of
 * their own: each rectangle stands alone, so rectangles are encoded in parallel, once for all
 * clients with equal settings.
 */

typedef struct Encoder Encoder;

/* What a client negotiated; equal settings give equal bytes. */
typedef struct {
    const Encoder *encoder;
    PixelFormat format;
    int quality; /* JPEG quality level 0 to 9, or -1: lossless only */
} EncodeSettings;

/* A worker's own memory and codec handles. */
typedef struct {
    Deflate *deflate;
    gpointer jpeg;    /* tjhandle */
    GByteArray *out;  /* the rectangle that is being made */
    GByteArray *work; /* pixels on their way */
    guint8 *indices;  /* CLASSIFY_MAX_PHOTO of them, and PALETTE_SLACK */
    Palette *palette;
    const RgbKernel *rgb;
    PacketPool *packets;
} EncodeScratch;

struct Encoder {
    gint32 encoding; /* RFB's number */
    const char *name;
    /* Appends the whole rectangle, its header included, to scratch->out. Worker. */
    void (*encode)(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
                   const PlanOp *op);
    PacketKind kind;
    gboolean lossy; /* makes JPEG of PLAN_LOSSY where settings allow it */
};

/* NULL for encodings we do not make. */
const Encoder *encoder_find(gint32 encoding);
gboolean encode_settings_equal(const EncodeSettings *a, const EncodeSettings *b);
/* Would this operation lose anything with these settings? */
gboolean encode_settings_lossy(const EncodeSettings *settings, const PlanOp *op);

/* For WorkerPool. */
gpointer encode_scratch_new(void);
void encode_scratch_free(gpointer scratch);
/* One operation to one packet. Worker. */
Packet *encode_op(EncodeScratch *scratch, const EncodeSettings *settings, const Frame *frame,
                  const PlanOp *op);

/* For encoders: grows array by size bytes and returns where they begin. */
guint8 *encode_reserve(GByteArray *array, gsize size);
void encode_header(EncodeScratch *scratch, const PlanOp *op, gint32 encoding);
/* Appends what PACKET_STREAM has behind the header: 4 bytes length, and scratch->work deflated. */
void encode_stream(EncodeScratch *scratch);
/* Where the operation's pixels begin. */
const guint32 *encode_pixels(const Frame *frame, const PlanOp *op);
/* Tight's length: 7 bits a byte, lowest first, then 8: 22 bits at most. Returns how many bytes (1
 * to 3) it took. */
gsize encode_compact_length(guint8 *to, gsize length);

extern const Encoder encoder_hextile, encoder_raw, encoder_tight, encoder_zlib, encoder_zrle;
