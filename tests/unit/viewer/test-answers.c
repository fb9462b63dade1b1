/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "viewer/answers.h"
#include "viewer/spice-target.h"

#include <string.h>

static json_t *
json(const char *text)
{
    json_error_t where;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &where);
    g_assert_nonnull(value);
    return value;
}

static void
test_pools(void)
{
    json_t *answer = json("{\"items\":[{\"id\":\"p1\",\"name\":\"demo\",\"title\":\"Demo\","
                          "\"kind\":\"desktop\",\"available\":true},"
                          "{\"id\":\"p2\",\"name\":\"calc\",\"kind\":\"app\",\"available\":false},{"
                          "\"title\":\"nameless\"},7,null]}");
    json_t *sessions = json("{\"items\":[{\"pool\":\"p1\",\"state\":\"ready\"},{\"pool\":\"calc\","
                            "\"state\":\"failed\"},{\"pool\":9},null]}");
    g_autoptr(GPtrArray) pools = pool_list_parse(answer, NULL);
    g_assert_cmpuint(pools->len, ==, 2);
    pool_list_mark_sessions(pools, sessions);
    pool_list_mark_sessions(pools, NULL);
    const PoolInfo *demo = g_ptr_array_index(pools, 0), *calc = g_ptr_array_index(pools, 1);
    g_assert_cmpstr(demo->name, ==, "demo");
    g_assert_true(demo->available && demo->use == POOL_RUNNING && !demo->is_app);
    g_assert_cmpstr(calc->title, ==, "calc");
    g_assert_true(!calc->available && calc->use == POOL_FAILED && calc->is_app);
    g_assert_false(pool_info_can_open(calc));
    json_decref(answer);
    json_decref(sessions);
}

/* Several sessions of one pool: the one that says most is told. */
static void
test_pool_use(void)
{
    static const struct {
        const char *sessions;
        PoolUse use;
    } cases[] = {
        {"{\"items\":[]}", POOL_UNUSED},
        {"{\"items\":[{\"pool\":\"p\",\"state\":\"failed\"}]}", POOL_FAILED},
        {"{\"items\":[{\"pool\":\"p\",\"state\":\"starting\"}]}", POOL_STARTING},
        {"{\"items\":[{\"pool\":\"p\",\"state\":\"suspended\"}]}", POOL_SUSPENDED},
        {"{\"items\":[{\"pool\":\"p\",\"state\":\"ready\",\"paused\":false}]}", POOL_RUNNING},
        {"{\"items\":[{\"pool\":\"p\",\"state\":\"ready\",\"paused\":true}]}", POOL_PAUSED},
        {"{\"items\":[{\"pool\":\"p\",\"state\":\"ready\",\"paused\":true,\"answers\":false}]}",
         POOL_SILENT},
        {"{\"items\":[{\"pool\":\"p\",\"state\":\"suspended\",\"paused\":7},"
         "{\"pool\":\"p\",\"state\":\"failed\"},{\"pool\":\"q\",\"state\":\"ready\"}]}",
         POOL_SUSPENDED},
    };
    g_autoptr(GHashTable) phrases = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        json_t *answer = json("{\"items\":[{\"id\":\"p\",\"name\":\"p\"}]}");
        json_t *sessions = json(cases[i].sessions);
        g_autoptr(GPtrArray) pools = pool_list_parse(answer, NULL);
        pool_list_mark_sessions(pools, sessions);
        const PoolInfo *pool = g_ptr_array_index(pools, 0);
        g_assert_cmpint(pool->use, ==, cases[i].use);
        g_assert_true(pool_info_can_open(pool));
        g_hash_table_add(phrases, (gpointer)pool_info_phrase(pool));
        json_decref(answer);
        json_decref(sessions);
    }
    g_assert_cmpuint(g_hash_table_size(phrases), ==, POOL_SILENT + 1);
}

static void
test_bad_pools(void)
{
    static const char *const bad[] = {"null", "[]", "{}", "{\"items\":{}}", "{\"items\":\"x\"}"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        json_t *answer = json(bad[i]);
        g_assert_null(pool_list_parse(answer, &error));
        g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_PROTOCOL);
        json_decref(answer);
    }
}

static void
test_session(void)
{
    json_t *answer = json("{\"id\":\"0a-f_\",\"state\":\"starting\",\"step\":\"boot\",\"step_"
                          "text\":\"Booting\\nnow\",\"progress\":140,"
                          "\"pool_title\":\"Demo\",\"reason\":null}");
    g_autoptr(SessionInfo) session = session_info_parse(answer, NULL);
    g_assert_cmpstr(session->id, ==, "0a-f_");
    g_assert_cmpint(session->state, ==, SESSION_STARTING);
    g_assert_cmpstr(session->step_text, ==, "Booting now");
    g_assert_cmpuint(session->progress, ==, 100);
    g_assert_null(session->reason);
    g_assert_cmpstr(session_info_phrase(session), ==, "The system is starting…");
    json_decref(answer);

    answer = json("{\"id\":\"1\",\"state\":\"something new\"}");
    g_autoptr(SessionInfo) over = session_info_parse(answer, NULL);
    g_assert_cmpint(over->state, ==, SESSION_OVER);
    json_decref(answer);

    answer = json("{\"id\":\"1\",\"state\":\"suspended\"}");
    g_autoptr(SessionInfo) asleep = session_info_parse(answer, NULL);
    g_assert_cmpint(asleep->state, ==, SESSION_SUSPENDED);
    g_assert_null(session_info_pause(asleep));
    json_decref(answer);

    answer = json("{\"id\":\"1\",\"state\":\"ready\",\"paused\":true}");
    g_autoptr(SessionInfo) paused = session_info_parse(answer, NULL);
    g_assert_nonnull(strstr(session_info_pause(paused), "disk"));
    json_decref(answer);

    answer = json("{\"id\":\"1\",\"state\":\"ready\",\"paused\":true,\"answers\":false}");
    g_autoptr(SessionInfo) silent = session_info_parse(answer, NULL);
    g_assert_nonnull(strstr(session_info_pause(silent), "not answer"));
    json_decref(answer);
}

static void
test_bad_sessions(void)
{
    /* An identifier goes into a path: one that would lead elsewhere is refused. */
    static const char *const bad[] = {"null",
                                      "{}",
                                      "{\"id\":\"1\"}",
                                      "{\"id\":1,\"state\":\"ready\"}",
                                      "{\"id\":\"\",\"state\":\"ready\"}",
                                      "{\"id\":\"../users\",\"state\":\"ready\"}",
                                      "{\"id\":\"a?b\",\"state\":\"ready\"}"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        json_t *answer = json(bad[i]);
        g_assert_null(session_info_parse(answer, &error));
        g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_PROTOCOL);
        json_decref(answer);
    }
}

static void
test_bad_targets(void)
{
    static const char *const bad[] = {
        "null",
        "{}",
        "{\"host\":\"r\",\"tls_port\":8443,\"ticket\":\"t\"}",
        "{\"host\":\"r\",\"tls_port\":\"8443\",\"ticket\":\"t\",\"ca\":\"x\"}",
        "{\"host\":\"r\",\"tls_port\":8443,\"ticket\":\"t\",\"ca\":\"no certificate\"}",
        "{\"host\":\"r\",\"tls_port\":70000,\"ticket\":\"t\",\"ca\":\"no certificate\"}"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        json_t *answer = json(bad[i]);
        g_assert_null(spice_target_from_json(answer, &error));
        g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_PROTOCOL);
        json_decref(answer);
    }
}

/* What spice_target_reach() makes of a proxy. */
static char *
reached(const char *proxy, const char *subject, const char *name, const char *peer)
{
    g_autoptr(SpiceTarget) target = g_new0(SpiceTarget, 1);
    target->proxy = g_strdup(proxy);
    target->host_subject = g_strdup(subject);
    spice_target_reach(target, name, peer);
    return g_steal_pointer(&target->proxy);
}

static void
test_reach(void)
{
    static const struct {
        const char *proxy, *subject, *name, *peer, *expected;
    } cases[] = {
        {"http://localhost:8443", "CN=o", "localhost", "127.0.0.1", "http://127.0.0.1:8443"},
        {"http://LocalHost:8443", "CN=o", "localhost", "::1", "http://[::1]:8443"},
        {"http://[::1]:8443", "CN=o", "::1", "::1", "http://[::1]:8443"},
        /* the broker says where else to go, or the name is all that TLS would compare */
        {"http://desk.example:443", "CN=o", "localhost", "127.0.0.1", "http://desk.example:443"},
        {"http://localhost:8443", NULL, "localhost", "127.0.0.1", "http://localhost:8443"},
        {"http://localhost:8443", "CN=o", "localhost", NULL, "http://localhost:8443"},
        {NULL, "CN=o", "localhost", "127.0.0.1", NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *proxy =
            reached(cases[i].proxy, cases[i].subject, cases[i].name, cases[i].peer);
        g_assert_cmpstr(proxy, ==, cases[i].expected);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/answers/pools", test_pools);
    g_test_add_func("/answers/pool-use", test_pool_use);
    g_test_add_func("/answers/bad-pools", test_bad_pools);
    g_test_add_func("/answers/session", test_session);
    g_test_add_func("/answers/bad-sessions", test_bad_sessions);
    g_test_add_func("/answers/bad-targets", test_bad_targets);
    g_test_add_func("/answers/reach", test_reach);
    return g_test_run();
}
