/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "viewer/desktop-window.h"

/* The actions of a desktop's window: win.full-screen, send-keys (s: key names with '+' between),
 * screenshot, scale, clipboard, sound, statistics, disconnect, log-off. A kiosk has none of those
 * that lead out. */
void window_actions_add(DesktopWindow *window);
