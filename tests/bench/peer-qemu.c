/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Plays a recording through QEMU's VNC server in lockstep. Its machine is stopped, and the memory
 * that its screen lies in is a file, which we draw into: nothing is emulated. QEMU looks for what
 * changed by itself, as it does for a guest.
 *
 *     bench-qemu RECORDING WIDTH HEIGHT MEMORY OFFSET PID SOCKET ENCODINGS QUALITY COMPRESS [judge]
 */
#include "outside.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
    const Recording *recording;
    guint32 *pixels;
} Screen;

static void
draw(guint number, const pixman_region32_t *damage, gpointer user)
{
    const Screen *screen = user;
    int n;
    const pixman_box32_t *box = pixman_region32_rectangles((pixman_region32_t *)damage, &n);
    for (int i = 0; i < n; i++)
        recording_copy(screen->recording, number, &box[i], screen->pixels,
                       recording_width(screen->recording));
}

static guint32 *
map_screen(const Recording *recording, const char *path, off_t offset)
{
    gsize size = (gsize)recording_width(recording) * (gsize)recording_height(recording) * 4;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
    if (fd >= 0)
        close(fd);
    return map == MAP_FAILED ? NULL : map;
}

int
main(int argc, char **argv)
{
    Recording *recording =
        argc >= 11 ? recording_open(argv[1], atoi(argv[2]), atoi(argv[3])) : NULL;
    Screen screen = {.recording = recording};
    if (!recording || !(screen.pixels = map_screen(recording, argv[4], atol(argv[5])))) {
        fprintf(stderr, "bench-qemu: the recording or QEMU's memory is not there.\n");
        return 1;
    }
    OutsideWork work = {
        .recording = recording,
        .pid = atoi(argv[6]),
        .socket = argv[7],
        .settings = {.encodings = argv[8], .quality = atoi(argv[9]), .compress = atoi(argv[10])},
        .judged = argc > 11};
    gboolean played = outside_play(&work, draw, &screen);
    recording_free(recording);
    return played ? 0 : 1;
}
