/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/audit: newest first; ?actor= and ?action= narrow it. */
#include "broker/model/audit.h"

#include "broker/api/access.h"
#include "broker/api/reply.h"

static json_t *
entry_json(gpointer item, gpointer unused)
{
    const AuditEntry *entry = item;
    g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT, entry->id);

    return json_pack("{s:s,s:o,s:s,s:s,s:s,s:s,s:s,s:s}", "id", id, "at",
                     reply_time(entry->id / G_USEC_PER_SEC), "actor", entry->actor, "address",
                     entry->address, "action", entry->action, "object", entry->target, "outcome",
                     entry->outcome, "detail", entry->detail);
}

static char *
entry_key(gpointer item)
{
    return g_strdup_printf("%" G_GINT64_FORMAT, ((AuditEntry *)item)->id);
}

static void
get_audit(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(GError) error = NULL;
    Page page;

    if (!admin || !reply_page(request, &page))
        return;
    g_autoptr(GPtrArray) entries = audit_list(api->store, http_request_query(request, "actor"),
                                              http_request_query(request, "action"), &page, &error);
    if (!entries)
        http_request_respond_error(request, error);
    else
        reply_list(request, &page, entries, entry_json, NULL, entry_key);
}

void
api_register_audit(Api *api)
{
    http_server_route(api->server, "GET", "/api/v1/audit", get_audit, api);
}
