/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "viewer/connector.h"
#include "viewer/display.h"
#include "viewer/reconnect.h"

/*
 * Keeps a desktop on the screen: opens the display, notices when it went away, asks the broker for
 * a new ticket and opens it again, with growing pauses, until the person stops it or trying is of
 * no use. Main thread only.
 */
typedef struct DesktopLink DesktopLink;

typedef struct {
    /* state changed; error is why (NULL when it is none). On RECONNECT_UP the display's widget is
     * there to be shown. In every other state there is no display: picture (may be NULL) is the
     * last one it had. The link may be freed on RECONNECT_STOP. */
    void (*state)(DesktopLink *link, ReconnectState state, GdkPixbuf *picture, const GError *error,
                  gpointer user);
    /* What the session is at while there is no picture; borrowed. */
    void (*progress)(DesktopLink *link, const SessionInfo *session, gpointer user);
    void (*resized)(DesktopLink *link, guint width, guint height, gpointer user);
    /* While it is shown: the machine stands still, or goes on. RECONNECT_UP means it runs. */
    void (*paused)(DesktopLink *link, const char *why, gpointer user);
} DesktopLinkEvents;

/* connector: taken over; NULL for a connection that stands alone (a .vv file) and cannot be
 * renewed. target: the first road, taken over. Nothing is called before desktop_link_start(). */
DesktopLink *desktop_link_new(Connector *connector, SpiceTarget *target,
                              const gboolean options[DISPLAY_N_OPTIONS],
                              const DesktopLinkEvents *events, gpointer user);
/* The session goes on without a viewer. */
void desktop_link_free(DesktopLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DesktopLink, desktop_link_free)

void desktop_link_start(DesktopLink *link);
/* Try now: after a sign-in, or because the person asks for it. */
void desktop_link_retry(DesktopLink *link);

void desktop_link_set_option(DesktopLink *link, DisplayOption option, gboolean on);

Display *desktop_link_display(DesktopLink *link);     /* NULL when there is none now */
Connector *desktop_link_connector(DesktopLink *link); /* NULL for a .vv file */
