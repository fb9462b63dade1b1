/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "replay-frames.h"

#include "common/error.h"
#include "replay-file.h"

#include <stdlib.h>

#define ALIGN 64 /* bytes: a cache line */

struct ReplayFrames {
    ReplayFile *file;
    gsize size;         /* of a frame, in bytes */
    GPtrArray *loaded;  /* frames from the file's beginning */
    guint next;         /* of loaded */
    guint32 *spares[2]; /* for those that were not: one is shown while the other is filled */
    guint spare;
    GError *broken; /* the end of the file, when it is not a good one */
    gboolean over;
};

ReplayFrames *
replay_frames_open(const char *path, int width, int height, GError **error)
{
    ReplayFile *file = replay_file_open(path, error);
    if (!file)
        return NULL;
    ReplayFrames *frames = g_new0(ReplayFrames, 1);
    frames->file = file;
    frames->size = (gsize)width * (gsize)height * sizeof(guint32);
    frames->loaded = g_ptr_array_new_with_free_func(free);
    return frames;
}

void
replay_frames_close(ReplayFrames *frames)
{
    if (!frames)
        return;
    replay_file_close(frames->file);
    g_ptr_array_unref(frames->loaded);
    free(frames->spares[0]);
    free(frames->spares[1]);
    g_clear_error(&frames->broken);
    g_free(frames);
}

static guint32 *
frame_new(const ReplayFrames *frames)
{
    return aligned_alloc(ALIGN, (frames->size + ALIGN - 1) / ALIGN * ALIGN);
}

static gboolean
fill(ReplayFrames *frames, guint32 *pixels)
{
    if (!frames->over &&
        !replay_file_read(frames->file, (guint8 *)pixels, frames->size, &frames->broken))
        frames->over = TRUE;
    return !frames->over;
}

void
replay_frames_load(ReplayFrames *frames, gsize max_bytes, const gint *stop)
{
    while ((frames->loaded->len + 1) * frames->size <= max_bytes && !g_atomic_int_get(stop)) {
        guint32 *pixels = frame_new(frames);
        if (!pixels)
            return; /* played with the spares, or not at all */
        if (!fill(frames, pixels)) {
            free(pixels);
            return;
        }
        g_ptr_array_add(frames->loaded, pixels);
    }
}

static const guint32 *
next_unloaded(ReplayFrames *frames, GError **error)
{
    frames->spare ^= 1;
    guint32 **spare = &frames->spares[frames->spare];
    *spare = *spare || frames->over ? *spare : frame_new(frames);
    if (!*spare && !frames->over) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NO_SPACE, "A frame does not fit the memory.");
        return NULL;
    }
    if (fill(frames, *spare))
        return *spare;
    if (frames->broken)
        g_propagate_error(error, g_steal_pointer(&frames->broken));
    return NULL;
}

const guint32 *
replay_frames_next(ReplayFrames *frames, GError **error)
{
    if (frames->next < frames->loaded->len)
        return frames->loaded->pdata[frames->next++];
    return next_unloaded(frames, error);
}
