/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Which handler a method and a path lead to. Pure: no sockets, no requests. A pattern's segment
 * ":name" stands for any one segment that is not empty; a last segment "*" for the rest, empty or
 * not. Where several patterns fit, the more literal one wins.
 */

typedef struct Router Router;

typedef enum {
    ROUTER_FOUND,
    ROUTER_NO_PATH,   /* no pattern fits */
    ROUTER_NO_METHOD, /* patterns fit, with other methods */
} RouterResult;

Router *router_new(void);
void router_free(Router *router);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Router, router_free)

/* target is borrowed; the same method and pattern again replaces it. */
void router_add(Router *router, const char *method, const char *pattern, gpointer target);

/* HEAD falls back to GET. On FOUND sets target and params (name → decoded value; the rest under
 * "*"; free with g_hash_table_unref), on NO_METHOD allow ("GET, HEAD", owned by the caller). path
 * is decoded and starts with a slash. */
RouterResult router_match(Router *router, const char *method, const char *path, gpointer *target,
                          GHashTable **params, char **allow);
