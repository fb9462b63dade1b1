/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/http/router.h"

#include <string.h>

typedef struct {
    char *method;
    char *pattern;
    char **segments;
    gpointer target;
} Route;

struct Router {
    GPtrArray *routes;
};

static void
route_free(gpointer data)
{
    Route *route = data;

    g_free(route->method);
    g_free(route->pattern);
    g_strfreev(route->segments);
    g_free(route);
}

Router *
router_new(void)
{
    Router *router = g_new0(Router, 1);

    router->routes = g_ptr_array_new_with_free_func(route_free);
    return router;
}

void
router_free(Router *router)
{
    if (!router)
        return;
    g_ptr_array_unref(router->routes);
    g_free(router);
}

void
router_add(Router *router, const char *method, const char *pattern, gpointer target)
{
    for (guint i = 0; i < router->routes->len; i++) {
        Route *known = router->routes->pdata[i];
        if (g_str_equal(known->method, method) && g_str_equal(known->pattern, pattern)) {
            known->target = target;
            return;
        }
    }
    Route *route = g_new0(Route, 1);
    route->method = g_strdup(method);
    route->pattern = g_strdup(pattern);
    route->segments = g_strsplit(pattern + 1, "/", -1);
    route->target = target;
    g_ptr_array_add(router->routes, route);
}

static gboolean
route_fits(const Route *route, char **path)
{
    guint i;

    for (i = 0; route->segments[i]; i++) {
        const char *segment = route->segments[i];
        if (g_str_equal(segment, "*") && !route->segments[i + 1])
            return TRUE;
        if (!path[i])
            return FALSE;
        if (segment[0] == ':' ? !*path[i] : !g_str_equal(segment, path[i]))
            return FALSE;
    }
    return path[i] == NULL;
}

/* How literal a segment is. */
static int
segment_rank(const char *segment)
{
    return g_str_equal(segment, "*") ? 0 : segment[0] == ':' ? 1 : 2;
}

static gboolean
route_is_more_literal(const Route *a, const Route *b)
{
    for (guint i = 0; a->segments[i] && b->segments[i]; i++) {
        int difference = segment_rank(a->segments[i]) - segment_rank(b->segments[i]);
        if (difference != 0)
            return difference > 0;
    }
    return FALSE;
}

static GHashTable *
route_params(const Route *route, char **path)
{
    GHashTable *params = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    for (guint i = 0; route->segments[i]; i++) {
        const char *segment = route->segments[i];
        if (segment[0] == ':') {
            g_hash_table_insert(params, g_strdup(segment + 1), g_strdup(path[i]));
        } else if (g_str_equal(segment, "*") && !route->segments[i + 1]) {
            gboolean rest = i < g_strv_length(path);
            g_hash_table_insert(params, g_strdup("*"),
                                rest ? g_strjoinv("/", path + i) : g_strdup(""));
        }
    }
    return params;
}

static const Route *
router_find(Router *router, const char *method, char **path)
{
    const Route *best = NULL;

    for (guint i = 0; i < router->routes->len; i++) {
        const Route *route = router->routes->pdata[i];
        if (g_str_equal(route->method, method) && route_fits(route, path) &&
            (!best || route_is_more_literal(route, best)))
            best = route;
    }
    return best;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The methods of all patterns that fit, or NULL. */
static char *
router_allow(Router *router, char **path)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (guint i = 0; i < router->routes->len; i++) {
        const Route *route = router->routes->pdata[i];
        if (!route_fits(route, path) ||
            g_ptr_array_find_with_equal_func(names, route->method, g_str_equal, NULL))
            continue;
        g_ptr_array_add(names, route->method);
        if (g_str_equal(route->method, "GET"))
            g_ptr_array_add(names, (gpointer) "HEAD");
    }
    if (names->len == 0)
        return NULL;
    g_ptr_array_sort(names, compare_names);
    g_ptr_array_add(names, NULL);
    return g_strjoinv(", ", (char **)names->pdata);
}

RouterResult
router_match(Router *router, const char *method, const char *path, gpointer *target,
             GHashTable **params, char **allow)
{
    if (path[0] != '/')
        return ROUTER_NO_PATH;

    g_auto(GStrv) segments = g_strsplit(path + 1, "/", -1);
    const Route *route = router_find(router, method, segments);
    if (!route && g_str_equal(method, "HEAD"))
        route = router_find(router, "GET", segments);
    if (route) {
        *target = route->target;
        *params = route_params(route, segments);
        return ROUTER_FOUND;
    }
    *allow = router_allow(router, segments);
    return *allow ? ROUTER_NO_METHOD : ROUTER_NO_PATH;
}
