/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "viewer/desktop-link.h"

/* Once a second, a line of figures about the connection in a label. */
typedef struct StatsOverlay StatsOverlay;

/* label and link are borrowed and must outlive it. */
StatsOverlay *stats_overlay_new(GtkLabel *label, DesktopLink *link);
void stats_overlay_free(StatsOverlay *overlay);
