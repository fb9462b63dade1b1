/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/http/router.h"

typedef struct {
    Router *router;
    GHashTable *params;
    char *allow;
    gpointer target;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
    f->router = router_new();
    router_add(f->router, "GET", "/api/pools", (gpointer) "list");
    router_add(f->router, "POST", "/api/pools", (gpointer) "create");
    router_add(f->router, "GET", "/api/pools/:id", (gpointer) "one");
    router_add(f->router, "GET", "/api/pools/mine", (gpointer) "mine");
    router_add(f->router, "POST", "/api/pools/:id/:verb", (gpointer) "verb");
    router_add(f->router, "GET", "/*", (gpointer) "rest");
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    router_free(f->router);
    g_clear_pointer(&f->params, g_hash_table_unref);
    g_free(f->allow);
}

static RouterResult
match(Fixture *f, const char *method, const char *path)
{
    g_clear_pointer(&f->params, g_hash_table_unref);
    g_clear_pointer(&f->allow, g_free);
    f->target = NULL;
    return router_match(f->router, method, path, &f->target, &f->params, &f->allow);
}

static void
test_literal(Fixture *f, gconstpointer data)
{
    g_assert_cmpint(match(f, "GET", "/api/pools"), ==, ROUTER_FOUND);
    g_assert_cmpstr(f->target, ==, "list");
    g_assert_cmpint(match(f, "POST", "/api/pools"), ==, ROUTER_FOUND);
    g_assert_cmpstr(f->target, ==, "create");
    g_assert_cmpint(match(f, "HEAD", "/api/pools"), ==, ROUTER_FOUND);
    g_assert_cmpstr(f->target, ==, "list");
}

static void
test_params(Fixture *f, gconstpointer data)
{
    g_assert_cmpint(match(f, "POST", "/api/pools/ä b/start"), ==, ROUTER_FOUND);
    g_assert_cmpstr(f->target, ==, "verb");
    g_assert_cmpstr(g_hash_table_lookup(f->params, "id"), ==, "ä b");
    g_assert_cmpstr(g_hash_table_lookup(f->params, "verb"), ==, "start");
}

static void
test_most_literal_wins(Fixture *f, gconstpointer data)
{
    g_assert_cmpint(match(f, "GET", "/api/pools/mine"), ==, ROUTER_FOUND);
    g_assert_cmpstr(f->target, ==, "mine");
    g_assert_cmpint(match(f, "GET", "/api/pools/yours"), ==, ROUTER_FOUND);
    g_assert_cmpstr(f->target, ==, "one");
}

static void
test_rest(Fixture *f, gconstpointer data)
{
    g_assert_cmpint(match(f, "GET", "/a/b.js"), ==, ROUTER_FOUND);
    g_assert_cmpstr(f->target, ==, "rest");
    g_assert_cmpstr(g_hash_table_lookup(f->params, "*"), ==, "a/b.js");
    g_assert_cmpint(match(f, "GET", "/"), ==, ROUTER_FOUND);
    g_assert_cmpstr(g_hash_table_lookup(f->params, "*"), ==, "");
    /* an empty segment is no parameter */
    g_assert_cmpint(match(f, "GET", "/api/pools/"), ==, ROUTER_FOUND);
    g_assert_cmpstr(f->target, ==, "rest");
}

static void
test_wrong_method(Fixture *f, gconstpointer data)
{
    g_assert_cmpint(match(f, "DELETE", "/api/pools"), ==, ROUTER_NO_METHOD);
    g_assert_cmpstr(f->allow, ==, "GET, HEAD, POST");
}

static void
test_unknown(Fixture *f, gconstpointer data)
{
    g_autoptr(Router) bare = router_new();

    g_assert_cmpint(router_match(bare, "GET", "/x", &f->target, &f->params, &f->allow), ==,
                    ROUTER_NO_PATH);
    g_assert_cmpint(match(f, "GET", "relative"), ==, ROUTER_NO_PATH);
    g_assert_cmpint(match(f, "GET", ""), ==, ROUTER_NO_PATH);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/http/router/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("literal", test_literal);
    ADD("params", test_params);
    ADD("most-literal-wins", test_most_literal_wins);
    ADD("rest", test_rest);
    ADD("wrong-method", test_wrong_method);
    ADD("unknown", test_unknown);
    return g_test_run();
}
