/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/*
 * A screen without a window manager: kiosks and test machines. There nobody gives a new window the
 * keyboard, and nobody listens to its wish for the full screen; the window does both itself. Where
 * there is a window manager these do what GTK does.
 */

/* Takes the keyboard whenever the window appears. */
void bare_screen_watch(GtkWindow *window);

void bare_screen_set_full(GtkWindow *window, gboolean full);
