/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/api/api.h"

/*
 * Answers a request with what a host answers to a call. The caller's audit entry is written when
 * the host has answered.
 */
typedef struct {
    Api *api;
    HttpRequest *request;
    const User *user;
    HostLink *link;
    guint status;       /* of a success */
    const char *action; /* audit; a literal */
    const char *object;
} Relay;

/* What relay points to is copied or referenced. Takes over args. */
void relay_call(const Relay *relay, const char *call, json_t *args);

/* A host's object with "host" added; a new reference. */
json_t *relay_item(const json_t *item, HostLink *link);

/* The host a request means: the one named (NULL: the only one there is, or the first that is up).
 * NULL after answering. */
HostLink *relay_host(Api *api, HttpRequest *request, const char *name);
