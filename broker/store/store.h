/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/store/secrets.h"

/*
 * What the broker remembers, as SQL. A back end is a const struct of functions; SQLite is the first
 * (store-sqlite.h). The SQL is what SQLite and PostgreSQL both know: placeholders $1, $2, …, ON
 * CONFLICT, RETURNING; times are BIGINT seconds since the epoch, truth is INTEGER 0 or 1. Every
 * statement is prepared; values never become part of its text. Main thread only. Errors:
 * ORIEL_ERROR_EXISTS for a unique key that is taken, ORIEL_ERROR_NO_SPACE for a full disk,
 * ORIEL_ERROR_FAILED for the rest.
 */

typedef struct Store Store;
typedef struct StoreResult StoreResult;

typedef struct {
    enum { STORE_NULL, STORE_INTEGER, STORE_TEXT } type;
    gint64 integer;
    const char *text;
} StoreValue;

typedef struct {
    const char *name;
    /* One statement. Rows are appended to result by store_result_add_cell(). */
    gboolean (*run)(Store *store, const char *sql, const StoreValue *values, guint n_values,
                    StoreResult *result, GError **error);
    /* Several statements without values, separated by semicolons: migrations and transactions. */
    gboolean (*script)(Store *store, const char *sql, GError **error);
    /* Whether the next transaction waits for the disk. Called between transactions. */
    gboolean (*set_durable)(Store *store, gboolean durable, GError **error);
    /* Nothing that was deleted or overwritten before is left in the files. Outside of transactions.
     */
    gboolean (*scrub)(Store *store, GError **error);
    void (*free)(Store *store);
} StoreOps;

/* A back end's struct begins with this. */
struct Store {
    const StoreOps *ops;
    guint depth;      /* open store_begin() calls */
    gboolean soft;    /* the open transaction does not wait for the disk */
    gboolean spoiled; /* an inner store_end() said no */
    Secrets *secrets; /* seals what stands in columns for it; NULL: there is nothing of the kind */
};

/* Brings the schema up to this program's (migrate.c). A schema newer than the program is refused
 * with ORIEL_ERROR_REFUSED. */
gboolean store_migrate(Store *store, GError **error);
/* The schema's number; 0 for an empty store. */
gboolean store_schema(Store *store, gint64 *number, GError **error);
/* The number this program knows. */
gint64 store_newest_schema(void);

void store_free(Store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_free)

/*
 * Runs one statement. types has a letter for each value: s (const char *, NULL is SQL's), i
 * (gint64: cast plain ints), b (gboolean). store_query() returns the rows, store_exec() throws them
 * away.
 */
StoreResult *store_query(Store *store, GError **error, const char *sql, const char *types, ...);
gboolean store_exec(Store *store, GError **error, const char *sql, const char *types, ...);

/*
 * One transaction; they nest, and the outermost decides. store_end() commits when ok and every
 * inner one were TRUE, else rolls back; it returns whether it committed (an inner one: ok), and
 * sets error only where ok was TRUE.
 */
gboolean store_begin(Store *store, GError **error);
/*
 * The same for what somebody will tell again, as hosts do: it outlives this program, and need not
 * outlive a power failure, so nobody waits for the disk. Inside another transaction that one's word
 * counts.
 */
gboolean store_begin_soft(Store *store, GError **error);
gboolean store_end(Store *store, gboolean ok, GError **error);

void store_result_free(StoreResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreResult, store_result_free)
guint store_result_rows(StoreResult *result);
/* Borrowed; NULL for SQL's NULL, and for a cell that is not there. */
const char *store_result_text(StoreResult *result, guint row, guint column);
/* 0 for NULL and what is no number. */
gint64 store_result_integer(StoreResult *result, guint row, guint column);

/* For back ends: the next cell (copied); a row is complete after columns of them. */
void store_result_set_columns(StoreResult *result, guint columns);
void store_result_add_cell(StoreResult *result, const char *text);
