/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/policy/idle.h"

gboolean
idle_matters(const Pool *pool)
{
    return pool->idle_suspend > 0 || pool->disconnected_end > 0;
}

static gboolean
is_over(gint64 minutes, gint64 seconds)
{
    return minutes > 0 && seconds >= minutes * 60;
}

IdleVerdict
idle_judge(const Pool *pool, const IdleFacts *facts)
{
    if (facts->watched)
        return IDLE_NOTHING;
    if (facts->has_session && is_over(pool->disconnected_end, facts->idle_seconds))
        return IDLE_END;
    if (facts->ready && is_over(pool->idle_suspend, facts->idle_seconds))
        return IDLE_SUSPEND;
    return IDLE_NOTHING;
}
