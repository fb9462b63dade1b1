/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/session-book.h"

#include <string.h>

#include "broker/model/why.h"
#include "broker/policy/placement.h"
#include "broker/session-mirror.h"
#include "common/error.h"

/* What a desktop's screen has before the first client says what it wants. */
#define FIRST_WIDTH  1280
#define FIRST_HEIGHT 800
/* So many sessions one user can have is more than any list shows. */
#define ALL_SESSIONS 10000

struct SessionBook {
    Store *store;
    HostSet *hosts;
    TicketBook *tickets;
    GHashTable *restarted; /* desktop ids started again for a session; a second stop is a failure */
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

    if (!session_mirror_apply(session, view, why))
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
    SessionView view = {.state = "failed", .reason = reason};

    if (session)
        apply(book, session, &view);
}

static void
start_answered(const json_t *result, const GError *error, gpointer user)
{
    if (error)
        g_warning("Starting a desktop again failed: %s", error->message);
}

/* A stopped desktop whose session wants it is started again, once: one that stops itself right away
 * is broken. */
static gboolean
start_again(SessionBook *book, const Session *session)
{
    g_autoptr(Desktop) desktop = desktop_find(book->store, session->desktop_id, NULL);
    HostLink *link = desktop ? host_set_find(book->hosts, desktop->host) : NULL;

    if (!link || g_hash_table_contains(book->restarted, desktop->id))
        return FALSE;
    g_hash_table_add(book->restarted, g_strdup(desktop->id));
    host_link_call(link, "desktop.start", json_pack("{s:s}", "desktop", desktop->id),
                   start_answered, NULL);
    return TRUE;
}

void
session_book_mirror(SessionBook *book, const char *desktop_id, const json_t *reported)
{
    g_autoptr(Session) session = session_find_of_desktop(book->store, desktop_id, NULL);
    SessionView view;

    if (!session || !session_mirror_read(reported, &view))
        return;
    if (view.stopped && g_str_equal(session->state, "starting")) {
        if (start_again(book, session))
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
    g_autoptr(GError) error = NULL;

    fail_session(book, desktop->id, reason);
    if (!desktop_delete(book->store, desktop->id, &error))
        g_warning("Desktop %s: %s", desktop->id, error->message);
}

/* --- commands to the host --- */

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

void
session_book_send_create(SessionBook *book, const Desktop *desktop)
{
    HostLink *link = host_set_find(book->hosts, desktop->host);

    if (!link)
        return;
    json_t *args =
        json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:I}", "desktop", desktop->id, "name", desktop->name,
                  "image", desktop->image, "cpus", (json_int_t)desktop->cpus, "memory_mib",
                  (json_int_t)desktop->memory_mib, "width", (json_int_t)desktop->width, "height",
                  (json_int_t)desktop->height);
    host_link_call(link, "desktop.create", args, create_answered, command_new(book, desktop));
}

static void
delete_answered(const json_t *result, const GError *error, gpointer user)
{
    Command *command = user;

    if (!error)
        desktop_delete(command->book->store, command->desktop, NULL);
    else if (!is_passing(error))
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

    if (desktop && (!pool || g_str_equal(pool->on_logoff, "delete")))
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

static int
choose_host(SessionBook *book, const Pool *pool, Why *why, GError **error)
{
    GPtrArray *links = host_set_links(book->hosts);
    g_autofree PlacementHost *hosts = g_new0(PlacementHost, links->len + 1);

    for (guint i = 0; i < links->len; i++) {
        HostLink *link = g_ptr_array_index(links, i);
        const json_t *free_mib = json_object_get(host_link_info(link), "memory_free_mib");
        hosts[i].name = host_link_name(link);
        hosts[i].problem = host_link_problem(link);
        hosts[i].image_state =
            json_string_value(json_object_get(host_link_image(link, pool->image), "state"));
        hosts[i].memory_free_mib = json_is_integer(free_mib) ? json_integer_value(free_mib) : -1;
    }
    return placement_choose(pool, hosts, links->len, why, error);
}

static gboolean
check_maximum(SessionBook *book, const Pool *pool, Why *why, GError **error)
{
    gint64 count = 0;

    if (pool->maximum == 0)
        return TRUE;
    if (!desktop_count_of_pool(book->store, pool->id, &count, error))
        return FALSE;
    why_add(why, count < pool->maximum ? "yes" : "no",
            "The pool has %" G_GINT64_FORMAT " of at most %" G_GINT64_FORMAT " desktops.", count,
            pool->maximum);
    if (count < pool->maximum)
        return TRUE;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_BUSY,
                "All %" G_GINT64_FORMAT " desktops of “%s” are in use. Try again later.",
                pool->maximum, pool->title);
    return FALSE;
}

static Desktop *
new_desktop(SessionBook *book, const User *user, const Pool *pool, Why *why, GError **error)
{
    if (!check_maximum(book, pool, why, error))
        return NULL;
    int chosen = choose_host(book, pool, why, error);
    if (chosen < 0)
        return NULL;

    HostLink *link = g_ptr_array_index(host_set_links(book->hosts), chosen);
    g_autoptr(Desktop) desktop = g_new0(Desktop, 1);
    desktop->id = g_uuid_string_random();
    desktop->pool_id = g_strdup(pool->id);
    desktop->user_id = g_strdup(user->id);
    desktop->host = g_strdup(host_link_name(link));
    desktop->name = g_strdup_printf("%s-%s", pool->name, user->name);
    /* A host name has 63 characters, and the guest takes this for its own. */
    if (strlen(desktop->name) > 63)
        desktop->name[63] = '\0';
    desktop->image = g_strdup(pool->image);
    desktop->cpus = pool->cpus;
    desktop->memory_mib = pool->memory_mib;
    desktop->width = FIRST_WIDTH;
    desktop->height = FIRST_HEIGHT;
    desktop->created_at = now_seconds();
    if (!desktop_insert(book->store, desktop, error))
        return NULL;
    why_add(why, "info", "A new desktop is made from the image “%s” on host “%s”.", pool->image,
            desktop->host);
    return g_steal_pointer(&desktop);
}

/* Looks at the desktop the user has already: TRUE with *usable set, or NULL there when a new one is
 * wanted. FALSE: an error. */
static gboolean
look_at_own(SessionBook *book, const Pool *pool, Desktop *own, Desktop **usable, Why *why,
            GError **error)
{
    gboolean keep = g_str_equal(pool->on_logoff, "keep");
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

/* The user's desktop of the pool, kept or new. */
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
    *created = !usable;
    return usable ? g_steal_pointer(&own) : new_desktop(book, user, pool, why, error);
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
        start_again(book, session);
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
    if (!check_entitled(book, user, pool, why, error))
        return NULL;
    g_autoptr(Desktop) desktop = find_or_make(book, user, pool, created, why, error);
    if (desktop && *created)
        session_book_send_create(book, desktop);
    return g_steal_pointer(&desktop);
}
