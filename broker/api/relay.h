/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/api/api.h"

/*
 * Answers a request with what a host answers to a call, which is also the word of the audit entry
 * that is written then, for the user.
 */
typedef struct {
    Api *api;
    HttpRequest *request;
    const User *user;
    HostLink *link;
    guint status;       /* of a success */
    const char *call;   /* a literal */
    const char *object; /* of the audit entry */
} Relay;

/* What relay points to is copied or referenced. Takes over args. */
void relay_call(const Relay *relay, json_t *args);
/* The same for a call whose only argument is a name. */
void relay_name(Api *api, HttpRequest *request, const User *user, HostLink *link, const char *call,
                const char *name);

/* A host's object with "host" added; a new reference. */
json_t *relay_item(const json_t *item, HostLink *link);

/* The host a request means: the one named (NULL: the only one there is, or the first that is up).
 * NULL after answering. */
HostLink *relay_host(Api *api, HttpRequest *request, const char *name);

/* Who has the image or template that the path names (":image", ":template"), on the host of ?host=
 * if that is given; NULL after answering. */
HostLink *relay_owner(Api *api, HttpRequest *request, HostKind kind);
/* Relays an administrator's call whose only argument is that image's or template's name. */
void relay_to_owner(Api *api, HttpRequest *request, HostKind kind, const char *call);
