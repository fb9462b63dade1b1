/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Presses a key and waits until the block that the guest draws turns from black to white or back,
 * again and again.
 *
 *     bench-typist SOCKET ENCODINGS QUALITY COUNT WARM_UP_MS [fences]
 *
 * WARM_UP_MS: what it watches before, while the display learns the link.
 * Says one line of JSON: when each key was pressed and when it was seen (monotonic clock,
 * µs); and stays until standard input ends.
 */
#include "viewer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define PATIENCE_US (10 * G_USEC_PER_SEC)
#define PAUSE_US    120000
#define KEY         0x61 /* a */
#define AT          16   /* the middle of the block */

/* 1: white, 0: black, as JPEG leaves them; -1: neither. */
static int
shown(const Viewer *viewer)
{
    guint32 pixel = viewer_pixels(viewer)[AT * viewer_width(viewer) + AT] >> 8 & 255;
    return pixel > 200 ? 1 : pixel < 55 ? 0 : -1;
}

static gboolean
drain(Viewer *viewer, gint64 until)
{
    gint64 now;
    while ((now = g_get_monotonic_time()) < until)
        if (!viewer_step(viewer, (guint)((until - now) / 1000 + 1)))
            return FALSE;
    return TRUE;
}

/* Presses and waits; adds the two times to list. */
static gboolean
type_one(Viewer *viewer, json_t *list)
{
    int before = shown(viewer);
    gint64 begin = g_get_monotonic_time(), now = begin;
    if (before < 0) {
        fprintf(stderr, "bench-typist: the block is neither black nor white.\n");
        return FALSE;
    }
    viewer_key(viewer, KEY, TRUE);
    viewer_key(viewer, KEY, FALSE);
    while (shown(viewer) != !before) {
        if (now > begin + PATIENCE_US || !viewer_step(viewer, 100)) {
            fprintf(stderr, "bench-typist: nothing came of a key within %d s.\n",
                    (int)((now - begin) / G_USEC_PER_SEC));
            return FALSE;
        }
        now = g_get_monotonic_time();
    }
    return !json_array_append_new(list, json_pack("[I, I]", (json_int_t)begin, (json_int_t)now));
}

int
main(int argc, char **argv)
{
    if (argc < 6)
        return 2;
    ViewerSettings settings = {
        .encodings = argv[2], .quality = atoi(argv[3]), .compress = 1, .fences = argc > 6};
    Viewer *viewer = viewer_new(argv[1], &settings);
    json_t *list = json_array();
    if (!viewer || !drain(viewer, g_get_monotonic_time() + atoi(argv[5]) * 1000))
        return 1;
    for (int i = 1; i <= atoi(argv[4]); i++) {
        /* Not in step with the video's frames. */
        if (!drain(viewer, g_get_monotonic_time() + PAUSE_US + 7919 * i % 60000) ||
            !type_one(viewer, list))
            return 1;
    }
    json_dumpf(list, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    getchar(); /* somebody wants to ask the display about this client */
    viewer_free(viewer);
    return 0;
}
