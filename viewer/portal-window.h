/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "viewer/application.h"

/* The way to a desktop: sign in, judge the certificate, choose, watch it start. The desktop then
 * gets a window of its own, and this one waits hidden until that is closed. */
#define PORTAL_TYPE_WINDOW (portal_window_get_type())
G_DECLARE_FINAL_TYPE(PortalWindow, portal_window, PORTAL, WINDOW, GtkApplicationWindow)

GtkWindow *portal_window_new(Application *application);
