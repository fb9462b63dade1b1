/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/store/store.h"

/* What each kind of row does with the answer to a query; a kind says how one of its own is read. */
typedef struct {
    const char *name; /* "pool": its word in what people are told */
    /* From the answer's row, owned by the caller; may ask the store for more. NULL with error. */
    gpointer (*read)(Store *store, StoreResult *rows, guint row, GError **error);
    GDestroyNotify free;
} RowKind;

/* In all of them rows may be NULL, for a query that failed: NULL then, and error is as it was. */

/* What was asked for by its name or id; ORIEL_ERROR_NOT_FOUND, naming it, when there is none. */
gpointer rows_find(const RowKind *kind, Store *store, StoreResult *rows, const char *name,
                   GError **error);
/* The first of them; NULL without error when there is none. */
gpointer rows_first(const RowKind *kind, Store *store, StoreResult *rows, GError **error);
/* All of them, owned by the caller; they are freed with the list. */
GPtrArray *rows_list(const RowKind *kind, Store *store, StoreResult *rows, GError **error);

/* The texts of the first column. */
char **rows_texts(StoreResult *rows);

/* What writing a row of that name came to: ok and error as store_exec() left them, but where the
 * name was taken, error says so to people. Returns ok. */
gboolean rows_written(const RowKind *kind, gboolean ok, const char *name, GError **error);
