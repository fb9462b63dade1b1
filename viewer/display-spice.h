/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "viewer/display.h"
#include "viewer/spice-target.h"

/* Begins to connect; target is only read. options: what is switched on, one for each DisplayOption.
 */
Display *display_spice_new(const SpiceTarget *target, const gboolean options[DISPLAY_N_OPTIONS],
                           const DisplayEvents *events, gpointer user);
