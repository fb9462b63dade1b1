/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What hosts are told about desktops, and what comes of their answers. */
#include "broker/desktop-maker.h"
#include "broker/session-book-private.h"
#include "common/error.h"

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
            session_book_fail(command->book, command->desktop, error->message);
    }
    command_free(command);
}

gboolean
session_book_start_again(SessionBook *book, const Session *session, const char *call)
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

/* What a user keeps in a home that is not there would be thrown away with the desktop. */
static gboolean
has_home(const Desktop *desktop, const json_t *reported)
{
    size_t i;
    json_t *volume;

    json_array_foreach(json_object_get(reported, "volumes"), i, volume)
    {
        if (g_strcmp0(json_string_value(volume), desktop->volume_id) == 0)
            return TRUE;
    }
    return desktop->volume_id == NULL;
}

void
session_book_confirm(SessionBook *book, const Desktop *desktop, const json_t *reported)
{
    if (has_home(desktop, reported)) {
        if (store_begin_soft(book->store, NULL))
            store_end(book->store, desktop_set_confirmed(book->store, desktop->id, NULL), NULL);
        session_book_mirror(book, desktop->id, reported);
        return;
    }
    g_warning("The host “%s” made desktop %s without its home.", desktop->host, desktop->id);
    session_book_fail(book, desktop->id, "The host made the desktop without your home.");
    if (desktop_set_doomed(book->store, desktop->id, NULL))
        session_book_send_delete(book, desktop);
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
        session_book_confirm(book, desktop, result);
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
    session_book_notify(book, session->id);
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
