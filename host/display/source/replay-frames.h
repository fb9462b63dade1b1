/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * A recording's frames, in order. As many as fit a bound are decoded before the first is given out,
 * so that playing them costs nothing; the rest as they come. Any one thread.
 */

typedef struct ReplayFrames ReplayFrames;

/* Frames of width x height pixels; both at most SURFACE_MAX_SIDE. */
ReplayFrames *replay_frames_open(const char *path, int width, int height, GError **error);
void replay_frames_close(ReplayFrames *frames);
/* Decodes what fits max_bytes; ends early once *stop (atomic) is set. */
void replay_frames_load(ReplayFrames *frames, gsize max_bytes, const gint *stop);
/* The next frame; it stays as it is until the frame after the next is asked for. NULL at the end,
 * and error is set when the recording is broken there. */
const guint32 *replay_frames_next(ReplayFrames *frames, GError **error);
