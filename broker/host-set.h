/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/host-link.h"

/* The hosts the broker knows, by name: those of the configuration's [hosts], and those that an
 * administrator added. Main thread only. */
typedef struct HostSet HostSet;

/* The set's links call events with user. */
HostSet *host_set_new(const HostLinkEvents *events, gpointer user);
void host_set_free(HostSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostSet, host_set_free)

/* address: "unix:/path". ORIEL_ERROR_INVALID for another kind, ORIEL_ERROR_EXISTS for a name that
 * is there. */
gboolean host_set_add(HostSet *set, const char *name, const char *address, GError **error);

/* Forgets a host, whose link ends: callers have no desktop there any more. One that is not there is
 * fine. */
void host_set_remove(HostSet *set, const char *name);

/* Borrowed; NULL when no such host is configured. */
HostLink *host_set_find(HostSet *set, const char *name);
/* The links in the order they were added; borrowed, of HostLink. */
GPtrArray *host_set_links(HostSet *set);
