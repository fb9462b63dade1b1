/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/desktop-link.h"

#include "oriel-config.h"

#include "common/error.h"
#include "viewer/display-spice.h"
#include "viewer/session-watch.h"

#include <glib/gi18n.h>
#include <string.h>

/* A display that neither shows a picture nor fails for so long is given up. A busy host may take a
 * while. */
#define ATTEMPT_LIMIT_S 30

struct DesktopLink {
    Connector *connector;
    SpiceTarget *target; /* the road for the next attempt; used once */
    Display *display;
    SessionWatch *watch;
    Reconnect reconnect;
    gboolean options[DISPLAY_N_OPTIONS];
    const DesktopLinkEvents *events;
    gpointer user;
    GdkPixbuf *picture;
    guint wait, limit;
};

static void attempt(DesktopLink *link);

static gint64
now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

static void
drop_display(DesktopLink *link)
{
    g_clear_handle_id(&link->limit, g_source_remove);
    g_clear_pointer(&link->watch, session_watch_free);
    if (!link->display)
        return;
    GdkPixbuf *picture = display_picture(link->display);
    if (picture) {
        g_clear_object(&link->picture);
        link->picture = picture;
    }
    g_clear_pointer(&link->display, display_free);
}

static gboolean
on_wait_over(gpointer user)
{
    DesktopLink *link = user;
    link->wait = 0;
    if (reconnect_begin(&link->reconnect))
        attempt(link);
    return G_SOURCE_REMOVE;
}

static void
lost(DesktopLink *link, const GError *cause)
{
    g_autoptr(GError) error = g_error_copy(cause); /* it may belong to what is freed here */
    drop_display(link);
    if (link->connector)
        connector_cancel(link->connector);
    ReconnectState state = reconnect_lost(&link->reconnect, error, now_ms());
    if (!link->connector && state == RECONNECT_WAIT) {
        reconnect_stop(&link->reconnect);
        state = RECONNECT_STOP;
    }
    g_clear_handle_id(&link->wait, g_source_remove);
    if (state == RECONNECT_WAIT)
        link->wait = g_timeout_add(reconnect_delay_ms(&link->reconnect), on_wait_over, link);
    g_message("desktop away: %s", error->message);
    link->events->state(link, state, link->picture, error, link->user);
}

static void
on_session_over(const GError *error, gpointer user)
{
    lost(user, error);
}

static void
on_session_paused(const char *why, gpointer user)
{
    DesktopLink *link = user;
    link->events->paused(link, why, link->user);
}

static const SessionWatchEvents watch_events = {.over = on_session_over,
                                                .paused = on_session_paused};

static void
on_up(Display *display, gpointer user)
{
    DesktopLink *link = user;
    DisplayStats stats;
    display_stats(display, &stats);
    g_clear_handle_id(&link->limit, g_source_remove);
    reconnect_up(&link->reconnect, now_ms());
    g_message("desktop shown %ux%u", stats.width, stats.height);
    if (link->connector && connector_session(link->connector))
        link->watch = session_watch_new(connector_client(link->connector),
                                        connector_session(link->connector), &watch_events, link);
    link->events->state(link, RECONNECT_UP, NULL, NULL, link->user);
}

static void
on_resized(Display *display, guint width, guint height, gpointer user)
{
    DesktopLink *link = user;
    g_message("desktop size %ux%u", width, height);
    link->events->resized(link, width, height, link->user);
}

static void
on_lost(Display *display, const GError *error, gpointer user)
{
    DesktopLink *link = user;
    /* A refused ticket is replaced by a fresh one; only without a broker it is the end. */
    if (link->connector && g_error_matches(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED)) {
        g_autoptr(GError) again =
            g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE, error->message);
        lost(link, again);
    } else {
        lost(link, error);
    }
}

static const DisplayEvents display_events = {.up = on_up, .resized = on_resized, .lost = on_lost};

static gboolean
on_limit(gpointer user)
{
    DesktopLink *link = user;
    g_autoptr(GError) error = g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_TIMEOUT,
                                                  _("The desktop did not show a picture in time."));
    link->limit = 0;
    lost(link, error);
    return G_SOURCE_REMOVE;
}

static void
open_display(DesktopLink *link)
{
    g_autoptr(SpiceTarget) target = g_steal_pointer(&link->target);
    link->display = display_spice_new(target, link->options, &display_events, link);
    link->limit = g_timeout_add_seconds(ATTEMPT_LIMIT_S, on_limit, link);
}

static void
on_progress(Connector *connector, const SessionInfo *session, gpointer user)
{
    DesktopLink *link = user;
    link->events->progress(link, session, link->user);
}

static void
on_ready(Connector *connector, SpiceTarget *target, gpointer user)
{
    DesktopLink *link = user;
    link->target = target;
    open_display(link);
}

static void
on_failed(Connector *connector, const GError *error, gpointer user)
{
    lost(user, error);
}

static const ConnectorEvents connector_events = {
    .progress = on_progress, .ready = on_ready, .failed = on_failed};

static void
attempt(DesktopLink *link)
{
    if (link->target)
        open_display(link);
    else if (link->connector)
        connector_start(link->connector);
}

DesktopLink *
desktop_link_new(Connector *connector, SpiceTarget *target,
                 const gboolean options[DISPLAY_N_OPTIONS], const DesktopLinkEvents *events,
                 gpointer user)
{
    DesktopLink *link = g_new0(DesktopLink, 1);
    link->connector = connector;
    link->target = target;
    link->events = events;
    link->user = user;
    memcpy(link->options, options, sizeof link->options);
    if (connector)
        connector_set_events(connector, &connector_events, link);
    return link;
}

void
desktop_link_free(DesktopLink *link)
{
    if (!link)
        return;
    g_clear_handle_id(&link->wait, g_source_remove);
    drop_display(link);
    connector_free(link->connector);
    spice_target_free(link->target);
    g_clear_object(&link->picture);
    g_free(link);
}

void
desktop_link_start(DesktopLink *link)
{
    reconnect_init(&link->reconnect);
    attempt(link);
}

void
desktop_link_retry(DesktopLink *link)
{
    if (!reconnect_begin(&link->reconnect))
        return;
    g_clear_handle_id(&link->wait, g_source_remove);
    link->events->state(link, RECONNECT_TRY, link->picture, NULL, link->user);
    attempt(link);
}

void
desktop_link_set_option(DesktopLink *link, DisplayOption option, gboolean on)
{
    link->options[option] = on;
    if (link->display)
        display_set_option(link->display, option, on);
}

Display *
desktop_link_display(DesktopLink *link)
{
    return link->display;
}

Connector *
desktop_link_connector(DesktopLink *link)
{
    return link->connector;
}
