/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <pixman.h>

/*
 * What changed in each frame of a recording: a text file with a line a frame, "x,y,w,h" rectangles
 * separated by blanks; an empty line says that nothing did. Files may be hostile: lines, rectangles
 * and numbers have bounds, and the first line that is none ends the use of the file. Any one
 * thread.
 */

#define REPLAY_DAMAGE_MAX 1024 /* rectangles in a line */

typedef struct ReplayDamage ReplayDamage;

/* NULL when there is no such file. */
ReplayDamage *replay_damage_open(const char *path, int width, int height);
void replay_damage_close(ReplayDamage *damage);
/* The next frame's. FALSE: from here on nothing is known; region is left empty. */
gboolean replay_damage_next(ReplayDamage *damage, pixman_region32_t *region);

/* One line, which begins at its own start, to rectangles inside width x height, at most most of
 * them. -1 when it is malformed. */
int replay_damage_parse(const char *line, int width, int height, int (*rectangles)[4], int most);
