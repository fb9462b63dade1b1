/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * A recorded screen: frame after frame of 32-bit BGRX pixels, plain or zstd-compressed. Its address
 * is "FILE,size=WxH[,rate=N|lockstep]": N frames a second, 30 where nothing is said, 0: as fast as
 * they can be shown; lockstep: the next one when every client was sent the last, the first when a
 * client has come. FILE.damage beside it, where there is one, says what changes in each frame
 * (replay-damage.h). After the last frame the screen stands still. Files may be broken or hostile:
 * what does not fit ends the recording with a message.
 *
 * The surface is pointed at the recorded frames, and what fits a gigabyte is decoded before the
 * first of them is shown: playing costs next to nothing, so a measurement sees the frame path
 * alone.
 */

typedef struct {
    char *path;
    int width, height;
    int rate; /* frames a second */
    gboolean lockstep;
} ReplayAddress;

gboolean replay_address_parse(const char *text, ReplayAddress *address, GError **error);
void replay_address_clear(ReplayAddress *address);
