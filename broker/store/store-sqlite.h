/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/store/store.h"

/*
 * Opens the SQLite store in file, making it (mode 0600) where it is not there: WAL,
 * synchronous=FULL, foreign keys enforced. The schema is not touched: store_migrate() comes next. A
 * damaged file is ORIEL_ERROR_FAILED with a message that names it.
 */
Store *store_sqlite_new(const char *file, GError **error);
