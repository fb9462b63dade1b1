/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/session-book.h"

#include "broker/desktop-maker.h"
#include "broker/model/why.h"
#include "broker/session-mirror.h"
#include "common/error.h"

/* So many sessions one user can have is more than any list shows. */
#define ALL_SESSIONS 10000

struct SessionBook {
    Store *store;
    HostSet *hosts;
    TicketBook *tickets;
    GHashTable *restarted; /* desktop ids started again or resumed for a session, once */
    SessionChanged changed;
    gpointer user;
};

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

static void
notify(SessionBook *book, const char *session_id)
{
    if (book->changed)
        book->changed(session_id, book->user);
}

/* --- following the host --- */

/* Writes what changed about a session, with a line in its why; a failure of the store is logged:
 * the next report comes. */
static void
apply(SessionBook *book, Session *session, const SessionView *view)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Why) why = why_new();
    g_autoptr(Why) known = json_array_size(view->notes) && !g_str_equal(session->state, view->state)
                               ? why_load(book->store, session->id, NULL)
                               : NULL;

    if (!session_mirror_apply(session, view, known, why))
        return;
    if (!session_update(book->store, session, &error) ||
        !why_append(book->store, session->id, why, &error))
        g_warning("Session %s: %s", session->id, error->message);
    notify(book, session->id);
}

static void
fail_session(SessionBook *book, const char *desktop_id, const char *reason)
{
    g_autoptr(Session) session = session_find_of_desktop(book->store, desktop_id, NULL);
    SessionView view = {.state = "failed", .reason = reason, .took_ms = -1};

    if (session)
        apply(book, session, &view);
}

/* A command under way; it may outlive its desktop's row. */
typedef struct {
    SessionBook *book;
    char *desktop;
    char *host;
} Command;

static Command *
command_new(SessionBook *book, const Desktop *desktop)
{
    Command *command = g_new0(Command, 1);

    command->book = book;
    command->desktop = g_strdup(desktop->id);
    command->host = g_strdup(desktop->host);
    return command;
}

static void
command_free(Command *command)
{
    g_free(command->desktop);
    g_free(command->host);
    g_free(command);
}

/* Whether the command will be sent again when the host is back. */
static gboolean
is_passing(const GError *error)
{
    return g_error_matches(error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE) ||
           g_error_matches(error, ORIEL_ERROR, ORIEL_ERROR_TIMEOUT);
}

static void
start_answered(const json_t *result, const GError *error, gpointer user)
{
    Command *command = user;

    if (error) {
        g_warning("Starting desktop %s again failed: %s", command->desktop, error->message);
        if (is_passing(error))
            g_hash_table_remove(command->book->restarted, command->desktop);
        else
            fail_session(command->book, command->desktop, error->message);
    }
    command_free(command);
}

/* A desktop that sleeps or stopped, and whose session wants it, is started once: one that stops
 * itself right away is broken. call: "desktop.start" or "desktop.resume". */
static gboolean
start_again(SessionBook *book, const Session *session, const char *call)
{
    g_autoptr(Desktop) desktop = desktop_find(book->store, session->desktop_id, NULL);
    HostLink *link = desktop ? host_set_find(book->hosts, desktop->host) : NULL;

    if (!link || g_hash_table_contains(book->restarted, desktop->id))
        return FALSE;
    g_hash_table_add(book->restarted, g_strdup(desktop->id));
    host_link_call(link, call, json_pack("{s:s}", "desktop", desktop->id), start_answered,
                   command_new(book, desktop));
    return TRUE;
}

/* The session wants a desktop that sleeps, or is just falling asleep. */
static void
wake(SessionBook *book, Session *session, const SessionView *view)
{
    SessionView waking = {
        .state = "starting", .step = "machine", .step_text = "Waking the desktop", .took_ms = -1};

    if (!view->suspended || start_again(book, session, "desktop.resume")) {
        apply(book, session, &waking);
        notify(book, session->id);
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
        if (start_again(book, session, "desktop.start"))
            return;
    } else if (g_str_equal(view.state, "suspended") && g_str_equal(session->state, "starting")) {
        wake(book, session, &view);
        return;
    } else if (g_str_equal(view.state, "ready")) {
        g_hash_table_remove(book->restarted, desktop_id);
    }
    apply(book, session, &view);
    /* Progress is shown from the host's report and not stored: who waits for it wants to look
     * again. */
    notify(book, session->id);
}

void
session_book_lost(SessionBook *book, const Desktop *desktop, const char *reason)
{
    fail_session(book, desktop->id, reason);
    session_book_gone(book, desktop);
}

/* --- commands to the host --- */

static void
create_answered(const json_t *result, const GError *error, gpointer user)
{
    Command *command = user;
    SessionBook *book = command->book;
    g_autoptr(Desktop) desktop = desktop_find(book->store, command->desktop, NULL);

    if (desktop && error && !is_passing(error)) {
        g_warning("The host “%s” made no desktop: %s", command->host, error->message);
        session_book_lost(book, desktop, error->message);
    } else if (desktop && !error) {
        desktop_set_confirmed(book->store, desktop->id, NULL);
        session_book_mirror(book, desktop->id, result);
    }
    command_free(command);
}

static void
say_waiting(SessionBook *book, const char *desktop_id)
{
    g_autoptr(Session) session = session_find_of_desktop(book->store, desktop_id, NULL);

    if (!session)
        return;
    g_free(session->step_text);
    session->step_text = g_strdup("Waiting until your last desktop is put away");
    session_update(book->store, session, NULL);
    notify(book, session->id);
}

/* A home leaves its last desktop before the next one gets it: the creation waits for that. */
static gboolean
home_is_free(SessionBook *book, const Desktop *desktop)
{
    g_autoptr(GPtrArray) holders =
        desktop->volume_id ? desktop_list_of_volume(book->store, desktop->volume_id, NULL) : NULL;

    for (guint i = 0; holders && i < holders->len; i++) {
        const Desktop *holder = g_ptr_array_index(holders, i);
        if (g_str_equal(holder->id, desktop->id) || !holder->doomed)
            continue;
        say_waiting(book, desktop->id);
        return FALSE;
    }
    return TRUE;
}

void
session_book_gone(SessionBook *book, const Desktop *desktop)
{
    g_autoptr(GError) error = NULL;

    if (!desktop_delete(book->store, desktop->id, &error)) {
        g_warning("Desktop %s: %s", desktop->id, error->message);
        return;
    }
    g_autoptr(GPtrArray) waiting =
        desktop->volume_id ? desktop_list_of_volume(book->store, desktop->volume_id, NULL) : NULL;
    for (guint i = 0; waiting && i < waiting->len; i++) {
        const Desktop *next = g_ptr_array_index(waiting, i);
        if (!next->doomed && !next->confirmed)
            session_book_send_create(book, next);
    }
}

void
session_book_send_create(SessionBook *book, const Desktop *desktop)
{
    HostLink *link = host_set_find(book->hosts, desktop->host);

    if (!link || !home_is_free(book, desktop))
        return;
    host_link_call(link, "desktop.create", desktop_maker_args(book->store, desktop),
                   create_answered, command_new(book, desktop));
}

static void
delete_answered(const json_t *result, const GError *error, gpointer user)
{
    Command *command = user;

    g_autoptr(Desktop) desktop = desktop_find(command->book->store, command->desktop, NULL);

    if (!error && desktop)
        session_book_gone(command->book, desktop);
    else if (error && !is_passing(error))
        g_warning("The host “%s” did not delete desktop %s: %s", command->host, command->desktop,
                  error->message);
    command_free(command);
}

void
session_book_send_delete(SessionBook *book, const Desktop *desktop)
{
    HostLink *link = host_set_find(book->hosts, desktop->host);

    if (link)
        host_link_call(link, "desktop.delete", json_pack("{s:s}", "desktop", desktop->id),
                       delete_answered, command_new(book, desktop));
}

/* --- ending --- */

static gboolean
close_session(SessionBook *book, const Session *session, GError **error)
{
    if (!session_end(book->store, session->id, error))
        return FALSE;
    if (book->tickets)
        ticket_book_revoke_session(book->tickets, session->id);
    notify(book, session->id);
    return TRUE;
}

gboolean
session_book_delete_desktop(SessionBook *book, const Desktop *desktop, GError **error)
{
    g_autoptr(Session) session = session_find_of_desktop(book->store, desktop->id, NULL);

    if (session && !close_session(book, session, error))
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

    if (desktop && (!pool || pool_discards(pool)))
        return session_book_delete_desktop(book, desktop, error);
    return close_session(book, session, error);
}

gboolean
session_book_end_all_of(SessionBook *book, const char *user_id, GError **error)
{
    Page all = {.limit = ALL_SESSIONS};
    g_autoptr(GPtrArray) sessions = session_list(book->store, user_id, &all, error);

    if (!sessions)
        return FALSE;
    for (guint i = 0; i < sessions->len; i++)
        if (!session_book_end(book, g_ptr_array_index(sessions, i), error))
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
session_book_forget_user(SessionBook *book, const char *user_id, GError **error)
{
    g_autoptr(GPtrArray) desktops = desktop_list_of_user(book->store, user_id, error);
    return delete_all(book, desktops, error) && session_book_end_all_of(book, user_id, error);
}

gboolean
session_book_forget_pool(SessionBook *book, const char *pool_id, GError **error)
{
    g_autoptr(GPtrArray) desktops = desktop_list_of_pool(book->store, pool_id, error);
    return delete_all(book, desktops, error);
}

/* --- asking for one --- */

/* Looks at the desktop the user has already: TRUE with *usable set, or NULL there when a new one is
 * wanted. FALSE: an error. */
static gboolean
look_at_own(SessionBook *book, const Pool *pool, Desktop *own, Desktop **usable, Why *why,
            GError **error)
{
    gboolean keep = !pool_discards(pool);
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

/* The machines of a static pool are there; what is missing is the way to their screens. */
static gboolean
check_policy(const Pool *pool, GError **error)
{
    if (!g_str_equal(pool->policy, "static"))
        return TRUE;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                "“%s” offers machines that are reached over VNC, and this version of Oriel cannot"
                " show their screens yet: it only keeps the list of them.",
                pool->title);
    return FALSE;
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
    apply(book, session, &wanted);
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
    return close_session(book, session, error);
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
        start_again(book, session, "desktop.start");
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
    if (!check_entitled(book, user, pool, why, error) || !check_policy(pool, error) ||
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
    if (!check_entitled(book, user, pool, why, error) || !check_policy(pool, error) ||
        !store_begin(book->store, error))
        return NULL;
    g_autoptr(Desktop) desktop = find_or_make(book, user, pool, created, why, error);
    if (!store_end(book->store, desktop != NULL, desktop ? error : NULL))
        return NULL;
    if (desktop && *created)
        session_book_send_create(book, desktop);
    return g_steal_pointer(&desktop);
}
