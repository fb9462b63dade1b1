/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes a recording's damage file to standard output, from comparing its frames: a line a frame,
 * with the rectangles (to 16 pixels) that differ.
 *
 *     bench-damage RECORDING WIDTH HEIGHT
 */
#include "recording.h"

#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
    Recording *recording = argc == 4 ? recording_open(argv[1], atoi(argv[2]), atoi(argv[3])) : NULL;
    pixman_region32_t damage;
    if (!recording)
        return 1;
    pixman_region32_init(&damage);
    for (guint i = 0; i < recording_frames(recording); i++) {
        int n;
        recording_damage(recording, i, 16, &damage);
        const pixman_box32_t *box = pixman_region32_rectangles(&damage, &n);
        for (int k = 0; k < n; k++)
            printf("%s%d,%d,%d,%d", k ? " " : "", box[k].x1, box[k].y1, box[k].x2 - box[k].x1,
                   box[k].y2 - box[k].y1);
        putchar('\n');
    }
    pixman_region32_fini(&damage);
    recording_free(recording);
    return 0;
}
