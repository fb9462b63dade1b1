/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include "broker/model/session.h"
#include "broker/model/why.h"

/* What a host's report of a desktop means for the session on it. Pure; any thread. */

/* Borrowed strings; NULL: nothing is said of it. */
typedef struct {
    const char *state; /* a session's: "starting", "ready", "suspended" or "failed" */
    const char *step;
    const char *step_text;
    gint64 progress;    /* 0 to 100, -1 when nothing is said */
    const char *reason; /* why it failed, or why it stands still while it is ready or starting */
    gboolean answers;   /* FALSE: its machine does not, which is that reason */
    gboolean stopped;   /* failed because the desktop is switched off: it can be started again */
    gboolean suspended; /* it can be resumed now; while it is being suspended this is FALSE */
    gboolean remote;    /* a machine that runs elsewhere: it is connected to, not booted */
    const char *origin; /* of its last start: "cold", "clone" or "resume" */
    const char *template;
    gint64 took_ms;      /* of its last start; -1 when nothing is said */
    const json_t *notes; /* an array of {at, text}, unchecked */
} SessionView;

/* reported is what a host sent: unchecked. FALSE when it says nothing that changes a session. */
gboolean session_mirror_read(const json_t *reported, SessionView *view);

/* Takes the view over into session. Returns whether something changed that is worth storing (not
 * progress or the step's text alone: a host counts seconds in it); each change of state or step is
 * a line in why, and the end of a start tells how it went and what the host noted about it, but for
 * what is known already (may be NULL). */
gboolean session_mirror_apply(Session *session, const SessionView *view, const Why *known,
                              Why *why);
