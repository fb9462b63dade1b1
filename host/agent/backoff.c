/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "backoff.h"

/* One that lived this long died of something new: it is started again at once. */
#define LONG_LIFE_US (30 * G_USEC_PER_SEC)
#define FIRST_MS     500

guint
backoff_after_death(Backoff *backoff, gint64 started_at)
{
    if (g_get_monotonic_time() - started_at > LONG_LIFE_US)
        backoff->quick_deaths = 0;
    guint deaths = backoff->quick_deaths++;
    return deaths == 0 ? 0 : MIN(FIRST_MS << MIN(deaths - 1, 6), BACKOFF_MAX_MS);
}
