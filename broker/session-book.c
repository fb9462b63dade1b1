/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/session-book-private.h"

#include "broker/model/audit.h"
#include "broker/model/why.h"

/* So many sessions one user can have is more than any list shows. */
#define ALL_SESSIONS 10000

SessionBook *
session_book_new(Store *store, HostSet *hosts, TicketBook *tickets)
{
    SessionBook *book = g_new0(SessionBook, 1);

    book->store = store;
    book->hosts = hosts;
    book->tickets = tickets;
    book->restarted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return book;
}

void
session_book_free(SessionBook *book)
{
    if (!book)
        return;
    g_hash_table_unref(book->restarted);
    g_free(book);
}

void
session_book_set_listener(SessionBook *book, SessionChanged changed, gpointer user)
{
    book->changed = changed;
    book->user = user;
}

void
session_book_notify(SessionBook *book, const char *session_id)
{
    if (book->changed)
        book->changed(session_id, book->user);
}

/* --- following the host --- */

/* Each host tells again what its desktops do. */
static gboolean
write_view(Store *store, const Session *session, const Why *why, GError **error)
{
    if (!store_begin_soft(store, error))
        return FALSE;
    gboolean ok =
        session_update(store, session, error) && why_append(store, session->id, why, error);
    return store_end(store, ok, ok ? error : NULL);
}

static gboolean
moves(const Session *session, const SessionView *view)
{
    return !g_str_equal(session->state, view->state) ||
           (view->step && g_strcmp0(session->step, view->step) != 0);
}

void
session_book_apply(SessionBook *book, Session *session, const SessionView *view)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Why) why = why_new();
    g_autoptr(Why) known = json_array_size(view->notes) && moves(session, view)
                               ? why_load(book->store, session->id, NULL)
                               : NULL;

    if (!session_mirror_apply(session, view, known, why))
        return;
    if (!write_view(book->store, session, why, &error))
        g_warning("Session %s: %s", session->id, error->message);
    session_book_notify(book, session->id);
}

void
session_book_fail(SessionBook *book, const char *desktop_id, const char *reason)
{
    g_autoptr(Session) session = session_find_of_desktop(book->store, desktop_id, NULL);
    SessionView view = {.state = "failed", .reason = reason, .took_ms = -1};

    if (session)
        session_book_apply(book, session, &view);
}

/* The session wants a desktop that sleeps, or is just falling asleep. */
static void
wake(SessionBook *book, Session *session, const SessionView *view)
{
    SessionView waking = {
        .state = "starting", .step = "machine", .step_text = "Waking the desktop", .took_ms = -1};

    if (!view->suspended || session_book_start_again(book, session, "desktop.resume")) {
        session_book_apply(book, session, &waking);
        session_book_notify(book, session->id);
    }
}

void
session_book_mirror(SessionBook *book, const char *desktop_id, const json_t *reported)
{
    g_autoptr(Session) session = session_find_of_desktop(book->store, desktop_id, NULL);
    SessionView view;

    if (!session || !session_mirror_read(reported, &view))
        return;
    if (view.stopped && g_str_equal(session->state, "starting")) {
        if (session_book_start_again(book, session, "desktop.start"))
            return;
    } else if (g_str_equal(view.state, "suspended") && g_str_equal(session->state, "starting")) {
        wake(book, session, &view);
        return;
    } else if (g_str_equal(view.state, "ready")) {
        g_hash_table_remove(book->restarted, desktop_id);
    }
    session_book_apply(book, session, &view);
    /* Progress is shown from the host's report and not stored: who waits for it wants to look
     * again. */
    session_book_notify(book, session->id);
}

void
session_book_lost(SessionBook *book, const Desktop *desktop, const char *reason)
{
    session_book_fail(book, desktop->id, reason);
    session_book_gone(book, desktop);
}

/* --- ending --- */

gboolean
session_book_close(SessionBook *book, const Session *session, GError **error)
{
    if (!session_end(book->store, session->id, error))
        return FALSE;
    if (book->tickets)
        ticket_book_revoke_session(book->tickets, session->id);
    session_book_notify(book, session->id);
    return TRUE;
}

gboolean
session_book_delete_desktop(SessionBook *book, const Desktop *desktop, GError **error)
{
    g_autoptr(Session) session = session_find_of_desktop(book->store, desktop->id, NULL);

    if (session && !session_book_close(book, session, error))
        return FALSE;
    if (!desktop_set_doomed(book->store, desktop->id, error))
        return FALSE;
    session_book_send_delete(book, desktop);
    return TRUE;
}

gboolean
session_book_end(SessionBook *book, const Session *session, GError **error)
{
    g_autoptr(Desktop) desktop = desktop_find(book->store, session->desktop_id, NULL);
    g_autoptr(Pool) pool = pool_find(book->store, session->pool_id, NULL);

    /* A machine that is there anyway goes on; only the connection to it ends. */
    if (desktop && (!pool || pool_discards(pool) || pool_is_static(pool)))
        return session_book_delete_desktop(book, desktop, error);
    return session_book_close(book, session, error);
}

static gboolean
write_reason(Store *store, const Session *session, const char *reason, GError **error)
{
    g_autoptr(Why) why = why_new();
    Session ended = *session;

    ended.reason = (char *)reason;
    why_add(why, "no", "%s", reason);
    if (!store_begin(store, error))
        return FALSE;
    gboolean ok =
        session_update(store, &ended, error) && why_append(store, session->id, why, error);
    return store_end(store, ok, ok ? error : NULL);
}

gboolean
session_book_end_because(SessionBook *book, const Session *session, const char *reason,
                         GError **error)
{
    if (!write_reason(book->store, session, reason, error) ||
        !session_book_end(book, session, error))
        return FALSE;
    g_message("Session %s was ended: %s", session->id, reason);
    audit(book->store, "oriel-broker", NULL, "session.delete", session->id, "ok", reason);
    return TRUE;
}

gboolean
session_book_end_all_of(SessionBook *book, const char *user_id, const char *reason, GError **error)
{
    Page all = {.limit = ALL_SESSIONS};
    g_autoptr(GPtrArray) sessions = session_list(book->store, user_id, &all, error);

    if (!sessions)
        return FALSE;
    for (guint i = 0; i < sessions->len; i++)
        if (!session_book_end_because(book, g_ptr_array_index(sessions, i), reason, error))
            return FALSE;
    return TRUE;
}

static gboolean
delete_all(SessionBook *book, GPtrArray *desktops, GError **error)
{
    for (guint i = 0; desktops && i < desktops->len; i++)
        if (!session_book_delete_desktop(book, g_ptr_array_index(desktops, i), error))
            return FALSE;
    return desktops != NULL;
}

gboolean
session_book_forget_user(SessionBook *book, const char *user_id, const char *reason, GError **error)
{
    if (!session_book_end_all_of(book, user_id, reason, error))
        return FALSE;
    g_autoptr(GPtrArray) desktops = desktop_list_of_user(book->store, user_id, error);
    return delete_all(book, desktops, error);
}

gboolean
session_book_forget_pool(SessionBook *book, const char *pool_id, GError **error)
{
    g_autoptr(GPtrArray) desktops = desktop_list_of_pool(book->store, pool_id, error);
    return delete_all(book, desktops, error);
}
