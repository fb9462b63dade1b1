/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "common/known-brokers.h"
#include "viewer/connector.h"
#include "viewer/settings.h"
#include "viewer/viewer-options.h"

#include <gtk/gtk.h>

/* The program: what all its windows share. */
#define TYPE_APPLICATION (application_get_type())
G_DECLARE_FINAL_TYPE(Application, application, ORIEL, APPLICATION, GtkApplication)

/* options is borrowed for the application's life. */
Application *application_new(ViewerOptions *options);

ViewerOptions *application_options(Application *application);
Settings *application_settings(Application *application);
KnownBrokers *application_known_brokers(Application *application);

/* Shows a desktop in a window of its own; takes over connector (NULL for a .vv file) and target.
 * user: who is signed in, NULL for a .vv file. */
GtkWindow *application_open_desktop(Application *application, Connector *connector,
                                    SpiceTarget *target, const char *user);
