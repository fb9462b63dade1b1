/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "broker/model/audit.h"
#include "broker/model/desktop.h"
#include "broker/model/group.h"
#include "broker/model/pool.h"
#include "broker/model/session.h"
#include "broker/model/token.h"
#include "broker/model/user.h"
#include "common/error.h"
#include "scratch.h"

static const char *const plain[] = {"user", NULL};
static const char *const admins[] = {"admin", NULL};

static User *
add_user(Scratch *scratch, const char *name, const char *const *roles)
{
    g_autoptr(GError) error = NULL;
    User *user = user_new(name, "Some Body", "hash", roles);

    g_assert_true(user_insert(scratch->store, user, &error));
    g_assert_no_error(error);
    return user;
}

static Pool *
add_pool(Scratch *scratch, const char *name, const char *entitled)
{
    g_autoptr(GError) error = NULL;
    Pool *pool = g_new0(Pool, 1);

    pool->id = g_uuid_string_random();
    pool->name = g_strdup(name);
    pool->title = g_strdup("A pool");
    pool->kind = g_strdup("desktop");
    pool->image = g_strdup("demo");
    pool->host = g_strdup("");
    pool->cpus = 2;
    pool->memory_mib = 512;
    pool->entitled = g_strsplit(entitled, " ", -1);
    pool->policy = g_strdup("persistent");
    pool->start = g_strdup("cold");
    pool->previous_image = g_strdup("");
    g_assert_true(pool_insert(scratch->store, pool, &error));
    g_assert_no_error(error);
    return pool;
}

static void
test_names(void)
{
    g_assert_true(name_is_valid("a"));
    g_assert_true(name_is_valid("0.b-c_d"));
    g_assert_false(name_is_valid(""));
    g_assert_false(name_is_valid("-a"));
    g_assert_false(name_is_valid("Ann"));
    g_assert_false(name_is_valid("a b"));
    g_assert_false(name_is_valid("a/b"));
    g_assert_false(name_is_valid("\xc3\xa4"));
    g_assert_false(name_is_valid("0f8fad5b-d9cb-469f-a165-70867728950e"));
    g_autofree char *longest = g_strnfill(63, 'a');
    g_autofree char *longer = g_strnfill(64, 'a');
    g_assert_true(name_is_valid(longest));
    g_assert_false(name_is_valid(longer));
}

static void
test_users(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;
    gint64 count = -1;

    scratch_init(&scratch);
    g_autoptr(User) ann = add_user(&scratch, "ann", plain);
    g_autoptr(User) root = add_user(&scratch, "root", admins);
    g_autoptr(User) found = user_find(scratch.store, "ann", &error);
    g_assert_cmpstr(found->id, ==, ann->id);
    g_assert_false(user_is_admin(found));
    g_assert_true(user_is_admin(root));
    g_assert_true(user_count_admins(scratch.store, &count, &error));
    g_assert_cmpint(count, ==, 1);

    g_autoptr(User) twin = user_new("ann", "", "", plain);
    g_assert_false(user_insert(scratch.store, twin, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_EXISTS);
    g_clear_error(&error);

    g_assert_null(user_find(scratch.store, "' OR '1'='1", &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND);
    g_clear_error(&error);

    Page page = {.limit = 1, .after = "ann"};
    g_autoptr(GPtrArray) users = user_list(scratch.store, &page, &error);
    g_assert_cmpuint(users->len, ==, 1);
    g_assert_cmpstr(((User *)users->pdata[0])->name, ==, "root");
    scratch_clear(&scratch);
}

static gboolean
is_entitled(Scratch *scratch, const Pool *pool, const User *user)
{
    gboolean entitled = FALSE;
    g_assert_true(pool_entitles(scratch->store, pool->id, user->id, &entitled, NULL, NULL));
    return entitled;
}

static void
test_entitlements(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;
    static const char *const members[] = {"bob", NULL};
    static const char *const strangers[] = {"nobody", NULL};

    scratch_init(&scratch);
    g_autoptr(User) ann = add_user(&scratch, "ann", plain);
    g_autoptr(User) bob = add_user(&scratch, "bob", plain);
    g_autoptr(Group) staff = group_new("staff", members);
    g_assert_true(group_insert(scratch.store, staff, &error));
    g_autoptr(Group) broken = group_new("broken", strangers);
    g_assert_false(group_insert(scratch.store, broken, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID);
    g_clear_error(&error);

    g_autoptr(Pool) all = add_pool(&scratch, "all", "everyone");
    g_autoptr(Pool) hers = add_pool(&scratch, "hers", "user:ann");
    g_autoptr(Pool) theirs = add_pool(&scratch, "theirs", "group:staff");
    g_assert_true(is_entitled(&scratch, all, ann) && is_entitled(&scratch, all, bob));
    g_assert_true(is_entitled(&scratch, hers, ann));
    g_assert_false(is_entitled(&scratch, hers, bob));
    g_assert_false(is_entitled(&scratch, theirs, ann));
    g_assert_true(is_entitled(&scratch, theirs, bob));

    /* A right goes with whom it was given to: a new user of that name does not inherit it. */
    g_assert_true(user_delete(scratch.store, ann->id, &error));
    g_autoptr(User) other_ann = add_user(&scratch, "ann", plain);
    g_assert_false(is_entitled(&scratch, hers, other_ann));
    g_assert_true(group_delete(scratch.store, staff->id, &error));
    g_assert_false(is_entitled(&scratch, theirs, bob));

    g_strfreev(all->entitled);
    all->entitled = g_strsplit("user:nobody", " ", -1);
    g_assert_false(pool_update(scratch.store, all, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID);
    g_assert_true(is_entitled(&scratch, all, bob)); /* and nothing was changed */
    scratch_clear(&scratch);
}

static void
test_tokens(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;
    gint64 expires_at = 0;

    scratch_init(&scratch);
    g_autoptr(User) ann = add_user(&scratch, "ann", plain);
    g_autofree char *token = token_issue(scratch.store, ann->id, &expires_at, &error);
    g_autofree char *other = token_issue(scratch.store, ann->id, &expires_at, &error);
    g_assert_cmpuint(strlen(token), ==, 43); /* 256 bits */
    g_assert_cmpstr(token, !=, other);
    g_autoptr(User) found = token_user(scratch.store, token, NULL, &error);
    g_assert_cmpstr(found->name, ==, "ann");

    /* The store never sees it. */
    g_autoptr(StoreResult) rows =
        store_query(scratch.store, NULL, "SELECT hash FROM tokens WHERE hash = $1", "s", token);
    g_assert_cmpuint(store_result_rows(rows), ==, 0);

    g_assert_true(token_revoke_user(scratch.store, ann->id, token, &error));
    g_assert_null(token_user(scratch.store, other, NULL, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_UNAUTHORIZED);
    g_clear_error(&error);
    g_autoptr(User) still = token_user(scratch.store, token, NULL, &error);
    g_assert_nonnull(still);

    ann->disabled = TRUE;
    g_assert_true(user_update(scratch.store, ann, &error));
    g_assert_null(token_user(scratch.store, token, NULL, NULL));
    ann->disabled = FALSE;
    g_assert_true(user_update(scratch.store, ann, &error));

    g_assert_true(store_exec(scratch.store, NULL, "UPDATE tokens SET expires_at = $1", "i",
                             now_seconds() - 1));
    g_assert_null(token_user(scratch.store, token, NULL, NULL));
    scratch_clear(&scratch);
}

static void
test_token_slides(void)
{
    Scratch scratch;
    gint64 expires_at = 0;

    scratch_init(&scratch);
    g_autoptr(User) ann = add_user(&scratch, "ann", plain);
    g_autofree char *token = token_issue(scratch.store, ann->id, &expires_at, NULL);
    g_assert_true(store_exec(scratch.store, NULL, "UPDATE tokens SET expires_at = $1", "i",
                             now_seconds() + 60));
    g_autoptr(User) found = token_user(scratch.store, token, &expires_at, NULL);
    g_assert_nonnull(found);
    g_assert_cmpint(expires_at, >=, now_seconds() + TOKEN_LIFETIME - 5);

    g_autofree char *csrf = token_csrf(token);
    g_autofree char *same = token_csrf(token);
    g_autofree char *different = token_csrf("another");
    g_assert_cmpstr(csrf, ==, same);
    g_assert_cmpstr(csrf, !=, different);
    g_assert_null(strstr(csrf, token));
    scratch_clear(&scratch);
}

static void
test_sessions(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;

    scratch_init(&scratch);
    g_autoptr(User) ann = add_user(&scratch, "ann", plain);
    g_autoptr(Pool) pool = add_pool(&scratch, "demo", "everyone");
    Session one = {.id = (char *)"s1",
                   .user_id = ann->id,
                   .pool_id = pool->id,
                   .desktop_id = (char *)"d1",
                   .state = (char *)"starting",
                   .step = (char *)"disk",
                   .step_text = (char *)"Preparing",
                   .created_at = 1};
    Session two = one;
    two.id = (char *)"s2";
    g_assert_true(session_insert(scratch.store, &one, &error));
    g_assert_false(session_insert(scratch.store, &two, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_EXISTS);
    g_clear_error(&error);

    g_autoptr(Session) living = session_find_living(scratch.store, pool->id, ann->id, &error);
    g_assert_cmpstr(living->id, ==, "s1");
    g_assert_cmpstr(living->pool_title, ==, "A pool");
    g_assert_true(session_end(scratch.store, "s1", &error));
    g_assert_null(session_find_living(scratch.store, pool->id, ann->id, &error));
    g_assert_true(session_insert(scratch.store, &two, &error));
    g_assert_true(session_prune(scratch.store, now_seconds() + 1, &error));
    g_assert_null(session_find(scratch.store, "s1", NULL));
    g_autoptr(Session) kept = session_find(scratch.store, "s2", &error);
    g_assert_nonnull(kept);

    Page page = {.limit = 10};
    g_autoptr(GPtrArray) all = session_list(scratch.store, NULL, &page, &error);
    g_autoptr(GPtrArray) mine = session_list(scratch.store, ann->id, &page, &error);
    g_autoptr(GPtrArray) none = session_list(scratch.store, "nobody", &page, &error);
    g_assert_cmpuint(all->len, ==, 1);
    g_assert_cmpuint(mine->len, ==, 1);
    g_assert_cmpuint(none->len, ==, 0);
    scratch_clear(&scratch);
}

static void
test_audit(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;

    scratch_init(&scratch);
    for (int i = 0; i < 5; i++)
        audit(scratch.store, "ann", "127.0.0.1", "login", NULL, "ok", NULL);
    Page page = {.limit = 2};
    g_autoptr(GPtrArray) first = audit_list(scratch.store, "ann", NULL, &page, &error);
    g_assert_cmpuint(first->len, ==, 2);
    AuditEntry *last = first->pdata[1];
    g_autofree char *after = g_strdup_printf("%" G_GINT64_FORMAT, last->id);
    page = (Page){.limit = 10, .after = after};
    g_autoptr(GPtrArray) rest = audit_list(scratch.store, NULL, "login", &page, &error);
    g_assert_cmpuint(rest->len, ==, 3);
    g_assert_cmpint(((AuditEntry *)rest->pdata[0])->id, <, last->id);
    g_autoptr(GPtrArray) others = audit_list(scratch.store, "bob", NULL, &page, &error);
    g_assert_cmpuint(others->len, ==, 0);
    scratch_clear(&scratch);
}

static void
add_spare(Scratch *scratch, const Pool *pool, const char *id)
{
    g_autoptr(Desktop) desktop = g_new0(Desktop, 1);

    desktop->id = g_strdup(id);
    desktop->pool_id = g_strdup(pool->id);
    desktop->host = g_strdup("local");
    desktop->name = g_strdup("spare");
    desktop->image = g_strdup("demo");
    desktop->template = g_strdup("t");
    desktop->spare = TRUE;
    g_assert_true(desktop_insert(scratch->store, desktop, NULL));
}

/* A spare is given to one user, and to nobody once it is doomed. */
static void
test_spares(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;
    gboolean claimed = FALSE;

    scratch_init(&scratch);
    g_autoptr(User) ann = add_user(&scratch, "ann", plain);
    g_autoptr(User) bob = add_user(&scratch, "bob", plain);
    g_autoptr(Pool) pool = add_pool(&scratch, "demo", "everyone");
    add_spare(&scratch, pool, "d1");
    add_spare(&scratch, pool, "d2");

    g_assert_true(desktop_claim(scratch.store, "d1", ann->id, &claimed, &error));
    g_assert_true(claimed);
    g_assert_true(desktop_claim(scratch.store, "d1", bob->id, &claimed, &error));
    g_assert_false(claimed);
    g_assert_true(desktop_set_doomed(scratch.store, "d2", &error));
    g_assert_true(desktop_claim(scratch.store, "d2", bob->id, &claimed, &error));
    g_assert_false(claimed);

    g_autoptr(Desktop) hers = desktop_find_of(scratch.store, pool->id, ann->id, &error);
    g_assert_cmpstr(hers->id, ==, "d1");
    g_assert_false(hers->spare);
    g_assert_cmpstr(hers->template, ==, "t");
    g_autoptr(GPtrArray) left = desktop_list_spares(scratch.store, pool->id, &error);
    g_assert_cmpuint(left->len, ==, 0);
    scratch_clear(&scratch);
}

/* The most starts within one minute, of those since a time. */
static void
test_demand(void)
{
    static const gint64 starts[] = {60, 61, 119, 120, 185, 186, 187, 239};
    Scratch scratch;
    gint64 peak = -1;

    scratch_init(&scratch);
    g_autoptr(Pool) pool = add_pool(&scratch, "demo", "everyone");
    g_assert_true(session_peak_of_pool(scratch.store, pool->id, 0, &peak, NULL));
    g_assert_cmpint(peak, ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(starts); i++) {
        g_autofree char *name = g_strdup_printf("u%u", i);
        g_autoptr(User) user = add_user(&scratch, name, plain);
        Session session = {.id = name,
                           .user_id = user->id,
                           .pool_id = pool->id,
                           .desktop_id = name,
                           .state = (char *)"ready",
                           .step = (char *)"ready",
                           .step_text = (char *)"",
                           .created_at = starts[i]};
        g_assert_true(session_insert(scratch.store, &session, NULL));
    }
    g_assert_true(session_peak_of_pool(scratch.store, pool->id, 0, &peak, NULL));
    g_assert_cmpint(peak, ==, 4);
    g_assert_true(session_peak_of_pool(scratch.store, pool->id, 187, &peak, NULL));
    g_assert_cmpint(peak, ==, 2);
    scratch_clear(&scratch);
}

static void
test_strangers(void)
{
    Scratch scratch;
    gint64 since = 0, again = 0;

    scratch_init(&scratch);
    g_assert_true(stranger_note(scratch.store, "d", "h", &since, NULL));
    g_assert_true(store_exec(scratch.store, NULL, "UPDATE strangers SET seen_at = 5", ""));
    g_assert_true(stranger_note(scratch.store, "d", "h", &again, NULL));
    g_assert_cmpint(since, >, 5);
    g_assert_cmpint(again, ==, 5);
    scratch_clear(&scratch);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/model/names", test_names);
    g_test_add_func("/model/users", test_users);
    g_test_add_func("/model/entitlements", test_entitlements);
    g_test_add_func("/model/tokens", test_tokens);
    g_test_add_func("/model/token-slides", test_token_slides);
    g_test_add_func("/model/sessions", test_sessions);
    g_test_add_func("/model/audit", test_audit);
    g_test_add_func("/model/spares", test_spares);
    g_test_add_func("/model/demand", test_demand);
    g_test_add_func("/model/strangers", test_strangers);
    return g_test_run();
}
