/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/host-set.h"

/*
 * What the displays of all running desktops count, asked of their hosts at this moment. Main thread
 * only.
 */

#define DESKTOP_FIGURES_MAX 512 /* desktops asked at once; others are left out */

/* One line of Prometheus text for each desktop that answered, by its id, grouped by metric; the
 * callee's to free. No names of people or pools are in it. */
typedef void (*DesktopFiguresDone)(char *text, gpointer user);

/* done is called once, perhaps from inside when there is nothing to ask; hosts that do not answer
 * are waited for as long as any call to a host. */
void desktop_figures_ask(HostSet *hosts, DesktopFiguresDone done, gpointer user);
