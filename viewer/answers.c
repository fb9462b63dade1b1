/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/answers.h"

#include "oriel-config.h"

#include "common/error.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_POOLS 1000
#define MAX_TEXT  500

/* At most MAX_TEXT characters without control characters; NULL when it is no string or empty. */
static char *
text_of(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    if (!value || !*value)
        return NULL;
    char *text = g_utf8_substring(value, 0, MIN(g_utf8_strlen(value, -1), MAX_TEXT));
    for (char *c = text; *c; c++) {
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    }
    return text;
}

/* Identifiers go into paths: only what needs no escaping there. */
static char *
id_of(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    if (!value || !*value || strlen(value) > 64)
        return NULL;
    for (const char *c = value; *c; c++) {
        if (!g_ascii_isalnum(*c) && *c != '-' && *c != '_')
            return NULL;
    }
    return g_strdup(value);
}

static void
protocol_error(GError **error, const char *what)
{
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_PROTOCOL,
                _("The broker's answer is not usable (%s)."), what);
}

static void
pool_info_free(gpointer data)
{
    PoolInfo *pool = data;
    g_free(pool->id);
    g_free(pool->name);
    g_free(pool->title);
    g_free(pool);
}

GPtrArray *
pool_list_parse(const json_t *answer, GError **error)
{
    const json_t *items = json_object_get(answer, "items"), *item;
    size_t index;

    if (!json_is_array(items) || json_array_size(items) > MAX_POOLS) {
        protocol_error(error, "items");
        return NULL;
    }
    GPtrArray *pools = g_ptr_array_new_with_free_func(pool_info_free);
    json_array_foreach(items, index, item)
    {
        PoolInfo *pool = g_new0(PoolInfo, 1);
        pool->name = text_of(item, "name");
        pool->id = text_of(item, "id");
        if (!pool->name)
            pool->name = g_strdup(pool->id);
        pool->title = text_of(item, "title");
        if (!pool->title)
            pool->title = g_strdup(pool->name);
        pool->is_app = g_strcmp0(json_string_value(json_object_get(item, "kind")), "app") == 0;
        pool->available = !json_is_false(json_object_get(item, "available"));
        if (pool->name)
            g_ptr_array_add(pools, pool);
        else
            pool_info_free(pool);
    }
    return pools;
}

static PoolUse
use_of(const json_t *session)
{
    const char *state = json_string_value(json_object_get(session, "state"));
    if (g_strcmp0(state, "failed") == 0)
        return POOL_FAILED;
    if (g_strcmp0(state, "suspended") == 0)
        return POOL_SUSPENDED;
    if (json_is_true(json_object_get(session, "paused")))
        return json_is_false(json_object_get(session, "answers")) ? POOL_SILENT : POOL_PAUSED;
    return g_strcmp0(state, "starting") == 0 ? POOL_STARTING : POOL_RUNNING;
}

void
pool_list_mark_sessions(GPtrArray *pools, const json_t *sessions)
{
    const json_t *items = json_object_get(sessions, "items"), *item;
    size_t index;

    json_array_foreach(items, index, item)
    {
        const char *named = json_string_value(json_object_get(item, "pool"));
        for (guint i = 0; named && i < pools->len; i++) {
            PoolInfo *pool = g_ptr_array_index(pools, i);
            if (g_strcmp0(named, pool->id) == 0 || strcmp(named, pool->name) == 0)
                pool->use = MAX(pool->use, use_of(item));
        }
    }
}

const char *
pool_info_phrase(const PoolInfo *pool)
{
    static const char *const phrases[] = {
        [POOL_FAILED] = N_("It did not start the last time. Open it to try again."),
        [POOL_STARTING] = N_("Starting…"),
        [POOL_SUSPENDED] = N_("Suspended: go on where you left"),
        [POOL_RUNNING] = N_("Running: go on where you left"),
        [POOL_PAUSED] = N_("Paused: the disk of its host is full"),
        [POOL_SILENT] = N_("Its machine does not answer at the moment"),
    };
    if (!pool_info_can_open(pool))
        return _("Not available at the moment");
    if (pool->use != POOL_UNUSED)
        return _(phrases[pool->use]);
    return pool->is_app ? _("Application") : _("Desktop");
}

gboolean
pool_info_can_open(const PoolInfo *pool)
{
    return pool->available || pool->use > POOL_FAILED;
}

static gboolean
state_of(const json_t *answer, SessionState *state)
{
    const char *word = json_string_value(json_object_get(answer, "state"));
    if (g_strcmp0(word, "ready") == 0)
        *state = SESSION_READY;
    else if (g_strcmp0(word, "failed") == 0)
        *state = SESSION_FAILED;
    else if (g_strcmp0(word, "starting") == 0)
        *state = SESSION_STARTING;
    else if (g_strcmp0(word, "suspended") == 0)
        *state = SESSION_SUSPENDED;
    else
        *state = SESSION_OVER; /* whatever other word: it leads to no desktop any more */
    return word != NULL;
}

SessionInfo *
session_info_parse(const json_t *answer, GError **error)
{
    g_autoptr(SessionInfo) session = g_new0(SessionInfo, 1);
    json_int_t progress = json_integer_value(json_object_get(answer, "progress"));

    session->id = id_of(answer, "id");
    if (!session->id || !state_of(answer, &session->state)) {
        protocol_error(error, session->id ? "state" : "id");
        return NULL;
    }
    session->title = text_of(answer, "pool_title");
    session->step = id_of(answer, "step");
    session->step_text = text_of(answer, "step_text");
    session->paused = json_is_true(json_object_get(answer, "paused"));
    session->silent = json_is_false(json_object_get(answer, "answers"));
    session->progress = (guint)CLAMP(progress, 0, 100);
    session->reason = text_of(answer, "reason");
    return g_steal_pointer(&session);
}

const char *
session_info_pause(const SessionInfo *session)
{
    if (!session->paused)
        return NULL;
    return session->silent
               ? _("Its machine does not answer. If it stays so, ask for it to be restarted.")
               : _("The disk of its host is full. It goes on by itself when there is room again.");
}

const char *
session_info_phrase(const SessionInfo *session)
{
    static const struct {
        const char *step, *text;
    } known[] = {
        {"disk", N_("Preparing the disk…")},
        {"machine", N_("Switching the machine on…")},
        {"boot", N_("The system is starting…")},
        {"desktop", N_("Waiting for the desktop…")},
        {"ready", N_("Connecting…")},
    };
    if (session->reason)
        return session->reason;
    if (session->state == SESSION_READY)
        return _("Connecting…");
    for (gsize i = 0; session->step && i < G_N_ELEMENTS(known); i++) {
        if (strcmp(session->step, known[i].step) == 0)
            return _(known[i].text);
    }
    return session->step_text ? session->step_text : _("The desktop is starting…");
}

void
session_info_free(SessionInfo *session)
{
    if (!session)
        return;
    g_free(session->id);
    g_free(session->title);
    g_free(session->step);
    g_free(session->step_text);
    g_free(session->reason);
    g_free(session);
}
