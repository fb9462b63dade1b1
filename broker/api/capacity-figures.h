/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/api/api.h"

/* For /metrics: what hosts hold and have left, templates by state, and what pools have in use and
 * waiting, in Prometheus' text. */
void capacity_figures_add(Api *api, GString *text);
