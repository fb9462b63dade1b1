/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest-agent.h"

#include "host/agent/line-stream.h"

#include <jansson.h>
#include <string.h>

#define MAX_LINE (64 * 1024)
/* The file that a guest makes when its desktop stands. */
#define DESKTOP_FILE "/run/oriel/desktop"
/* What a guest makes when it cannot let its user in, with the reason. */
#define FAILED_FILE "/run/oriel/failed"
#define MAX_FAILURE 300 /* bytes of it */
/* What makes the first. A guest that has this says itself when its desktop stands: that somebody is
 * logged in there (the session starts, and nothing is drawn yet) does not count then. */
#define ANNOUNCER "/usr/lib/oriel-guest/announce"
/* How often the agent is asked, and after how long without an answer the connection is made anew: a
 * guest that restarts its agent may lose what was on the way. */
#define ASK_MS     500
#define SILENCE_MS 10000
/* Each question takes a booting guest some of its time: whether it has failed is asked now and
 * then. */
#define FAILED_EVERY 4

typedef enum {
    STEP_SYNC,
    STEP_ANNOUNCER,
    STEP_ANNOUNCER_CLOSE,
    STEP_OPEN,
    STEP_CLOSE,
    STEP_USERS,
    STEP_FAILED,
    STEP_FAILED_READ,
} Step;

struct GuestAgent {
    char *path;
    LineStream *stream;
    Step step;
    json_int_t sync_id;
    gboolean waiting; /* for an answer */
    gboolean announces;
    gint64 asked_at; /* µs, monotonic */
    guint looks;     /* for a desktop that does not stand */
    char *failure;
    guint timer;
    GuestState state;
    GuestAgentChanged changed;
    gpointer user;
};

static void
ask(GuestAgent *agent, Step step, json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);
    json_decref(message);
    agent->step = step;
    agent->waiting = TRUE;
    agent->asked_at = g_get_monotonic_time();
    if (!line_stream_send(agent->stream, text))
        g_clear_pointer(&agent->stream, line_stream_free);
    free(text);
}

static void
set_state(GuestAgent *agent, GuestState state)
{
    if (agent->state == state)
        return;
    agent->state = state;
    if (state == GUEST_DESKTOP || state == GUEST_FAILED) {
        g_clear_handle_id(&agent->timer, g_source_remove);
        g_clear_pointer(&agent->stream, line_stream_free);
    }
    agent->changed(agent, state, agent->user);
}

static void
ask_open(GuestAgent *agent, Step step, const char *path)
{
    ask(agent, step,
        json_pack("{s:s, s:{s:s, s:s}}", "execute", "guest-file-open", "arguments", "path", path,
                  "mode", "r"));
}

static void
ask_close(GuestAgent *agent, Step step, json_t *handle)
{
    ask(agent, step,
        json_pack("{s:s, s:{s:O}}", "execute", "guest-file-close", "arguments", "handle", handle));
}

/* Nothing to ask until the timer comes again. */
static void
rest(GuestAgent *agent)
{
    agent->waiting = FALSE;
    agent->step = STEP_OPEN;
}

static void
look_elsewhere(GuestAgent *agent)
{
    if (!agent->announces)
        ask(agent, STEP_USERS, json_pack("{s:s}", "execute", "guest-get-users"));
    else if (++agent->looks % FAILED_EVERY == 0)
        ask_open(agent, STEP_FAILED, FAILED_FILE);
    else
        rest(agent);
}

static void
take_failure(GuestAgent *agent, const json_t *result)
{
    const char *encoded = json_string_value(json_object_get(result, "buf-b64"));
    gsize length = 0;
    g_autofree guchar *bytes = encoded != NULL ? g_base64_decode(encoded, &length) : NULL;
    g_autofree char *text =
        g_utf8_make_valid(bytes != NULL ? (char *)bytes : "", (gssize)MIN(length, MAX_FAILURE));
    for (char *at = text; *at != '\0'; at++)
        if (g_ascii_iscntrl(*at))
            *at = ' ';
    g_free(agent->failure);
    agent->failure = g_strdup(g_strstrip(text)[0] != '\0' ? text : "it gives no reason");
    set_state(agent, GUEST_FAILED);
}

static void
take_answer(GuestAgent *agent, json_t *result)
{
    switch (agent->step) {
    case STEP_SYNC:
        /* Answers to the questions of an earlier connection may come first. */
        if (!json_is_integer(result) || json_integer_value(result) != agent->sync_id)
            return;
        ask_open(agent, STEP_ANNOUNCER, ANNOUNCER);
        set_state(agent, GUEST_ANSWERS);
        return;
    case STEP_ANNOUNCER:
        agent->announces = json_is_integer(result);
        if (agent->announces)
            ask_close(agent, STEP_ANNOUNCER_CLOSE, result);
        else
            rest(agent);
        return;
    case STEP_ANNOUNCER_CLOSE:
        rest(agent);
        return;
    case STEP_OPEN:
        if (json_is_integer(result))
            ask_close(agent, STEP_CLOSE, result);
        else
            look_elsewhere(agent);
        return;
    case STEP_CLOSE:
        set_state(agent, GUEST_DESKTOP);
        return;
    case STEP_USERS:
        rest(agent);
        if (json_array_size(result) > 0)
            set_state(agent, GUEST_DESKTOP);
        return;
    case STEP_FAILED:
        if (json_is_integer(result))
            ask(agent, STEP_FAILED_READ,
                json_pack("{s:s, s:{s:O, s:i}}", "execute", "guest-file-read", "arguments",
                          "handle", result, "count", MAX_FAILURE));
        else
            rest(agent);
        return;
    case STEP_FAILED_READ:
        take_failure(agent, result);
        return;
    }
}

static void
on_line(LineStream *stream, char *text, gsize length, gpointer user)
{
    json_t *message = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    /* Junk from the guest is skipped: the silence that follows makes the connection anew. */
    if (json_is_object(message))
        take_answer(user, json_object_get(message, "return"));
    json_decref(message);
}

static void
on_closed(LineStream *stream, const GError *error, gpointer user)
{
    GuestAgent *agent = user;
    g_clear_pointer(&agent->stream, line_stream_free);
}

static const LineStreamEvents stream_events = {.line = on_line, .closed = on_closed};

static gboolean
on_timer(gpointer user)
{
    GuestAgent *agent = user;
    gint64 silent_ms = (g_get_monotonic_time() - agent->asked_at) / 1000;
    if (agent->stream != NULL && agent->waiting && silent_ms > SILENCE_MS)
        g_clear_pointer(&agent->stream, line_stream_free);
    if (agent->stream == NULL) {
        agent->waiting = FALSE;
        agent->stream = line_stream_connect(agent->path, MAX_LINE, &stream_events, agent, NULL);
        agent->step = STEP_SYNC;
    }
    if (agent->stream == NULL || agent->waiting)
        return G_SOURCE_CONTINUE;
    if (agent->step == STEP_SYNC) {
        agent->sync_id = g_random_int_range(1, G_MAXINT32);
        ask(agent, STEP_SYNC,
            json_pack("{s:s, s:{s:I}}", "execute", "guest-sync", "arguments", "id",
                      agent->sync_id));
    } else {
        ask_open(agent, STEP_OPEN, DESKTOP_FILE);
    }
    return G_SOURCE_CONTINUE;
}

GuestAgent *
guest_agent_new(const char *path, GuestAgentChanged changed, gpointer user)
{
    GuestAgent *agent = g_new0(GuestAgent, 1);
    agent->path = g_strdup(path);
    agent->changed = changed;
    agent->user = user;
    agent->timer = g_timeout_add(ASK_MS, on_timer, agent);
    return agent;
}

void
guest_agent_free(GuestAgent *agent)
{
    if (agent == NULL)
        return;
    g_clear_handle_id(&agent->timer, g_source_remove);
    line_stream_free(agent->stream);
    g_free(agent->failure);
    g_free(agent->path);
    g_free(agent);
}

const char *
guest_agent_failure(const GuestAgent *agent)
{
    return agent->state == GUEST_FAILED ? agent->failure : NULL;
}
