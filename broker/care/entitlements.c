/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/care/entitlements.h"

void
entitlement_care_run(Store *store, SessionBook *sessions)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) stale = session_list_unentitled(store, &error);

    for (guint i = 0; stale && i < stale->len && !error; i++) {
        const Session *session = g_ptr_array_index(stale, i);
        g_autofree char *reason = g_strdup_printf("“%s” may no longer use the pool “%s”.",
                                                  session->user_name, session->pool_name);
        session_book_end_because(sessions, session, reason, &error);
    }
    if (error)
        g_warning("Sessions without an entitlement were not ended: %s", error->message);
}
