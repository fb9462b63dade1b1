/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/api/api.h"
#include "broker/api/reply.h"

/*
 * What administrators do with a kind of row of the store, a table a kind: list it, and show, make,
 * change and delete one. Every such call is an administrator's, and what it changed is in the audit
 * ("group.create" and so on). A kind does by a handler of its own what does not fit; functions that
 * none of its routes comes to may be NULL.
 */
typedef struct {
    const char *name; /* "group": its word in the audit, and the parameter of a row's path */

    /* Rows are found by what the path names, and freed. */
    gpointer (*find)(Store *store, const char *id_or_name, GError **error);
    GDestroyNotify free;
    /* The row in an answer. */
    ReplyItem json; /* its user is the Api */
    /* What names it in the audit and to the next page. */
    ReplyKey key;

    GPtrArray *(*list)(Store *store, const Page *page, GError **error);
    gboolean (*remove)(Api *api, gpointer row, GError **error);

    /* A new row, to be read and written. */
    gpointer (*make)(void);
    /* Reads what the request says over what the row has; ends fields. FALSE after answering. */
    gboolean (*read)(Api *api, HttpRequest *request, Fields *fields, gpointer row, FieldNeed need);
    gboolean (*write)(Api *api, gpointer row, gboolean is_new, GError **error);
} Resource;

/* What the handlers below take as their data; api's. resource is borrowed for good. */
gpointer resource_bind(const Resource *resource, Api *api);

/* Handlers: of the kind's path, */
void resource_list(HttpRequest *request, gpointer bound);
void resource_post(HttpRequest *request, gpointer bound);
/* and of a row's. */
void resource_get(HttpRequest *request, gpointer bound);
void resource_patch(HttpRequest *request, gpointer bound);
void resource_delete(HttpRequest *request, gpointer bound);

/* The row a path names, for handlers of the kind's own; NULL after answering, or where admin is
 * NULL. */
gpointer resource_named(const Resource *resource, Api *api, HttpRequest *request,
                        const User *admin);

/* Defines found() and freed() for a table, from the functions of broker/model/NAME.h. */
#define RESOURCE_ROWS(Type, name)                                                                  \
    static gpointer found(Store *store, const char *id_or_name, GError **error)                    \
    {                                                                                              \
        return name##_find(store, id_or_name, error);                                              \
    }                                                                                              \
    static void freed(gpointer row)                                                                \
    {                                                                                              \
        name##_free((Type *)row);                                                                  \
    }
