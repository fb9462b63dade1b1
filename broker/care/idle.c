/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/care/idle.h"

#include "broker/policy/idle.h"

/* So many pools are more than any broker has. */
#define ALL_POOLS 10000

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
    } else if (!session_book_end_because(care->sessions, session,
                                         "Nobody had looked at it for as long as the pool allows.",
                                         &error)) {
        g_warning("Session %s was not ended: %s", session->id, error->message);
    }
}

/* Looks at one desktop; what is remembered of it goes into next. */
static void
see_to(IdleCare *care, HostLink *link, const Desktop *desktop, const Pool *pool, gint64 now,
       GHashTable *next)
{
    const char *state =
        json_string_value(json_object_get(host_link_desktop(link, desktop->id), "state"));
    g_autoptr(Session) session = session_find_of_desktop(care->store, desktop->id, NULL);
    const char *session_id = session ? session->id : NULL;
    const Since *before = g_hash_table_lookup(care->since, desktop->id);
    gboolean starting = session && g_str_equal(session->state, "starting");

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

/* The pools that say something about such desktops, by id. */
static GHashTable *
pools_that_matter(IdleCare *care)
{
    Page all = {.limit = ALL_POOLS};
    g_autoptr(GPtrArray) pools = pool_list(care->store, &all, NULL);
    GHashTable *table =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)pool_free);

    for (guint i = 0; pools && i < pools->len; i++) {
        Pool *pool = g_ptr_array_index(pools, i);
        if (idle_matters(pool)) {
            pools->pdata[i] = NULL;
            g_hash_table_insert(table, pool->id, pool);
        }
    }
    return table;
}

static void
see_to_host(IdleCare *care, HostLink *link, GHashTable *pools, gint64 now, GHashTable *next)
{
    g_autoptr(GPtrArray) desktops = desktop_list_of_host(care->store, host_link_name(link), NULL);

    for (guint i = 0; desktops && i < desktops->len; i++) {
        const Desktop *desktop = g_ptr_array_index(desktops, i);
        const Pool *pool = desktop->pool_id ? g_hash_table_lookup(pools, desktop->pool_id) : NULL;
        if (pool && !desktop->doomed && !desktop->spare)
            see_to(care, link, desktop, pool, now, next);
    }
}

void
idle_care_run(IdleCare *care, gint64 now)
{
    g_autoptr(GHashTable) pools = pools_that_matter(care);
    GPtrArray *links = host_set_links(care->hosts);
    GHashTable *next = new_table();

    for (guint i = 0; g_hash_table_size(pools) > 0 && i < links->len; i++)
        if (host_link_is_up(g_ptr_array_index(links, i)))
            see_to_host(care, g_ptr_array_index(links, i), pools, now, next);
    g_hash_table_unref(care->since);
    care->since = next;
}
