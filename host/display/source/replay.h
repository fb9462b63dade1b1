/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * A recorded screen: frame after frame of 32-bit BGRX pixels, plain or zstd-compressed. Its address
 * is "FILE,size=WxH[,rate=N]" (N frames a second, 30 where nothing is said; 0: as fast as they can
 * be read). FILE.damage beside it, where there is one, has a line a frame, "x,y,w,h" rectangles
 * separated by blanks: then only these are reported as changed. After the last frame the screen
 * stands still. Files may be broken or hostile: what does not fit ends the recording with a
 * message.
 */

typedef struct {
    char *path;
    int width, height;
    int rate;
} ReplayAddress;

gboolean replay_address_parse(const char *text, ReplayAddress *address, GError **error);
void replay_address_clear(ReplayAddress *address);

/* One line of a damage file to rectangles inside width x height, at most most of them. -1 when it
 * is malformed. */
int replay_damage_parse(const char *line, int width, int height, int (*rectangles)[4], int most);
