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

/* How long the last start took: what is said of "ready", else the longest of its steps. */
static gint64
took_ms(const json_t *timings)
{
    const json_t *ready = json_object_get(timings, "ready");
    const char *step;
    json_t *value;
    gint64 longest = -1;

    if (json_is_integer(ready))
        return json_integer_value(ready);
    json_object_foreach((json_t *)timings, step, value)
    {
        if (json_is_integer(value))
            longest = MAX(longest, json_integer_value(value));
    }
    return longest;
}

/* Words about how it started, which explain and change nothing. */
static void
read_origin(const json_t *reported, SessionView *view)
{
    const json_t *notes = json_object_get(reported, "notes");

    view->remote = text_of(reported, "vnc") != NULL;
    view->origin = text_of(reported, "origin");
    view->template = text_of(reported, "template");
    view->took_ms = took_ms(json_object_get(reported, "timings"));
    view->notes = json_is_array(notes) ? notes : NULL;
}

gboolean
session_mirror_read(const json_t *reported, SessionView *view)
{
    const char *state = text_of(reported, "state");
    const json_t *progress = json_object_get(reported, "progress");

    *view = (SessionView){.progress = -1, .took_ms = -1, .answers = TRUE};
    if (!state)
        return FALSE;
    view->step = text_of(reported, "step");
    view->step_text = text_of(reported, "step_text");
    view->reason = text_of(reported, "reason");
    read_origin(reported, view);
    if (json_is_integer(progress))
        view->progress = CLAMP(json_integer_value(progress), 0, 100);

    if (g_str_equal(state, "starting") || g_str_equal(state, "ready")) {
        view->state = state;
        view->reason = text_of(reported, "paused");
        view->answers = !json_is_false(json_object_get(reported, "answers"));
    } else if (g_str_equal(state, "failed")) {
        view->state = state;
        if (!view->reason)
            view->reason = "The desktop failed, and its host gave no reason.";
    } else if (g_str_equal(state, "stopped")) {
        view->state = "failed";
        view->reason = "The desktop was switched off.";
        view->stopped = TRUE;
    } else if (g_str_equal(state, "suspended") || g_str_equal(state, "suspending")) {
        view->state = "suspended";
        view->reason = NULL;
        view->suspended = g_str_equal(state, "suspended");
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

/* How a start that is over went. */
static void
explain_start(const SessionView *view, Why *why)
{
    g_autofree char *took = view->took_ms >= 0
                                ? g_strdup_printf(" in %" G_GINT64_FORMAT ".%" G_GINT64_FORMAT " s",
                                                  view->took_ms / 1000, view->took_ms % 1000 / 100)
                                : g_strdup("");

    if (view->remote)
        why_add(why, "info", "The machine answered%s.", took);
    else if (g_strcmp0(view->origin, "clone") == 0)
        why_add(why, "info", "Cloned from the template “%s”%s.",
                view->template ? view->template : "?", took);
    else if (g_strcmp0(view->origin, "resume") == 0)
        why_add(why, "info", "Resumed from disk%s.", took);
    else if (g_strcmp0(view->origin, "cold") == 0)
        why_add(why, "info", "Booted cold%s.", took);
}

/* What the host noted: why it boots after all, say, for who waits longer than they are used to. */
static void
explain_notes(const SessionView *view, const Why *known, Why *why)
{
    size_t i;
    json_t *note;

    json_array_foreach((json_t *)view->notes, i, note)
    {
        const char *text = text_of(note, "text");
        if (text && !why_says(known, text) && !why_says(why, text))
            why_add(why, "info", "%s", text);
    }
}

static void
explain_pause(const Session *session, gboolean paused, Why *why)
{
    if (paused && !why_says(why, session->reason)) /* it may be among the host's notes */
        why_add(why, "no", "%s", session->reason);
    else if (!paused && g_str_equal(session->state, "ready"))
        why_add(why, "yes", "The desktop goes on.");
}

static void
explain(const Session *session, const SessionView *view, const Why *known, Why *why)
{
    explain_notes(view, known, why);
    if (g_str_equal(session->state, "ready"))
        explain_start(view, why);

    if (g_str_equal(session->state, "ready"))
        why_add(why, "yes", "The desktop is ready.");
    else if (g_str_equal(session->state, "suspended"))
        why_add(why, "info", "The desktop is suspended; it resumes when it is asked for.");
    else if (g_str_equal(session->state, "failed"))
        why_add(why, "no", "The desktop failed: %s", session->reason ? session->reason : "");
    else
        why_add(why, "info", "Starting: %s.", session->step_text);
}

gboolean
session_mirror_apply(Session *session, const SessionView *view, const Why *known, Why *why)
{
    gboolean was_paused = session_is_paused(session);
    gboolean stated = replace(&session->state, view->state);

    if (!view->reason)
        g_clear_pointer(&session->reason, g_free);
    gboolean changed = replace(&session->reason, view->reason) || stated;
    gboolean paused = session_is_paused(session);
    /* Its last step is nothing that a sleeping desktop does. */
    gboolean sleeps = g_str_equal(session->state, "suspended");
    gboolean stepped = !sleeps && replace(&session->step, view->step);
    replace(&session->step_text, sleeps ? "Suspended" : view->step_text);
    if (view->progress >= 0)
        session->progress = view->progress;
    if (stated || stepped)
        explain(session, view, known, why);
    if (paused != was_paused)
        explain_pause(session, paused, why);
    return changed || stepped || paused != was_paused;
}
