/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Counts what a test program allocates, on all threads: malloc and its kin are replaced by ones
 * that look who calls. Not for builds with sanitizers, which replace them themselves.
 */

/* FALSE: this program cannot count. To be asked first, when all libraries are loaded. */
gboolean malloc_count_works(void);
void malloc_count_begin(void);
/* Returns how many allocations since begin came from this program's own code (also by way of GLib
 * and the C library), and not from another library. pixman's are counted apart: its regions take
 * memory for every union. trace gets the callers of the first ones, to be freed. */
guint malloc_count_end(guint *pixman, char **trace);
