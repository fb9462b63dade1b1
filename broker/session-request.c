/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking for a session: which desktop it gets, and why. */
#include "broker/desktop-maker.h"
#include "broker/model/why.h"
#include "broker/session-book-private.h"
#include "common/error.h"

/* Looks at the desktop the user has already: TRUE with *usable set, or NULL there when a new one is
 * wanted. FALSE: an error. */
static gboolean
look_at_own(SessionBook *book, const Pool *pool, Desktop *own, Desktop **usable, Why *why,
            GError **error)
{
    gboolean keep = !pool_discards(pool) && !pool_is_static(pool);
    HostLink *link = host_set_find(book->hosts, own->host);
    const json_t *reported = link ? host_link_desktop(link, own->id) : NULL;
    const char *state = json_string_value(json_object_get(reported, "state"));

    *usable = NULL;
    if (!link || !host_link_is_up(link)) {
        why_add(why, "no", "Your desktop is on host “%s”, which is away.", own->host);
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE,
                    "Your desktop is on the host “%s”, which is away at the moment.", own->host);
        return FALSE;
    }
    if (g_strcmp0(state, "failed") == 0 && !keep) {
        why_add(why, "no", "Your desktop had failed; it is deleted, and a new one made.");
        return session_book_delete_desktop(book, own, error);
    }
    if (!reported && own->confirmed) {
        why_add(why, "no", "Host “%s” no longer has your desktop; a new one is made.", own->host);
        session_book_lost(book, own, "The host no longer has this desktop.");
        return TRUE;
    }
    /* What somebody kept there is not thrown away because a machine failed: it is started again. */
    why_add(why, "chosen", "You have a desktop on host “%s” already (%s): you get it again.",
            own->host, state ? state : "being made");
    *usable = own;
    return TRUE;
}

/* The user's desktop of the pool: kept, waiting for somebody, or new. */
static Desktop *
find_or_make(SessionBook *book, const User *user, const Pool *pool, gboolean *created, Why *why,
             GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(Desktop) own = desktop_find_of(book->store, pool->id, user->id, &problem);
    Desktop *usable = NULL;

    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    if (own && !look_at_own(book, pool, own, &usable, why, error))
        return NULL;
    *created = FALSE;
    if (usable)
        return g_steal_pointer(&own);
    Desktop *spare = desktop_maker_claim(book->store, book->hosts, user, pool, why, &problem);
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    if (spare)
        return spare;
    *created = TRUE;
    return desktop_maker_make(book->store, book->hosts, user, pool, why, error);
}

static gboolean
check_entitled(SessionBook *book, const User *user, const Pool *pool, Why *why, GError **error)
{
    gboolean entitled = FALSE;
    g_autofree char *through = NULL;

    if (!pool_entitles(book->store, pool->id, user->id, &entitled, &through, error))
        return FALSE;
    if (!entitled) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND, "There is no pool “%s”.",
                    pool->name);
        return FALSE;
    }
    why_add(why, "yes", "“%s” may use the pool “%s” (%s).", user->name, pool->name, through);
    return TRUE;
}

/* The session is wanted again: its desktop is resumed now, or when its host is there. */
static void
ask_to_wake(SessionBook *book, Session *session)
{
    g_autoptr(Desktop) desktop = desktop_find(book->store, session->desktop_id, NULL);
    HostLink *link = desktop ? host_set_find(book->hosts, desktop->host) : NULL;
    const json_t *reported = link ? host_link_desktop(link, desktop->id) : NULL;
    SessionView wanted = {
        .state = "starting", .step = "machine", .step_text = "Waking the desktop", .took_ms = -1};

    g_hash_table_remove(book->restarted, session->desktop_id);
    session_book_apply(book, session, &wanted);
    if (reported)
        session_book_mirror(book, session->desktop_id, reported);
}

void
session_book_wake(SessionBook *book, Session *session)
{
    if (g_str_equal(session->state, "suspended"))
        ask_to_wake(book, session);
}

/* Ends a session that failed, so that a new one can begin. FALSE: an error. *living: one that goes
 * on (owned by the caller). */
static gboolean
look_at_living(SessionBook *book, const User *user, const Pool *pool, Session **living, Why *why,
               GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(Session) session = session_find_living(book->store, pool->id, user->id, &problem);

    *living = NULL;
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    if (!session)
        return TRUE;
    if (g_str_equal(session->state, "suspended"))
        ask_to_wake(book, session);
    if (!g_str_equal(session->state, "failed")) {
        *living = g_steal_pointer(&session);
        return TRUE;
    }
    why_add(why, "info", "The session before this one failed: %s",
            session->reason ? session->reason : "no reason is known.");
    return session_book_close(book, session, error);
}

static Session *
write_session(SessionBook *book, const User *user, const Pool *pool, const Desktop *desktop,
              const Why *why, GError **error)
{
    g_autofree char *id = g_uuid_string_random();
    Session fresh = {
        .id = id,
        .user_id = user->id,
        .pool_id = pool->id,
        .desktop_id = desktop->id,
        .state = (char *)"starting",
        .step = (char *)"disk",
        .step_text = (char *)"Preparing the desktop",
        .created_at = now_seconds(),
    };

    if (!session_insert(book->store, &fresh, error) || !why_append(book->store, id, why, error))
        return NULL;
    return session_find(book->store, id, error);
}

/* Tells the host, after the store knows. */
static void
set_going(SessionBook *book, const Session *session, const Desktop *desktop, gboolean created)
{
    HostLink *link = host_set_find(book->hosts, desktop->host);
    const json_t *reported = link ? host_link_desktop(link, desktop->id) : NULL;

    const char *state = json_string_value(json_object_get(reported, "state"));

    g_hash_table_remove(book->restarted, desktop->id);
    if (g_strcmp0(state, "failed") == 0)
        session_book_start_again(book, session, "desktop.start");
    else if (reported)
        session_book_mirror(book, desktop->id, reported);
    else if (created || !desktop->confirmed)
        session_book_send_create(book, desktop);
}

Session *
session_book_request(SessionBook *book, const User *user, const Pool *pool, gboolean *created,
                     GError **error)
{
    g_autoptr(Why) why = why_new();
    g_autoptr(Session) session = NULL;
    g_autoptr(Desktop) desktop = NULL;
    gboolean new_desktop_made = FALSE;

    *created = FALSE;
    if (!check_entitled(book, user, pool, why, error) ||
        !look_at_living(book, user, pool, &session, why, error))
        return NULL;
    if (session)
        return g_steal_pointer(&session);

    if (!store_begin(book->store, error))
        return NULL;
    desktop = find_or_make(book, user, pool, &new_desktop_made, why, error);
    if (desktop)
        session = write_session(book, user, pool, desktop, why, error);
    if (!store_end(book->store, session != NULL, session ? error : NULL))
        return NULL;
    *created = TRUE;
    set_going(book, session, desktop, new_desktop_made);
    return session_find(book->store, session->id, error);
}

Desktop *
session_book_prepare(SessionBook *book, const User *user, const Pool *pool, gboolean *created,
                     GError **error)
{
    g_autoptr(Why) why = why_new();

    *created = FALSE;
    if (!check_entitled(book, user, pool, why, error) || !store_begin(book->store, error))
        return NULL;
    g_autoptr(Desktop) desktop = find_or_make(book, user, pool, created, why, error);
    if (!store_end(book->store, desktop != NULL, desktop ? error : NULL))
        return NULL;
    if (desktop && *created)
        session_book_send_create(book, desktop);
    return g_steal_pointer(&desktop);
}
