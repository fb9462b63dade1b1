/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/reconnect.h"

#include "common/error.h"

void
reconnect_init(Reconnect *reconnect)
{
    *reconnect = (Reconnect){.state = RECONNECT_TRY};
}

gboolean
reconnect_begin(Reconnect *reconnect)
{
    if (reconnect->state == RECONNECT_TRY || reconnect->state == RECONNECT_UP)
        return FALSE;
    reconnect->state = RECONNECT_TRY;
    return TRUE;
}

void
reconnect_up(Reconnect *reconnect, gint64 now_ms)
{
    if (reconnect->state != RECONNECT_TRY)
        return;
    reconnect->state = RECONNECT_UP;
    reconnect->since_ms = now_ms;
}

/* Errors that stay the same however often one tries. */
static ReconnectState
state_after(const GError *error)
{
    if (!error || error->domain != ORIEL_ERROR)
        return RECONNECT_WAIT;
    switch (error->code) {
    case ORIEL_ERROR_UNAUTHORIZED:
        return RECONNECT_SIGN_IN;
    case ORIEL_ERROR_NOT_FOUND:
    case ORIEL_ERROR_REFUSED:
    case ORIEL_ERROR_INVALID:
        return RECONNECT_STOP;
    default:
        return RECONNECT_WAIT;
    }
}

ReconnectState
reconnect_lost(Reconnect *reconnect, const GError *error, gint64 now_ms)
{
    if (reconnect->state != RECONNECT_TRY && reconnect->state != RECONNECT_UP)
        return reconnect->state;
    if (reconnect->state == RECONNECT_UP && now_ms - reconnect->since_ms >= RECONNECT_STABLE_MS)
        reconnect->failures = 0;
    reconnect->state = state_after(error);
    if (reconnect->state == RECONNECT_WAIT && reconnect->failures < G_MAXUINT)
        reconnect->failures++;
    else if (reconnect->state != RECONNECT_WAIT)
        reconnect->failures = 0;
    return reconnect->state;
}

void
reconnect_stop(Reconnect *reconnect)
{
    reconnect->state = RECONNECT_STOP;
}

guint
reconnect_delay_ms(const Reconnect *reconnect)
{
    if (reconnect->failures > RECONNECT_PATIENCE)
        return RECONNECT_LONGEST_MS;
    /* 200 ms doubled four times is past the longest wait. */
    guint doublings = reconnect->failures > 1 ? MIN(reconnect->failures - 1, 4) : 0;
    return MIN(RECONNECT_FIRST_MS << doublings, RECONNECT_SHORTLY_MS);
}
