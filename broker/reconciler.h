/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/session-book.h"

/*
 * Wanted against reported. The host is the authority on what runs: a desktop it lost fails its
 * session; commands that a crash or a lost connection swallowed are sent again; a desktop nobody
 * here knows is noted, and deleted only after the grace period. Main thread only.
 */

typedef struct Reconciler Reconciler;

/* grace_seconds 0: desktops that nobody knows are never deleted. */
Reconciler *reconciler_new(Store *store, HostSet *hosts, SessionBook *sessions,
                           gint64 grace_seconds);
void reconciler_free(Reconciler *reconciler);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reconciler, reconciler_free)

/* The host's report is complete: it was not there until now. */
void reconciler_host_up(Reconciler *reconciler, HostLink *link);
void reconciler_desktop_changed(Reconciler *reconciler, HostLink *link, const json_t *desktop);
void reconciler_desktop_deleted(Reconciler *reconciler, HostLink *link, const char *id);
