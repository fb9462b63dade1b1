/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <sodium.h>

#include "broker/auth/auth.h"
#include "broker/auth/password.h"
#include "broker/auth/throttle.h"
#include "broker/model/token.h"
#include "common/error.h"
#include "scratch.h"

#define SECOND ((gint64)G_USEC_PER_SEC)

static void
test_policy(void)
{
    g_autofree char *longest = g_strnfill(PASSWORD_MAX, 'x');
    g_autofree char *longer = g_strnfill(PASSWORD_MAX + 1, 'x');

    g_assert_true(password_check_policy("12345678", "ann", NULL));
    g_assert_false(password_check_policy("1234567", "ann", NULL));
    g_assert_false(password_check_policy("annabell", "AnnaBell", NULL));
    g_assert_true(password_check_policy(longest, NULL, NULL));
    g_assert_false(password_check_policy(longer, NULL, NULL));
}

static void
test_hash(void)
{
    g_autofree char *hash = password_hash("right horse", NULL);

    g_assert_true(g_str_has_prefix(hash, "$argon2id$v=19$m=65536,t=2,"));
    g_assert_true(password_verify(hash, "right horse"));
    g_assert_false(password_verify(hash, "wrong horse"));
    g_assert_false(password_verify(NULL, "right horse"));
    g_assert_false(password_verify("", ""));
    g_assert_false(password_verify("nonsense", "right horse"));
}

/* Nobody's hash must be as much work as a real one: a malformed one would fail at once. */
static void
test_nobody_costs(void)
{
    g_autofree char *hash = password_hash("right horse", NULL);
    gint64 start = g_get_monotonic_time();
    password_verify(hash, "wrong horse");
    gint64 real = g_get_monotonic_time() - start;

    start = g_get_monotonic_time();
    password_verify(NULL, "wrong horse");
    g_assert_cmpint(g_get_monotonic_time() - start, >, real / 10);
}

static void
test_throttle(void)
{
    g_autoptr(Throttle) throttle = throttle_new();
    gint64 now = SECOND;

    for (guint i = 0; i < THROTTLE_FREE; i++)
        g_assert_cmpuint(throttle_try(throttle, "ann", "1.2.3.4", now), ==, 0);
    g_assert_cmpuint(throttle_try(throttle, "ann", "1.2.3.4", now), ==, 2);
    /* Others, and the same from elsewhere, go on. */
    g_assert_cmpuint(throttle_try(throttle, "bob", "1.2.3.4", now), ==, 0);
    g_assert_cmpuint(throttle_try(throttle, "ann", "1.2.3.5", now), ==, 0);
    now += 2 * SECOND;
    g_assert_cmpuint(throttle_try(throttle, "ann", "1.2.3.4", now), ==, 0);
    g_assert_cmpuint(throttle_try(throttle, "ann", "1.2.3.4", now), ==, 4);
    throttle_success(throttle, "ann", "1.2.3.4");
    g_assert_cmpuint(throttle_try(throttle, "ann", "1.2.3.4", now), ==, 0);
    now += 60 * 60 * SECOND;
    for (guint i = 0; i < THROTTLE_FREE; i++)
        g_assert_cmpuint(throttle_try(throttle, "ann", "1.2.3.4", now), ==, 0);
}

static void
test_throttle_address(void)
{
    g_autoptr(Throttle) throttle = throttle_new();

    for (guint i = 0; i < THROTTLE_FREE_ADDRESS; i++) {
        g_autofree char *user = g_strdup_printf("user-%u", i);
        g_assert_cmpuint(throttle_try(throttle, user, "1.2.3.4", SECOND), ==, 0);
    }
    g_assert_cmpuint(throttle_try(throttle, "one-more", "1.2.3.4", SECOND), >, 0);
}

/* Who has one IPv6 address has its whole network. */
static void
test_throttle_network(void)
{
    g_autoptr(Throttle) throttle = throttle_new();

    for (guint i = 0; i < THROTTLE_FREE; i++) {
        g_autofree char *address = g_strdup_printf("2001:db8:1:2:%x::%x", i + 1, i + 1);
        g_assert_cmpuint(throttle_try(throttle, "ann", address, SECOND), ==, 0);
    }
    g_assert_cmpuint(throttle_try(throttle, "ann", "2001:db8:1:2::9", SECOND), ==, 2);
    g_assert_cmpuint(throttle_try(throttle, "ann", "2001:db8:1:3::9", SECOND), ==, 0);
    throttle_success(throttle, "ann", "2001:db8:1:2:9::");
    g_assert_cmpuint(throttle_try(throttle, "ann", "2001:db8:1:2::9", SECOND), ==, 0);
}

static void
test_throttle_first_wait(void)
{
    g_autoptr(Throttle) throttle = throttle_new();

    for (guint i = 0; i < THROTTLE_FREE; i++)
        throttle_try(throttle, "ann", "1.2.3.4", SECOND);
    g_assert_true(throttle_first_wait(throttle, "ann", "1.2.3.4", SECOND));
    g_assert_false(throttle_first_wait(throttle, "ann", "1.2.3.4", 2 * SECOND));
    g_assert_cmpuint(throttle_try(throttle, "ann", "1.2.3.4", 3 * SECOND), ==, 0);
    g_assert_true(throttle_first_wait(throttle, "ann", "1.2.3.4", 3 * SECOND));
    g_assert_false(throttle_first_wait(throttle, "ann", "1.2.3.4", 3 * SECOND));
}

static void
test_throttle_bound(void)
{
    g_autoptr(Throttle) throttle = throttle_new();

    for (guint i = 0; i < 3 * THROTTLE_ENTRIES; i++) {
        g_autofree char *address = g_strdup_printf("10.%u.%u.%u", i >> 16, (i >> 8) & 255, i & 255);
        throttle_try(throttle, "ann", address, SECOND);
    }
    g_assert_cmpuint(throttle_try(throttle, "ann", "1.2.3.4", SECOND), ==, 0);
}

typedef struct {
    gboolean done;
    char *token;
    int code; /* of the error; -1 for none */
    gboolean throttled;
} Outcome;

static void
login_done(const AuthOutcome *outcome, gpointer user)
{
    Outcome *result = user;

    result->done = TRUE;
    result->token = g_strdup(outcome->token);
    result->code = outcome->error ? outcome->error->code : -1;
    result->throttled = outcome->throttled;
}

static void
login(Auth *auth, const char *name, const char *password, Outcome *outcome)
{
    *outcome = (Outcome){0};
    auth_login(auth, name, password, "127.0.0.1", login_done, outcome, NULL);
    scratch_wait(&outcome->done);
}

static void
test_login(void)
{
    static const char *const roles[] = {"user", NULL};
    Scratch scratch;
    Outcome outcome;
    g_autoptr(GError) error = NULL;

    scratch_init(&scratch);
    g_autoptr(Auth) auth = auth_new(scratch.store, &error);
    g_autofree char *hash = password_hash("right horse", NULL);
    g_autoptr(User) ann = user_new("ann", "", hash, roles);
    g_assert_true(user_insert(scratch.store, ann, &error));

    login(auth, "ann", "right horse", &outcome);
    g_autoptr(User) found = token_user(scratch.store, outcome.token, NULL, &error);
    g_assert_cmpstr(found->name, ==, "ann");
    g_free(outcome.token);

    login(auth, "ann", "wrong horse", &outcome);
    g_assert_cmpint(outcome.code, ==, ORIEL_ERROR_UNAUTHORIZED);
    login(auth, "nobody", "right horse", &outcome);
    g_assert_cmpint(outcome.code, ==, ORIEL_ERROR_UNAUTHORIZED);
    login(auth, "No name at all", "right horse", &outcome);
    g_assert_cmpint(outcome.code, ==, ORIEL_ERROR_UNAUTHORIZED);

    ann->disabled = TRUE;
    g_assert_true(user_update(scratch.store, ann, &error));
    login(auth, "ann", "right horse", &outcome);
    g_assert_cmpint(outcome.code, ==, ORIEL_ERROR_UNAUTHORIZED);
    for (int i = 0; i < THROTTLE_FREE + 20; i++)
        login(auth, "ann", "wrong horse", &outcome);
    g_assert_true(outcome.throttled);
    g_assert_cmpint(outcome.code, ==, ORIEL_ERROR_BUSY);

    /* Those that were checked, and one that had to wait: the others would fill the disk. */
    g_autoptr(StoreResult) rows =
        store_query(scratch.store, NULL, "SELECT COUNT(*) FROM audit WHERE action = 'login'", "");
    g_assert_cmpint(store_result_integer(rows, 0, 0), ==, 9);
    g_clear_pointer(&auth, auth_free);
    scratch_clear(&scratch);
}

/* Disabled while the password is hashed: the answer is no. */
static void
test_login_race(void)
{
    static const char *const roles[] = {"user", NULL};
    Scratch scratch;
    Outcome outcome = {0};

    scratch_init(&scratch);
    g_autoptr(Auth) auth = auth_new(scratch.store, NULL);
    g_autofree char *hash = password_hash("right horse", NULL);
    g_autoptr(User) ann = user_new("ann", "", hash, roles);
    g_assert_true(user_insert(scratch.store, ann, NULL));
    auth_login(auth, "ann", "right horse", "127.0.0.1", login_done, &outcome, NULL);
    ann->disabled = TRUE;
    g_assert_true(user_update(scratch.store, ann, NULL));
    scratch_wait(&outcome.done);
    g_assert_null(outcome.token);
    g_clear_pointer(&auth, auth_free);
    scratch_clear(&scratch);
}

static void
count_down(gpointer data)
{
    (*(int *)data)--;
}

static void
hashed(const char *hash, const GError *error, gpointer data)
{
    g_assert_nonnull(hash);
}

static void
test_pool_is_bounded(void)
{
    g_autoptr(GError) error = NULL;
    PasswordPool *pool = password_pool_new(1, 2, &error);
    int left = 5, taken = 0;

    for (int i = 0; i < 5; i++) {
        g_clear_error(&error);
        taken += password_pool_hash(pool, "12345678", hashed, &left, count_down, &error);
    }
    g_assert_cmpint(taken, ==, 3);
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_BUSY);
    g_assert_cmpint(left, ==, 3);
    while (left > 2)
        g_main_context_iteration(NULL, TRUE);
    password_pool_free(pool);
    g_assert_cmpint(left, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (sodium_init() < 0)
        return 1;
    g_test_add_func("/auth/policy", test_policy);
    g_test_add_func("/auth/hash", test_hash);
    g_test_add_func("/auth/nobody-costs", test_nobody_costs);
    g_test_add_func("/auth/throttle", test_throttle);
    g_test_add_func("/auth/throttle-address", test_throttle_address);
    g_test_add_func("/auth/throttle-network", test_throttle_network);
    g_test_add_func("/auth/throttle-first-wait", test_throttle_first_wait);
    g_test_add_func("/auth/throttle-bound", test_throttle_bound);
    g_test_add_func("/auth/login", test_login);
    g_test_add_func("/auth/login-race", test_login_race);
    g_test_add_func("/auth/pool-is-bounded", test_pool_is_bounded);
    return g_test_run();
}
