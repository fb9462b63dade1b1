/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/store/store.h"

#include <stdarg.h>

#include "common/error.h"

#define MAX_VALUES 32

struct StoreResult {
    guint columns;
    GPtrArray *cells; /* char *, row after row */
};

static StoreResult *
result_new(void)
{
    StoreResult *result = g_new0(StoreResult, 1);
    result->cells = g_ptr_array_new_with_free_func(g_free);
    return result;
}

void
store_result_free(StoreResult *result)
{
    if (!result)
        return;
    g_ptr_array_unref(result->cells);
    g_free(result);
}

void
store_result_set_columns(StoreResult *result, guint columns)
{
    result->columns = columns;
}

void
store_result_add_cell(StoreResult *result, const char *text)
{
    g_ptr_array_add(result->cells, g_strdup(text));
}

guint
store_result_rows(StoreResult *result)
{
    return result->columns ? result->cells->len / result->columns : 0;
}

const char *
store_result_text(StoreResult *result, guint row, guint column)
{
    if (column >= result->columns || row >= store_result_rows(result))
        return NULL;
    return g_ptr_array_index(result->cells, row * result->columns + column);
}

gint64
store_result_integer(StoreResult *result, guint row, guint column)
{
    const char *text = store_result_text(result, row, column);
    return text ? g_ascii_strtoll(text, NULL, 10) : 0;
}

static gboolean
run_va(Store *store, const char *sql, const char *types, va_list list, StoreResult *result,
       GError **error)
{
    StoreValue values[MAX_VALUES] = {0};
    guint count = 0;

    for (const char *type = types; *type; type++, count++) {
        g_return_val_if_fail(count < MAX_VALUES, FALSE);
        StoreValue *value = &values[count];
        if (*type == 's') {
            value->text = va_arg(list, const char *);
            value->type = value->text ? STORE_TEXT : STORE_NULL;
        } else {
            value->type = STORE_INTEGER;
            value->integer = *type == 'b' ? !!va_arg(list, gboolean) : va_arg(list, gint64);
        }
    }
    return store->ops->run(store, sql, values, count, result, error);
}

StoreResult *
store_query(Store *store, GError **error, const char *sql, const char *types, ...)
{
    g_autoptr(StoreResult) result = result_new();
    va_list list;

    va_start(list, types);
    gboolean ok = run_va(store, sql, types, list, result, error);
    va_end(list);
    return ok ? g_steal_pointer(&result) : NULL;
}

gboolean
store_exec(Store *store, GError **error, const char *sql, const char *types, ...)
{
    g_autoptr(StoreResult) result = result_new();
    va_list list;

    va_start(list, types);
    gboolean ok = run_va(store, sql, types, list, result, error);
    va_end(list);
    return ok;
}

/* After a soft transaction, the next one waits for the disk again. */
static void
harden(Store *store)
{
    g_autoptr(GError) error = NULL;

    if (store->soft && !store->ops->set_durable(store, TRUE, &error))
        g_warning("The store may lose what was last changed: %s", error->message);
    store->soft = FALSE;
}

gboolean
store_begin(Store *store, GError **error)
{
    if (store->depth == 0) {
        if (!store->ops->script(store, "BEGIN", error))
            return FALSE;
        store->spoiled = FALSE;
    }
    store->depth++;
    return TRUE;
}

gboolean
store_begin_soft(Store *store, GError **error)
{
    gboolean outermost = store->depth == 0;

    if (outermost && !store->ops->set_durable(store, FALSE, error))
        return FALSE;
    store->soft |= outermost;
    if (store_begin(store, error))
        return TRUE;
    harden(store);
    return FALSE;
}

/* Commits or rolls back the outermost transaction. */
static gboolean
finish(Store *store, gboolean ok, GError **error)
{
    if (!store->spoiled && store->ops->script(store, "COMMIT", error))
        return TRUE;
    if (ok && store->spoiled)
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "A part of the change failed.");
    store->ops->script(store, "ROLLBACK", NULL);
    return FALSE;
}

gboolean
store_end(Store *store, gboolean ok, GError **error)
{
    g_return_val_if_fail(store->depth > 0, FALSE);

    store->spoiled |= !ok;
    if (--store->depth > 0)
        return ok;
    gboolean committed = finish(store, ok, error);
    harden(store);
    return committed;
}

void
store_free(Store *store)
{
    if (!store)
        return;
    secrets_free(store->secrets);
    store->ops->free(store);
}
