/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "viewer/desktop-link.h"

#include <gtk/gtk.h>

/* One desktop. Closing it disconnects; the desktop runs on. */
#define DESKTOP_TYPE_WINDOW (desktop_window_get_type())
G_DECLARE_FINAL_TYPE(DesktopWindow, desktop_window, DESKTOP, WINDOW, GtkApplicationWindow)

/* Takes over connector (NULL for a .vv file) and target, and begins to connect. user: who is signed
 * in; NULL for a .vv file. */
GtkWindow *desktop_window_new(GtkApplication *application, Connector *connector,
                              SpiceTarget *target, const char *user, gboolean kiosk);

/* For the window's actions. */
DesktopLink *desktop_window_link(DesktopWindow *window);
void desktop_window_set_full_screen(DesktopWindow *window, gboolean full_screen);
/* As if the menu's button had been pressed; on the full screen its header comes with it. */
void desktop_window_open_menu(DesktopWindow *window);
void desktop_window_set_statistics(DesktopWindow *window, gboolean visible);
/* Tells the broker to end the session, then closes. */
void desktop_window_log_off(DesktopWindow *window);
