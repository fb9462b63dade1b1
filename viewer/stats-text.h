/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

/* What the broker answers about a session's screen (…/stats), in a few lines for people; before:
 * the answer of seconds ago, or NULL, for what is per second. Unknown or odd members are left out.
 * The caller frees it. */
char *stats_text(const json_t *stats, const json_t *before, double seconds);
