/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Whether name may name a user, group, pool or image: [a-z0-9][a-z0-9._-]{0,62}, and no UUID,
 * because an item may be asked for by its id in the same place. */
gboolean name_is_valid(const char *name);
#define NAME_RULE "1 to 63 of a-z, 0-9, “.”, “_” and “-”, beginning with a letter or digit"

/* Now, in seconds since the epoch. */
gint64 now_seconds(void);
/* RFC 3339 in UTC; owned by the caller. */
char *time_text(gint64 seconds);

/* A part of a list: at most limit items after the one named after (NULL: from the start). */
typedef struct {
    guint limit;
    const char *after;
} Page;
