/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/session-mirror.h"

#include <string.h>

/* A host's words end up in answers and pages: so much of them and no more. */
#define MAX_TEXT 500

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && *text && strlen(text) <= MAX_TEXT ? text : NULL;
}

gboolean
session_mirror_read(const json_t *reported, SessionView *view)
{
    const char *state = text_of(reported, "state");
    const json_t *progress = json_object_get(reported, "progress");

    *view = (SessionView){.progress = -1};
    if (!state)
        return FALSE;
    view->step = text_of(reported, "step");
    view->step_text = text_of(reported, "step_text");
    view->reason = text_of(reported, "reason");
    if (json_is_integer(progress))
        view->progress = CLAMP(json_integer_value(progress), 0, 100);

    if (g_str_equal(state, "starting") || g_str_equal(state, "ready")) {
        view->state = state;
        view->reason = NULL;
    } else if (g_str_equal(state, "failed")) {
        view->state = state;
        if (!view->reason)
            view->reason = "The desktop failed, and its host gave no reason.";
    } else if (g_str_equal(state, "stopped")) {
        view->state = "failed";
        view->reason = "The desktop was switched off.";
        view->stopped = TRUE;
    }
    /* "stopping" and words of a newer host change nothing by themselves. */
    return view->state != NULL;
}

static gboolean
replace(char **field, const char *value)
{
    if (!value || g_strcmp0(*field, value) == 0)
        return FALSE;
    g_free(*field);
    *field = g_strdup(value);
    return TRUE;
}

static void
explain(const Session *session, Why *why)
{
    if (g_str_equal(session->state, "ready"))
        why_add(why, "yes", "The desktop is ready.");
    else if (g_str_equal(session->state, "failed"))
        why_add(why, "no", "The desktop failed: %s", session->reason ? session->reason : "");
    else
        why_add(why, "info", "Starting: %s.", session->step_text);
}

gboolean
session_mirror_apply(Session *session, const SessionView *view, Why *why)
{
    gboolean failed = g_str_equal(view->state, "failed");
    gboolean stated = replace(&session->state, view->state);

    if (!failed && session->reason)
        g_clear_pointer(&session->reason, g_free);
    gboolean changed = replace(&session->reason, failed ? view->reason : NULL) || stated;
    gboolean stepped = replace(&session->step, view->step);
    replace(&session->step_text, view->step_text);
    if (view->progress >= 0)
        session->progress = view->progress;
    if (stated || stepped)
        explain(session, why);
    return changed || stepped;
}
