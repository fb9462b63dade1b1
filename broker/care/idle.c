/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/care/idle.h"

#include "broker/model/audit.h"
#include "broker/policy/idle.h"

struct IdleCare {
    Store *store;
    HostSet *hosts;
    SessionBook *sessions;
    TicketBook *tickets;
    GHashTable *since; /* desktop id → Since; of those seen in the last round */
};

/* Nobody has looked at a desktop since then, in that session (NULL: in none). */
typedef struct {
    gint64 at;
    char *session;
} Since;

static void
since_free(gpointer data)
{
    g_free(((Since *)data)->session);
    g_free(data);
}

static GHashTable *
new_table(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, since_free);
}

IdleCare *
idle_care_new(Store *store, HostSet *hosts, SessionBook *sessions, TicketBook *tickets)
{
    IdleCare *care = g_new0(IdleCare, 1);

    care->store = store;
    care->hosts = hosts;
    care->sessions = sessions;
    care->tickets = tickets;
    care->since = new_table();
    return care;
}

void
idle_care_free(IdleCare *care)
{
    if (!care)
        return;
    g_hash_table_unref(care->since);
    g_free(care);
}

static void
suspend_answered(const json_t *result, const GError *error, gpointer user)
{
    if (error)
        g_message("A desktop that nobody looks at was not suspended: %s", error->message);
}

static void
carry_out(IdleCare *care, HostLink *link, const Desktop *desktop, const Session *session,
          IdleVerdict verdict)
{
    g_autoptr(GError) error = NULL;

    if (verdict == IDLE_SUSPEND) {
        host_link_call(link, "desktop.suspend", json_pack("{s:s}", "desktop", desktop->id),
                       suspend_answered, NULL);
    } else if (session_book_end(care->sessions, session, &error)) {
        audit(care->store, "oriel-broker", NULL, "session.delete", session->id, "ok",
              "Nobody had looked at it for as long as the pool allows.");
    } else {
        g_warning("Session %s was not ended: %s", session->id, error->message);
    }
}

/* Looks at one desktop; what is remembered of it goes into next. */
static void
see_to(IdleCare *care, HostLink *link, const Desktop *desktop, gint64 now, GHashTable *next)
{
    g_autoptr(Pool) pool = pool_find(care->store, desktop->pool_id, NULL);
    const char *state =
        json_string_value(json_object_get(host_link_desktop(link, desktop->id), "state"));
    g_autoptr(Session) session = session_find_of_desktop(care->store, desktop->id, NULL);
    const char *session_id = session ? session->id : NULL;
    const Since *before = g_hash_table_lookup(care->since, desktop->id);
    gboolean starting = session && g_str_equal(session->state, "starting");

    if (!pool || !idle_matters(pool))
        return;
    IdleFacts facts = {
        .watched = session_id && care->tickets && ticket_book_is_used(care->tickets, session_id),
        .ready = g_strcmp0(state, "ready") == 0,
        .has_session = session && !starting,
    };
    gboolean anew =
        !before || facts.watched || starting || g_strcmp0(before->session, session_id) != 0;
    facts.idle_seconds = anew ? 0 : now - before->at;

    IdleVerdict verdict = idle_judge(pool, &facts);
    Since *since = g_new0(Since, 1);
    /* What a host would not suspend is not tried again at each round. */
    since->at = anew || verdict != IDLE_NOTHING ? now : before->at;
    since->session = g_strdup(session_id);
    g_hash_table_replace(next, g_strdup(desktop->id), since);
    if (verdict != IDLE_NOTHING)
        carry_out(care, link, desktop, session, verdict);
}

void
idle_care_run(IdleCare *care, gint64 now)
{
    GPtrArray *links = host_set_links(care->hosts);
    GHashTable *next = new_table();

    for (guint i = 0; i < links->len; i++) {
        HostLink *link = g_ptr_array_index(links, i);
        g_autoptr(GPtrArray) desktops =
            host_link_is_up(link) ? desktop_list_of_host(care->store, host_link_name(link), NULL)
                                  : NULL;
        for (guint d = 0; desktops && d < desktops->len; d++) {
            const Desktop *desktop = g_ptr_array_index(desktops, d);
            if (!desktop->doomed && !desktop->spare && desktop->pool_id)
                see_to(care, link, desktop, now, next);
        }
    }
    g_hash_table_unref(care->since);
    care->since = next;
}
