/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* Has a screen reader read what a label says now, though the focus is elsewhere. */
void announce_label(GtkWidget *label);
