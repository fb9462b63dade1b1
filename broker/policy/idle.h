/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/model/pool.h"

/* What becomes of a desktop that nobody looks at. Pure. */

typedef struct {
    gboolean watched;     /* somebody has its screen open, or is about to */
    gboolean ready;       /* it runs, and is not just starting or falling asleep */
    gboolean has_session; /* it is somebody's at this moment, and not just starting for them */
    gint64 idle_seconds;  /* since somebody last looked, or it started */
} IdleFacts;

typedef enum {
    IDLE_NOTHING,
    IDLE_SUSPEND,
    IDLE_END, /* the session; what becomes of the desktop is the pool's policy */
} IdleVerdict;

/* Whether the pool says anything about such desktops. */
gboolean idle_matters(const Pool *pool);
IdleVerdict idle_judge(const Pool *pool, const IdleFacts *facts);
