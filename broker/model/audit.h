/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/model/name.h"
#include "broker/store/store.h"

/* What was done, by whom, from where. Never holds a secret. */
typedef struct {
    gint64 id; /* microseconds since the epoch, rising */
    char *actor;
    char *address;
    char *action; /* "login", "session.create", "user.update", … */
    char *target;
    char *outcome; /* "ok" or "refused" or "failed" */
    char *detail;
} AuditEntry;

/* Writes one down. A failure is logged: what is being done goes on. NULL strings are empty ones. */
void audit(Store *store, const char *actor, const char *address, const char *action,
           const char *target, const char *outcome, const char *detail);
/* Newest first; page->after is the id of the last one seen. actor and action narrow it, NULL for
 * all. */
GPtrArray *audit_list(Store *store, const char *actor, const char *action, const Page *page,
                      GError **error);
gboolean audit_prune(Store *store, gint64 before, GError **error);
