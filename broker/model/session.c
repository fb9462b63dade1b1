/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/session.h"

#include "broker/model/pool.h"
#include "broker/model/rows.h"

#define SELECT                                                                                     \
    "SELECT s.id, s.user_id, u.name, s.pool_id, p.name, p.title, s.desktop_id, s.state, s.step,"   \
    " s.step_text, s.progress, s.reason, s.created_at, s.ended_at, p.policy, p.home_mib"           \
    " FROM sessions s"                                                                             \
    " JOIN users u ON u.id = s.user_id JOIN pools p ON p.id = s.pool_id"

void
session_free(Session *session)
{
    if (!session)
        return;
    g_free(session->id);
    g_free(session->user_id);
    g_free(session->user_name);
    g_free(session->pool_id);
    g_free(session->pool_name);
    g_free(session->pool_title);
    g_free(session->keeps);
    g_free(session->desktop_id);
    g_free(session->state);
    g_free(session->step);
    g_free(session->step_text);
    g_free(session->reason);
    g_free(session);
}

gboolean
session_is_paused(const Session *session)
{
    return session->reason &&
           (g_str_equal(session->state, "ready") || g_str_equal(session->state, "starting"));
}

static gpointer
from_row(Store *store, StoreResult *rows, guint row, GError **error)
{
    Session *session = g_new0(Session, 1);

    session->id = g_strdup(store_result_text(rows, row, 0));
    session->user_id = g_strdup(store_result_text(rows, row, 1));
    session->user_name = g_strdup(store_result_text(rows, row, 2));
    session->pool_id = g_strdup(store_result_text(rows, row, 3));
    session->pool_name = g_strdup(store_result_text(rows, row, 4));
    session->pool_title = g_strdup(store_result_text(rows, row, 5));
    session->desktop_id = g_strdup(store_result_text(rows, row, 6));
    session->state = g_strdup(store_result_text(rows, row, 7));
    session->step = g_strdup(store_result_text(rows, row, 8));
    session->step_text = g_strdup(store_result_text(rows, row, 9));
    session->progress = store_result_integer(rows, row, 10);
    session->reason = g_strdup(store_result_text(rows, row, 11));
    session->created_at = store_result_integer(rows, row, 12);
    session->ended_at = store_result_integer(rows, row, 13);
    session->keeps =
        g_strdup(pool_kept(store_result_text(rows, row, 14), store_result_integer(rows, row, 15)));
    return session;
}

static const RowKind session_rows = {
    .name = "session", .read = from_row, .free = (GDestroyNotify)session_free};

Session *
session_find(Store *store, const char *id, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(store, error, SELECT " WHERE s.id = $1", "s", id);

    return rows_find(&session_rows, store, rows, id, error);
}

Session *
session_find_living(Store *store, const char *pool_id, const char *user_id, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, SELECT " WHERE s.pool_id = $1 AND s.user_id = $2 AND s.ended_at IS NULL",
        "ss", pool_id, user_id);
    return rows_first(&session_rows, store, rows, error);
}

Session *
session_find_of_desktop(Store *store, const char *desktop_id, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(
        store, error, SELECT " WHERE s.desktop_id = $1 AND s.ended_at IS NULL", "s", desktop_id);
    return rows_first(&session_rows, store, rows, error);
}

GPtrArray *
session_list(Store *store, const char *user_id, const Page *page, GError **error)
{
    g_autoptr(StoreResult) rows =
        store_query(store, error,
                    SELECT " WHERE s.ended_at IS NULL AND (CAST($1 AS TEXT) IS NULL OR"
                           " s.user_id = $1) AND s.id > $2 ORDER BY s.id LIMIT $3",
                    "ssi", user_id, page->after ? page->after : "", (gint64)page->limit);

    return rows_list(&session_rows, store, rows, error);
}

GPtrArray *
session_list_unentitled(Store *store, GError **error)
{
    g_autoptr(StoreResult) rows =
        store_query(store, error,
                    SELECT " WHERE s.ended_at IS NULL AND (u.disabled = 1 OR NOT EXISTS"
                           " (SELECT 1 FROM entitlements e WHERE e.pool_id = s.pool_id AND"
                           "  (e.user_id = s.user_id OR (e.user_id IS NULL AND e.group_id IS NULL)"
                           "   OR EXISTS (SELECT 1 FROM group_members m"
                           "              WHERE m.group_id = e.group_id AND"
                           "                    m.user_id = s.user_id)))) ORDER BY s.id",
                    "");

    return rows_list(&session_rows, store, rows, error);
}

gboolean
session_peak_of_pool(Store *store, const char *pool_id, gint64 since, gint64 *peak, GError **error)
{
    g_autoptr(StoreResult) rows =
        store_query(store, error,
                    "SELECT COALESCE(MAX(n), 0) FROM (SELECT COUNT(*) AS n FROM sessions"
                    " WHERE pool_id = $1 AND created_at >= $2 GROUP BY created_at / 60) AS minutes",
                    "si", pool_id, since);

    if (!rows)
        return FALSE;
    *peak = store_result_integer(rows, 0, 0);
    return TRUE;
}

gboolean
session_insert(Store *store, const Session *session, GError **error)
{
    return store_exec(store, error,
                      "INSERT INTO sessions (id, user_id, pool_id, desktop_id, state, step,"
                      " step_text, progress, reason, created_at)"
                      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                      "sssssssisi", session->id, session->user_id, session->pool_id,
                      session->desktop_id, session->state, session->step, session->step_text,
                      session->progress, session->reason, session->created_at);
}

gboolean
session_update(Store *store, const Session *session, GError **error)
{
    return store_exec(store, error,
                      "UPDATE sessions SET state = $2, step = $3, step_text = $4, progress = $5,"
                      " reason = $6 WHERE id = $1",
                      "ssssis", session->id, session->state, session->step, session->step_text,
                      session->progress, session->reason);
}

gboolean
session_end(Store *store, const char *id, GError **error)
{
    return store_exec(store, error, "UPDATE sessions SET ended_at = $2 WHERE id = $1", "si", id,
                      now_seconds());
}

gboolean
session_prune(Store *store, gint64 before, GError **error)
{
    return store_exec(store, error,
                      "DELETE FROM sessions WHERE ended_at IS NOT NULL AND ended_at < $1", "i",
                      before);
}
