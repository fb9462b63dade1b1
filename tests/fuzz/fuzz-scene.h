/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "frame.h"

/* A small desktop that the fuzzer draws on: bytes become frames, each with the one before it. */

typedef struct {
    Frame frame;
    guint32 *now, *before;
    const guint8 *data; /* what is left */
    gsize size;
} FuzzScene;

/* FALSE: too few bytes; nothing to clear. */
gboolean fuzz_scene_init(FuzzScene *scene, const guint8 *data, gsize size);
void fuzz_scene_clear(FuzzScene *scene);
/* The next frame and its damage, also when nothing changes. FALSE: the bytes are at their end, or
 * it is enough. */
gboolean fuzz_scene_next(FuzzScene *scene);
gsize fuzz_scene_bytes(const FuzzScene *scene); /* a frame's */
/* Ends the program, which the fuzzer takes for a finding. */
void fuzz_check(gboolean good, const char *what);
