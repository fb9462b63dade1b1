/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/desktop-record.h"
#include "host/agent/display-process.h"

/* How far a start is, for people: 0…100. elapsed_s: since the step began. It grows always, and
 * comes near a step's end but never to it. */
guint desktop_progress_percent(DesktopState state, DesktopStep step, gint64 elapsed_s,
                               gboolean hardware);
/* What it does now, as a phrase; elapsed_s as above. moves_in: a clone whose user has a home. Free
 * with g_free. */
char *desktop_progress_text(DesktopState state, DesktopStep step, gint64 elapsed_s,
                            gboolean moves_in);

/*
 * Tells by the screen alone that a guest without an agent has come to its desktop: graphical (no
 * text mode), and nearly still for some seconds. Give it a look every second.
 */
typedef struct {
    guint64 frames;
    guint still_s;
    gboolean seen;
} ScreenWatch;

gboolean screen_watch_look(ScreenWatch *watch, const DisplayScreen *screen);
