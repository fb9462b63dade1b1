/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Takes QEMU's stream of frames apart: each is preceded by its length, four bytes, most significant
 * first. The frames are the guest's. Those of no use here (empty, or longer than FRAME_MAX) are
 * passed over.
 */
typedef struct FrameReader FrameReader;

/* An Ethernet header with one tag, and 1500 bytes. */
#define FRAME_MAX 1518
/* QEMU's own bound (NET_BUFSIZE): no frame of its is longer. */
#define FRAME_STREAM_MAX (4096 + 65536)

typedef enum {
    FRAME_READ_NONE, /* more bytes are needed */
    FRAME_READ_ONE,
    FRAME_READ_BROKEN, /* a length that QEMU never sends: nothing that follows can be trusted */
} FrameRead;

FrameReader *frame_reader_new(void);
/* NULL is fine. */
void frame_reader_free(FrameReader *reader);

/* Where the stream's next bytes go, and how many have room (0: frames must be read first). */
guint8 *frame_reader_room(FrameReader *reader, gsize *size);
void frame_reader_filled(FrameReader *reader, gsize size);

/* The next frame, which stays the next until it is passed. Borrowed, until the reader is filled. */
FrameRead frame_reader_peek(FrameReader *reader, const guint8 **frame, guint *length);
void frame_reader_pass(FrameReader *reader);

/* Frames that were of no use. */
guint64 frame_reader_skipped(const FrameReader *reader);
