/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* Takes the keyboard when the window appears on a screen without a window manager (kiosks, test
 * machines), where nobody else would give it. */
void window_focus_watch(GtkWindow *window);
