/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/reconciler.h"

#include "broker/model/audit.h"
#include "broker/model/token.h"

#define SWEEP_SECONDS 60
/* A creation that is not answered by then is sent again. */
#define PATIENCE_SECONDS 30
/* How long ended sessions (with their why) and the audit trail are kept. */
#define SESSION_DAYS 30
#define AUDIT_DAYS   365
#define DAY          ((gint64)24 * 60 * 60)

#define LOST "The host no longer has this desktop."

struct Reconciler {
    Store *store;
    HostSet *hosts;
    SessionBook *sessions;
    gint64 grace_seconds;
    guint sweep;
};

/* One desktop of ours, against what its host reports. complete: what is not reported is not there.
 */
static void
reconcile_desktop(Reconciler *self, HostLink *link, const Desktop *desktop, gboolean complete)
{
    const json_t *reported = host_link_desktop(link, desktop->id);

    if (desktop->doomed) {
        session_book_send_delete(self->sessions, desktop);
    } else if (reported) {
        if (desktop->confirmed)
            session_book_mirror(self->sessions, desktop->id, reported);
        else
            session_book_confirm(self->sessions, desktop, reported);
    } else if (!desktop->confirmed) {
        if (complete || now_seconds() - desktop->created_at > PATIENCE_SECONDS)
            session_book_send_create(self->sessions, desktop);
    } else if (complete) {
        session_book_lost(self->sessions, desktop, LOST);
    }
}

static void
meet_stranger(Reconciler *self, HostLink *link, const char *id)
{
    g_autoptr(Desktop) known = desktop_find(self->store, id, NULL);
    g_autoptr(GError) error = NULL;
    gint64 since;

    if (known)
        return;
    if (!stranger_note(self->store, id, host_link_name(link), &since, &error)) {
        g_warning("Desktop %s, which nobody here knows: %s", id, error->message);
        return;
    }
    if (self->grace_seconds == 0 || now_seconds() - since < self->grace_seconds)
        return;
    g_message("Desktop %s of host “%s” was unknown for its grace period: it is deleted.", id,
              host_link_name(link));
    audit(self->store, "oriel-broker", NULL, "desktop.delete", id, "ok",
          "Nobody here knew it for the whole grace period.");
    host_link_call(link, "desktop.delete", json_pack("{s:s}", "desktop", id), NULL, NULL);
    stranger_forget(self->store, id, NULL);
}

static void
reconcile_host(Reconciler *self, HostLink *link, gboolean complete)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) desktops = desktop_list_of_host(self->store, host_link_name(link), &error);
    const char *id;
    json_t *reported;

    if (!desktops) {
        g_warning("Host “%s”: %s", host_link_name(link), error->message);
        return;
    }
    for (guint i = 0; i < desktops->len; i++)
        reconcile_desktop(self, link, g_ptr_array_index(desktops, i), complete);
    json_object_foreach((json_t *)host_link_desktops(link), id, reported)
        meet_stranger(self, link, id);
}

void
reconciler_host_up(Reconciler *self, HostLink *link)
{
    reconcile_host(self, link, TRUE);
}

void
reconciler_desktop_changed(Reconciler *self, HostLink *link, const json_t *reported)
{
    const char *id = json_string_value(json_object_get(reported, "id"));
    g_autoptr(Desktop) desktop = desktop_find(self->store, id, NULL);

    if (!desktop)
        meet_stranger(self, link, id);
    else if (!desktop->doomed && g_str_equal(desktop->host, host_link_name(link)))
        reconcile_desktop(self, link, desktop, FALSE);
}

void
reconciler_desktop_deleted(Reconciler *self, HostLink *link, const char *id)
{
    g_autoptr(Desktop) desktop = desktop_find(self->store, id, NULL);

    stranger_forget(self->store, id, NULL);
    if (!desktop || !g_str_equal(desktop->host, host_link_name(link)))
        return;
    if (desktop->doomed)
        session_book_gone(self->sessions, desktop);
    else
        session_book_lost(self->sessions, desktop, LOST);
}

static void
prune(Reconciler *self)
{
    g_autoptr(GError) error = NULL;
    gint64 now = now_seconds();

    if (!token_prune(self->store, &error) ||
        !session_prune(self->store, now - SESSION_DAYS * DAY, &error) ||
        !audit_prune(self->store, now - AUDIT_DAYS * DAY, &error))
        g_warning("Forgetting what is old: %s", error->message);
}

static gboolean
sweep(gpointer user)
{
    Reconciler *self = user;
    GPtrArray *links = host_set_links(self->hosts);

    for (guint i = 0; i < links->len; i++)
        if (host_link_is_up(g_ptr_array_index(links, i)))
            reconcile_host(self, g_ptr_array_index(links, i), FALSE);
    prune(self);
    return G_SOURCE_CONTINUE;
}

Reconciler *
reconciler_new(Store *store, HostSet *hosts, SessionBook *sessions, gint64 grace_seconds)
{
    Reconciler *self = g_new0(Reconciler, 1);

    self->store = store;
    self->hosts = hosts;
    self->sessions = sessions;
    self->grace_seconds = grace_seconds;
    self->sweep = g_timeout_add_seconds(SWEEP_SECONDS, sweep, self);
    return self;
}

void
reconciler_free(Reconciler *self)
{
    if (!self)
        return;
    g_clear_handle_id(&self->sweep, g_source_remove);
    g_free(self);
}
