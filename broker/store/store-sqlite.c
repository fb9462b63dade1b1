/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/store/store-sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"

/* How long a statement waits for another process's lock (orielctl --init-admin beside a running
 * broker), in ms. */
#define LOCK_WAIT_MS 5000

typedef struct {
    Store store;
    sqlite3 *database;
    char *file;
    GHashTable *statements; /* SQL text → sqlite3_stmt, prepared once */
} SqliteStore;

static int
error_code(int result)
{
    switch (result) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
        return ORIEL_ERROR_EXISTS;
    case SQLITE_FULL:
        return ORIEL_ERROR_NO_SPACE;
    default:
        return ORIEL_ERROR_FAILED;
    }
}

static gboolean
fail(SqliteStore *self, GError **error)
{
    int result = sqlite3_extended_errcode(self->database);

    if (result == SQLITE_CORRUPT || (result & 0xff) == SQLITE_CORRUPT || result == SQLITE_NOTADB)
        g_set_error(
            error, ORIEL_ERROR, ORIEL_ERROR_FAILED,
            "The database “%s” is damaged or is no database (%s). Put a backup in its place.",
            self->file, sqlite3_errmsg(self->database));
    else
        g_set_error(error, ORIEL_ERROR, error_code(result), "The database “%s” refused: %s.",
                    self->file, sqlite3_errmsg(self->database));
    return FALSE;
}

static sqlite3_stmt *
prepare(SqliteStore *self, const char *sql, GError **error)
{
    sqlite3_stmt *statement = g_hash_table_lookup(self->statements, sql);

    if (statement)
        return statement;
    if (sqlite3_prepare_v3(self->database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
        SQLITE_OK) {
        fail(self, error);
        return NULL;
    }
    g_hash_table_insert(self->statements, g_strdup(sql), statement);
    return statement;
}

static gboolean
bind(SqliteStore *self, sqlite3_stmt *statement, const StoreValue *values, guint n_values,
     GError **error)
{
    for (guint i = 0; i < n_values; i++) {
        char name[16];
        g_snprintf(name, sizeof name, "$%u", i + 1);
        /* SQLite takes $1 for a name: its number among the names is what counts. */
        int index = sqlite3_bind_parameter_index(statement, name);
        if (index == 0)
            continue;
        int result = SQLITE_OK;
        if (values[i].type == STORE_INTEGER)
            result = sqlite3_bind_int64(statement, index, values[i].integer);
        else if (values[i].type == STORE_TEXT)
            result = sqlite3_bind_text(statement, index, values[i].text, -1, SQLITE_TRANSIENT);
        if (result != SQLITE_OK)
            return fail(self, error);
    }
    return TRUE;
}

static gboolean
step_all(SqliteStore *self, sqlite3_stmt *statement, StoreResult *rows, GError **error)
{
    int columns = sqlite3_column_count(statement);
    int result;

    store_result_set_columns(rows, columns);
    while ((result = sqlite3_step(statement)) == SQLITE_ROW)
        for (int i = 0; i < columns; i++)
            store_result_add_cell(rows, (const char *)sqlite3_column_text(statement, i));
    return result == SQLITE_DONE || fail(self, error);
}

static gboolean
sqlite_run(Store *store, const char *sql, const StoreValue *values, guint n_values,
           StoreResult *result, GError **error)
{
    SqliteStore *self = (SqliteStore *)store;
    sqlite3_stmt *statement = prepare(self, sql, error);

    if (!statement)
        return FALSE;
    gboolean ok =
        bind(self, statement, values, n_values, error) && step_all(self, statement, result, error);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return ok;
}

static gboolean
sqlite_script(Store *store, const char *sql, GError **error)
{
    SqliteStore *self = (SqliteStore *)store;

    /* The write lock is taken at once: a transaction that read first could not get it later when
     * another process wrote. */
    if (g_str_equal(sql, "BEGIN"))
        sql = "BEGIN IMMEDIATE";
    return sqlite3_exec(self->database, sql, NULL, NULL, NULL) == SQLITE_OK || fail(self, error);
}

static gboolean
sqlite_set_durable(Store *store, gboolean durable, GError **error)
{
    /* With a write-ahead log, NORMAL commits to it and does not wait; the next FULL one does, for
     * both. */
    return sqlite_script(store, durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL",
                         error);
}

static gboolean
sqlite_scrub(Store *store, GError **error)
{
    /* Both copies of a page: the file's, and those of the log. */
    return sqlite_script(store, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", error);
}

static void
sqlite_free(Store *store)
{
    SqliteStore *self = (SqliteStore *)store;

    g_hash_table_unref(self->statements);
    sqlite3_close(self->database);
    g_free(self->file);
    g_free(self);
}

static const StoreOps sqlite_ops = {
    .name = "sqlite",
    .run = sqlite_run,
    .script = sqlite_script,
    .set_durable = sqlite_set_durable,
    .scrub = sqlite_scrub,
    .free = sqlite_free,
};

/* SQLite would make the file with the umask's mode; ours holds password hashes. */
static gboolean
make_private(const char *file, GError **error)
{
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || fchmod(fd, 0600) < 0) {
        int saved = errno;
        if (fd >= 0)
            close(fd);
        g_set_error(error, ORIEL_ERROR, saved == ENOSPC ? ORIEL_ERROR_NO_SPACE : ORIEL_ERROR_FAILED,
                    "The database “%s” cannot be opened: %s.", file, g_strerror(saved));
        return FALSE;
    }
    close(fd);
    return TRUE;
}

static void
finalize_statement(gpointer statement)
{
    sqlite3_finalize(statement);
}

Store *
store_sqlite_new(const char *file, GError **error)
{
    if (!make_private(file, error))
        return NULL;

    SqliteStore *self = g_new0(SqliteStore, 1);
    self->store.ops = &sqlite_ops;
    self->file = g_strdup(file);
    self->statements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, finalize_statement);

    if (sqlite3_open_v2(file, &self->database, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        fail(self, error);
        sqlite_free(&self->store);
        return NULL;
    }
    sqlite3_extended_result_codes(self->database, 1);
    sqlite3_busy_timeout(self->database, LOCK_WAIT_MS);
    if (!sqlite_script(
            &self->store,
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON; PRAGMA trusted_schema=OFF;",
            error)) {
        sqlite_free(&self->store);
        return NULL;
    }
    return &self->store;
}
