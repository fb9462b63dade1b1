/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/auth/auth.h"
#include "broker/authority.h"
#include "broker/care/caretaker.h"
#include "broker/gateway/ticket-book.h"
#include "broker/host-set.h"
#include "broker/http/http.h"
#include "broker/session-book.h"
#include "broker/store/store.h"

/* What the REST resources work on; all borrowed, and there until the server is freed. */
typedef struct SessionWaits SessionWaits;
typedef struct ItemWaits ItemWaits;
typedef struct {
    HttpServer *server;
    Store *store;
    Auth *auth;
    Authority *authority;
    HostSet *hosts;
    SessionBook *sessions;
    SessionWaits *waits;
    ItemWaits *item_waits;
    Caretaker *caretaker;
    TicketBook *tickets;
    const char *public_name; /* NULL: the name the client used */
    guint16 port;
    gint64 started_at;
    GPtrArray *bound; /* of resource.c; freed after the server */
} Api;

/* Each resource registers its routes; api is their handlers' data. */
void api_register_login(Api *api);
void api_register_pools(Api *api);
void api_register_sessions(Api *api);
void api_register_session_stats(Api *api);
void api_register_connect(Api *api);
void api_register_users(Api *api);
void api_register_groups(Api *api);
void api_register_images(Api *api);
void api_register_templates(Api *api);
void api_register_volumes(Api *api);
void api_register_hosts(Api *api);
void api_register_desktops(Api *api);
void api_register_audit(Api *api);
void api_register_health(Api *api);
void api_register_metrics(Api *api);
void api_register_portal(Api *api);

/* All of them. */
void api_register(Api *api);
