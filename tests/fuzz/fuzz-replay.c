/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recording and its damage file, the same bytes for both: whatever they hold, rectangles lie
 * inside the screen and frames are whole. */
#include "source/replay-damage.h"
#include "source/replay-frames.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define WIDTH  24
#define HEIGHT 10
#define MOST   64 /* frames, lines: a small file may unpack to many */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_frames(const char *path, gsize loaded)
{
    const gint stop = 0;
    const guint32 *pixels;
    ReplayFrames *frames = replay_frames_open(path, WIDTH, HEIGHT, NULL);
    if (!frames)
        return;
    g_autoptr(GError) error = NULL;
    replay_frames_load(frames, loaded, &stop);
    for (guint i = 0; i < MOST && (pixels = replay_frames_next(frames, &error)); i++)
        g_free(g_memdup2(pixels, WIDTH * HEIGHT * sizeof *pixels)); /* reads them all */
    replay_frames_close(frames);
}

static void
read_damage(const char *path)
{
    ReplayDamage *damage = replay_damage_open(path, WIDTH, HEIGHT);
    pixman_region32_t region;
    pixman_region32_init(&region);
    for (guint i = 0; damage && i < MOST && replay_damage_next(damage, &region); i++) {
        const pixman_box32_t *box = pixman_region32_extents(&region);
        if (box->x1 < 0 || box->y1 < 0 || box->x2 > WIDTH || box->y2 > HEIGHT)
            __builtin_trap();
    }
    pixman_region32_fini(&region);
    replay_damage_close(damage);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[32];
    int fd = memfd_create("recording", MFD_CLOEXEC);
    if (fd < 0)
        return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (write(fd, data, size) == (ssize_t)size) {
        read_frames(path, 0);
        read_frames(path, 3 * WIDTH * HEIGHT * sizeof(guint32));
        read_damage(path);
    }
    close(fd);
    return 0;
}
