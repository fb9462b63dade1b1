/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "common/rest-client.h"
#include "viewer/answers.h"
#include "viewer/spice-target.h"

/*
 * From a pool to an open road: asks for a session, follows it until it is ready, then asks for a
 * ticket. Every run ends with exactly one ready() or failed(), or with
 * connector_cancel()/connector_free(). Main thread only.
 */
typedef struct Connector Connector;

typedef struct {
    /* The session moved on; borrowed. */
    void (*progress)(Connector *connector, const SessionInfo *session, gpointer user);
    /* Takes over target. */
    void (*ready)(Connector *connector, SpiceTarget *target, gpointer user);
    /* UNAUTHORIZED: sign in again. NOT_FOUND: the session is over. FAILED with the session's reason
     * when the desktop could not start. */
    void (*failed)(Connector *connector, const GError *error, gpointer user);
} ConnectorEvents;

/* client is referenced and signed in; pool is a pool's name or id. */
Connector *connector_new(RestClient *client, const char *pool, const ConnectorEvents *events,
                         gpointer user);
/* May be called from inside the events. */
void connector_free(Connector *connector);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Connector, connector_free)

/* Who is told from now on. */
void connector_set_events(Connector *connector, const ConnectorEvents *events, gpointer user);

/* Begins a run, in place of one that is under way. With a known session only that one will do: when
 * it is over, the run fails with NOT_FOUND instead of starting another desktop;
 * connector_forget_session() changes that. */
void connector_start(Connector *connector);
void connector_cancel(Connector *connector);
void connector_forget_session(Connector *connector);

RestClient *connector_client(Connector *connector);
const char *connector_session(Connector *connector); /* id; NULL before the first answer */
