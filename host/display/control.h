/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "frame.h"
#include <jansson.h>

/*
 * The control socket: JSON lines, see ARCHITECTURE.md. Calls: stats; screenshot {path}, where path
 * is a new file in the socket's own folder; screen-hash. Main thread only.
 */

typedef struct Control Control;

typedef struct {
    json_t *(*stats)(gpointer user);
    const Frame *(*frame)(gpointer user); /* the screen as it is now, until control returns to the
                                             main loop; NULL: none */
    gboolean (*settled)(gpointer user);   /* every client was sent that screen exactly */
} ControlCalls;

Control *control_new(const char *path, const ControlCalls *calls, gpointer user, GError **error);
void control_free(Control *control);
