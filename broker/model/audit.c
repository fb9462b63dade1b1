/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/audit.h"

static void
audit_entry_free(AuditEntry *entry)
{
    if (!entry)
        return;
    g_free(entry->actor);
    g_free(entry->address);
    g_free(entry->action);
    g_free(entry->target);
    g_free(entry->outcome);
    g_free(entry->detail);
    g_free(entry);
}

static const char *
text_or_empty(const char *text)
{
    return text ? text : "";
}

void
audit(Store *store, const char *actor, const char *address, const char *action, const char *target,
      const char *outcome, const char *detail)
{
    g_autoptr(GError) error = NULL;

    /* The id is the time, or one more than the last where two share a microsecond or the clock went
     * back. */
    if (!store_exec(store, &error,
                    "INSERT INTO audit (id, actor, address, action, target, outcome, detail)"
                    " SELECT CASE WHEN COALESCE(MAX(id), 0) >= $1 THEN MAX(id) + 1 ELSE $1 END,"
                    " $2, $3, $4, $5, $6, $7 FROM audit",
                    "issssss", g_get_real_time(), text_or_empty(actor), text_or_empty(address),
                    action, text_or_empty(target), outcome, text_or_empty(detail)))
        g_warning("An entry of the audit trail was lost: %s", error->message);
}

GPtrArray *
audit_list(Store *store, const char *actor, const char *action, const Page *page, GError **error)
{
    gint64 before = page->after ? g_ascii_strtoll(page->after, NULL, 10) : G_MAXINT64;
    g_autoptr(StoreResult) rows =
        store_query(store, error,
                    "SELECT id, actor, address, action, target, outcome, detail FROM audit"
                    " WHERE id < $1 AND (CAST($2 AS TEXT) IS NULL OR actor = $2)"
                    " AND (CAST($3 AS TEXT) IS NULL OR action = $3) ORDER BY id DESC LIMIT $4",
                    "issi", before, actor, action, (gint64)page->limit);

    if (!rows)
        return NULL;
    GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)audit_entry_free);
    for (guint i = 0; i < store_result_rows(rows); i++) {
        AuditEntry *entry = g_new0(AuditEntry, 1);
        entry->id = store_result_integer(rows, i, 0);
        entry->actor = g_strdup(store_result_text(rows, i, 1));
        entry->address = g_strdup(store_result_text(rows, i, 2));
        entry->action = g_strdup(store_result_text(rows, i, 3));
        entry->target = g_strdup(store_result_text(rows, i, 4));
        entry->outcome = g_strdup(store_result_text(rows, i, 5));
        entry->detail = g_strdup(store_result_text(rows, i, 6));
        g_ptr_array_add(entries, entry);
    }
    return entries;
}

gboolean
audit_prune(Store *store, gint64 before, GError **error)
{
    return store_exec(store, error, "DELETE FROM audit WHERE id < $1", "i",
                      before * G_USEC_PER_SEC);
}
