/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "broker/state.h"
#include "broker/store/store-sqlite.h"
#include "common/error.h"
#include "scratch.h"

static void
test_values(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;

    scratch_init(&scratch);
    g_assert_true(store_exec(scratch.store, &error, "CREATE TABLE t (a TEXT, b BIGINT)", ""));
    /* Out of order and twice: the numbers count, not the places. */
    g_assert_true(store_exec(scratch.store, &error, "INSERT INTO t (b, a) VALUES ($2, $1)", "si",
                             "it's; DROP TABLE t", G_MAXINT64));
    g_assert_true(
        store_exec(scratch.store, &error, "INSERT INTO t (a, b) VALUES ($1, $2)", "sb", NULL, 7));
    g_autoptr(StoreResult) rows =
        store_query(scratch.store, &error,
                    "SELECT a, b FROM t WHERE b = $1 OR b < $1 ORDER BY b DESC", "i", G_MAXINT64);
    g_assert_no_error(error);
    g_assert_cmpuint(store_result_rows(rows), ==, 2);
    g_assert_cmpstr(store_result_text(rows, 0, 0), ==, "it's; DROP TABLE t");
    g_assert_cmpint(store_result_integer(rows, 0, 1), ==, G_MAXINT64);
    g_assert_null(store_result_text(rows, 1, 0));
    g_assert_cmpint(store_result_integer(rows, 1, 1), ==, 1);
    g_assert_null(store_result_text(rows, 2, 0));
    g_assert_null(store_result_text(rows, 0, 2));
    scratch_clear(&scratch);
}

static gint64
count(Store *store)
{
    g_autoptr(StoreResult) rows = store_query(store, NULL, "SELECT COUNT(*) FROM strangers", "");
    return store_result_integer(rows, 0, 0);
}

static void
add(Store *store, const char *id)
{
    g_assert_true(store_exec(store, NULL, "INSERT INTO strangers VALUES ($1, 'h', 0)", "s", id));
}

static void
test_transactions(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;

    scratch_init(&scratch);
    g_assert_true(store_begin(scratch.store, &error));
    add(scratch.store, "a");
    g_assert_false(store_end(scratch.store, FALSE, NULL));
    g_assert_cmpint(count(scratch.store), ==, 0);

    g_assert_true(store_begin(scratch.store, &error));
    add(scratch.store, "a");
    g_assert_true(store_end(scratch.store, TRUE, &error));
    g_assert_cmpint(count(scratch.store), ==, 1);

    /* What an inner part gave up, the outer one cannot keep. */
    g_assert_true(store_begin(scratch.store, &error));
    add(scratch.store, "b");
    g_assert_true(store_begin(scratch.store, &error));
    add(scratch.store, "c");
    g_assert_false(store_end(scratch.store, FALSE, NULL));
    g_assert_false(store_end(scratch.store, TRUE, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED);
    g_assert_cmpint(count(scratch.store), ==, 1);
    scratch_clear(&scratch);
}

static gint64
synchronous(Store *store)
{
    g_autoptr(StoreResult) rows = store_query(store, NULL, "PRAGMA synchronous", "");
    return store_result_integer(rows, 0, 0);
}

static void
test_soft(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;
    enum { NORMAL = 1, FULL = 2 };

    scratch_init(&scratch);
    g_assert_true(store_begin_soft(scratch.store, &error));
    add(scratch.store, "a");
    g_assert_cmpint(synchronous(scratch.store), ==, NORMAL);
    g_assert_true(store_begin(scratch.store, &error));
    g_assert_true(store_end(scratch.store, TRUE, &error));
    g_assert_true(store_end(scratch.store, TRUE, &error));
    g_assert_cmpint(count(scratch.store), ==, 1);
    g_assert_cmpint(synchronous(scratch.store), ==, FULL);

    /* Within another one, that one's word counts; given up, it leaves nothing. */
    g_assert_true(store_begin(scratch.store, &error));
    g_assert_true(store_begin_soft(scratch.store, &error));
    g_assert_cmpint(synchronous(scratch.store), ==, FULL);
    g_assert_true(store_end(scratch.store, TRUE, &error));
    g_assert_true(store_end(scratch.store, TRUE, &error));
    g_assert_true(store_begin_soft(scratch.store, &error));
    add(scratch.store, "b");
    g_assert_false(store_end(scratch.store, FALSE, NULL));
    g_assert_cmpint(count(scratch.store), ==, 1);
    g_assert_cmpint(synchronous(scratch.store), ==, FULL);
    scratch_clear(&scratch);
}

static void
test_unique(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;

    scratch_init(&scratch);
    add(scratch.store, "a");
    g_assert_false(
        store_exec(scratch.store, &error, "INSERT INTO strangers VALUES ('a', 'h', 0)", ""));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_EXISTS);
    g_clear_error(&error);
    g_assert_false(
        store_exec(scratch.store, &error, "INSERT INTO tokens VALUES ('h', 'nobody', 0, 0)", ""));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED); /* the foreign key */
    /* A statement that failed can be used again. */
    g_assert_cmpint(count(scratch.store), ==, 1);
    scratch_clear(&scratch);
}

/* Two programs on one file: --init-admin beside a broker. */
static void
test_two_at_once(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;

    scratch_init(&scratch);
    g_autofree char *file = scratch_path(&scratch, "oriel.db");
    g_autoptr(Store) other = store_sqlite_new(file, &error);
    g_assert_no_error(error);
    for (int i = 0; i < 20; i++) {
        g_autofree char *mine = g_strdup_printf("mine-%d", i);
        g_autofree char *theirs = g_strdup_printf("theirs-%d", i);
        add(scratch.store, mine);
        add(other, theirs);
    }
    g_assert_cmpint(count(scratch.store), ==, 40);
    g_assert_cmpint(count(other), ==, 40);
    scratch_clear(&scratch);
}

static void
test_schema(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;
    gint64 number = 0;

    scratch_init(&scratch);
    g_assert_true(store_schema(scratch.store, &number, &error));
    g_assert_cmpint(number, ==, store_newest_schema());
    g_assert_cmpint(number, >, 0);
    /* Again: nothing to do. */
    g_assert_true(store_migrate(scratch.store, &error));
    g_assert_true(store_exec(scratch.store, &error, "INSERT INTO schema_version VALUES ($1)", "i",
                             number + 1));
    g_assert_false(store_migrate(scratch.store, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED);
    scratch_clear(&scratch);
}

static void
test_private(void)
{
    Scratch scratch;
    struct stat status;

    scratch_init(&scratch);
    g_autofree char *file = scratch_path(&scratch, "oriel.db");
    g_assert_cmpint(stat(file, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0600);
    scratch_clear(&scratch);
}

static void
test_damaged(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;

    scratch_init(&scratch);
    g_autofree char *file = scratch_path(&scratch, "damaged.db");
    g_assert_true(g_file_set_contents(
        file, "This is no database, but it is long enough to be looked at as if it were one.......",
        -1, NULL));
    g_assert_null(store_sqlite_new(file, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "damaged.db"));
    scratch_clear(&scratch);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/values", test_values);
    g_test_add_func("/store/transactions", test_transactions);
    g_test_add_func("/store/soft", test_soft);
    g_test_add_func("/store/unique", test_unique);
    g_test_add_func("/store/two-at-once", test_two_at_once);
    g_test_add_func("/store/schema", test_schema);
    g_test_add_func("/store/private", test_private);
    g_test_add_func("/store/damaged", test_damaged);
    return g_test_run();
}
